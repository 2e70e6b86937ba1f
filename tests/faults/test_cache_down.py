"""The cache is down, one part at a time: the service answers, or the tier behind it. What hangs is
left alone for a moment, so that one request a second waits for it and the others do not.

`pytest -s` shows how long clients waited.
"""

import re
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Final

import httpx
import pytest

from caching.flight import MARGIN
from caching.shelf import Shelf
from contract.cache import ORIGIN, STATUS, STORED_AT, TIER, TTL
from resting import REST
from runtime.local import LocalRuntime
from tests.conftest import Fail
from tests.consumer import Consumer, unique
from tests.eventually import eventually
from tests.plan import CACHE_WITHOUT_KV, FAULTS, FAULTY_OBJECTS, LABS
from tests.worker.conftest import Caller, caller

__all__ = ["caller"]

DEADLINE: Final = Shelf.TIMEOUT
"""Seconds that a look-up is given."""
Calls = Callable[[str], int]
Log = Callable[[httpx.Response], str]


@pytest.fixture
def log(runtime: LocalRuntime) -> Log:
    """The line of the log about a request."""
    return lambda response: runtime.wait_for_log(response.headers["x-request-id"])


def is_hit(response: httpx.Response) -> bool:
    assert response.status_code == 200, response.text
    return "; hit" in response.headers["cache-status"]


FAILURES = [
    # fault of the cache Worker, what the log says
    ("throw", "injected"),
    ("status", "answered 500, and no entry"),
    ("rubbish", "answered 200, and no entry"),
    ("hang", "timed out"),
]


@pytest.mark.parametrize(("fault", "reason"), FAILURES)
def test_without_the_cache_worker_the_service_answers(
    faulty: Consumer, fail: Fail, calls: Calls, log: Log, fault: str, reason: str
) -> None:
    own = unique("x")
    awaken(faulty, log)
    fail(FAULTS["CACHE"], fault)
    for number in (1, 2, 3):
        started = time.monotonic()
        response = faulty.get(f"/v2/cached/{own}")
        assert time.monotonic() - started < DEADLINE + 2
        assert not is_hit(response)
        assert calls(f"/cached/{own}") == number
        if number == 1:
            assert re.search(f'"cache_store":"cache: [^"]*{reason}', log(response))


API_FAILURES = [
    # fault of the Cache API, what the log says
    ("throw", "injected"),
    ("rubbish", "answered, and no entry"),
    ("hang", "timed out"),
]


@pytest.mark.parametrize(("fault", "reason"), API_FAILURES)
def test_without_the_cache_api_the_next_tier_answers(
    faulty: Consumer, fail: Fail, calls: Calls, log: Log, fault: str, reason: str
) -> None:
    kept, near = f"/v2/cached/{unique('x')}", f"/near/{unique('x')}"
    awaken(faulty, log)
    eventually(lambda: is_hit(faulty.get(kept)))
    asked = calls(kept.removeprefix("/v2"))
    fail(FAULTS["CACHE_API"], fault)
    response = faulty.get(kept)
    assert is_hit(response)
    line = log(response)
    assert '"cache_tier":"kv"' in line
    assert re.search(f'"cache_store":"Cache API: [^"]*{reason}', line)
    assert calls(kept.removeprefix("/v2")) == asked
    # Where there is no other tier the service answers, and then memory.
    response = faulty.get(near)
    assert not is_hit(response)
    assert '"cache_store":"Cache API: ' in log(response)
    eventually(lambda: is_hit(faulty.get(near)))
    fail(FAULTS["CACHE_API"], "none")
    eventually(lambda: '"cache_tier":"cache-api"' in log(faulty.get(kept)))


def test_a_body_that_does_not_come_is_waited_for_no_longer_than_an_answer(
    runtime: LocalRuntime, faulty: Consumer, fail: Fail, calls: Calls, log: Log
) -> None:
    path, host = f"/near/{unique('x')}", {"host": "stall.test"}
    awaken(faulty, log)
    with Consumer(runtime.url(LABS[0]), host) as lab:
        eventually(lambda: is_hit(lab.get(path)))
    asked = calls(path)
    fail(FAULTS["CACHE_API"], "stall")
    started = time.monotonic()
    response = faulty.get(path, headers=host)
    assert time.monotonic() - started < DEADLINE + 2
    assert not is_hit(response)
    assert calls(path) == asked + 1
    assert '"cache_store":"cache-api: a body broke off"' in log(response)


OUTAGES = [
    # what hangs, the Worker that does, path, seconds that a request waits for it, how many do
    # before it is known, seconds for which it is looked at
    ("Cache API", FAULTS["CACHE_API"], "/near", DEADLINE, 1, 2.5),
    ("cache Worker", FAULTS["CACHE"], "/v2/cached", DEADLINE, 1, 2.5),
    # Each key has an object of its own: when two hang, all are left alone. Those two wait for as
    # long as they would for another's answer.
    ("lease objects", FAULTY_OBJECTS, "/hurried", MARGIN, 2, 4.0),
]


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    """Lines that are shown when all are there."""
    lines = [
        "| hangs | requests | waited for it | longest ms | median ms of the others |",
        "|---|---|---|---|---|",
    ]
    yield lines
    print("\n" + "\n".join(lines))


@pytest.mark.parametrize(("name", "worker", "path", "deadline", "first", "watched"), OUTAGES)
def test_of_what_hangs_one_request_a_second_waits(
    faulty: Consumer,
    fail: Fail,
    log: Log,
    table: list[str],
    name: str,
    worker: str,
    path: str,
    deadline: float,
    first: int,
    watched: float,
) -> None:
    awaken(faulty, log)
    fail(worker, "hang")
    took: list[float] = []
    end = time.monotonic() + watched
    while (began := time.monotonic()) < end:
        response = faulty.get(f"{path}/{unique('x')}")
        took.append(time.monotonic() - began)
        assert not is_hit(response)
    left_alone = re.search('"cache_(store|lease)":"[^"]*left alone', log(response))
    waited = [one for one in took if one >= deadline]
    others = [one for one in took if one < deadline]
    assert len(others) > len(waited)
    table.append(
        f"| {name} | {len(took)} | {len(waited)} | {max(took) * 1000:.0f}"
        f" | {statistics.median(others) * 1000:.0f} |"
    )
    assert first <= len(waited) <= first + watched / REST
    fail(worker, "none")
    awaken(faulty, log)
    assert left_alone or waited[-1] == took[-1]


def awaken(faulty: Consumer, log: Log) -> None:
    """Wait until no tier is left alone, because of this test or another one."""
    path = f"/v2/cached/{unique('x')}"
    eventually(lambda: '"cache_tier":"cache-api"' in log(faulty.get(path)))


@pytest.mark.parametrize("fault", ["throw", "rubbish"])
def test_without_kv_the_data_centre_has_its_own(
    runtime: LocalRuntime, fail: Fail, caller: Caller, fault: str
) -> None:
    fail(FAULTS["DATA"], fault)
    key = f"/example.com/v2/{unique('kvless')}"
    fields = {STATUS: "200", STORED_AT: f"{time.time():.3f}", TTL: "60"}
    with httpx.Client(base_url=runtime.url(CACHE_WITHOUT_KV), timeout=20) as cache:
        stored = cache.put(key, content=b"x", headers=fields)
        assert stored.status_code == 201
        assert "cache-api" in stored.headers[TIER]
        assert cache.get(key).text == "x"
        caller.ask("forget", url=f"{ORIGIN}{key[1:]}")
        assert cache.get(key).status_code in (404, 500), "and the gateway goes to the service"
