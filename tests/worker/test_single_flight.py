"""One fetch for all who want the same at the same time, in workerd: the origin counts."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress

import httpx
import pytest

from caching.leases import WAITED
from contract.cache_lease import SHARDS
from runtime.local import LocalRuntime
from tests.conftest import Fail
from tests.consumer import Consumer, unique
from tests.eventually import eventually
from tests.plan import FAULTY_OBJECTS, LABS, ORIGIN
from tests.worker.test_tiers import key_of

Calls = Callable[[str], int]
CLIENTS = 200
LIFETIME = 3  # seconds
HOST = {"host": "api.test"}  # of all isolates


@pytest.fixture
def path() -> str:
    """A path that no other test uses, on a route with `single_flight: { wait: 20s }`."""
    return f"/collapsed/{unique('x')}"


@pytest.fixture
def labs(runtime: LocalRuntime) -> Iterator[list[Consumer]]:
    """Two isolates."""
    with ExitStack() as stack:
        yield [stack.enter_context(Consumer(runtime.url(name))) for name in LABS[:2]]


def at_once(labs: Sequence[Consumer], path: str, clients: int = CLIENTS) -> list[httpx.Response]:
    with ThreadPoolExecutor(clients) as pool:
        asked = [pool.submit(labs[at % len(labs)].get, path, headers=HOST) for at in range(clients)]
        return [one.result() for one in asked]


def kinds(answers: list[httpx.Response]) -> Counter[str]:
    """How many were answered how, by the first words of Cache-Status."""
    told = (answer.headers["cache-status"].split("; ") for answer in answers)
    return Counter("collapsed" if "collapsed" in words else words[1] for words in told)


def test_one_cold_key_is_one_request_to_the_service(
    labs: list[Consumer], path: str, calls: Calls
) -> None:
    answers = at_once(labs, f"{path}?delay=300")
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert calls(path) == 1
    found = kinds(answers)
    assert found["fwd=uri-miss"] == 1
    assert found["collapsed"] + found["hit"] == CLIENTS - 1
    assert found["collapsed"] > 0


def test_one_stale_key_is_one_request_and_nobody_waits(
    labs: list[Consumer], path: str, calls: Calls
) -> None:
    control = f"max-age={LIFETIME}, stale-while-revalidate=600"
    url = f"{path}?delay=500&header=Cache-Control: {control}"
    labs[0].get(url, headers=HOST)
    eventually(lambda: kinds([labs[0].get(url, headers=HOST)])["hit"])
    stored = time.monotonic()
    eventually(lambda: time.monotonic() > stored + LIFETIME)
    began = time.monotonic()
    assert kinds(at_once(labs, url)) == {"hit": CLIENTS}
    eventually(lambda: calls(path) >= 2)
    # Another one only when the second answer is stale as well.
    assert calls(path) <= 2 + (time.monotonic() - began) // LIFETIME


def test_the_next_one_takes_over_from_one_that_does_not_come_back(
    lab: Consumer, calls: Calls
) -> None:
    path = f"/taken-over/{unique('x')}"  # after 1 s, while others wait for 5 s
    url = f"{path}?first=1&fault=hang"
    with suppress(httpx.TimeoutException):
        lab.get(url, headers=HOST, timeout=0.3)  # leads, and goes away
    eventually(lambda: calls(path) == 1)
    began = time.monotonic()
    answers = at_once([lab], url, 20)
    assert {answer.status_code for answer in answers} == {200}
    assert calls(path) == 2
    assert kinds(answers)["collapsed"] > 0
    assert time.monotonic() - began < 5


def test_a_failing_service_is_not_asked_by_those_who_have_something_stale(
    lab: Consumer, path: str, calls: Calls
) -> None:
    stale = "header=Age: 100&header=Cache-Control: max-age=10, stale-if-error=600"
    url = f"{path}?{stale}&delay=200"
    lab.get(url)
    broken = {"x-status": "503"}
    eventually(lambda: lab.get(url, headers=broken).status_code == 200)
    before = calls(path)
    with ThreadPoolExecutor(50) as pool:
        asked: list[Future[httpx.Response]] = [
            pool.submit(lab.get, url, headers=broken) for _ in range(50)
        ]
        answers = [one.result() for one in asked]
    assert {answer.status_code for answer in answers} == {200}
    assert all("stale-if-error" in answer.headers["cache-status"] for answer in answers)
    # One at a time, and far fewer than clients.
    assert calls(path) - before < 10


@pytest.mark.parametrize("fault", ["throw", "rubbish"])
def test_without_the_object_everybody_goes(
    faulty: Consumer, path: str, calls: Calls, fail: Fail, fault: str
) -> None:
    fail(FAULTY_OBJECTS, fault)
    answers = at_once([faulty], f"{path}?delay=100", 5)
    assert {answer.status_code for answer in answers} == {200}
    assert 1 <= calls(path) <= 5


def test_who_waits_in_an_object_that_is_reset_waits_in_the_one_in_its_place(
    faulty: Consumer, runtime: LocalRuntime, fail: Fail, path: str, calls: Calls
) -> None:
    """As on a deploy of the state Worker. What stands behind the fault goes on and knows who leads;
    else one request more would go to the service."""
    gate, others = unique("gate"), 20
    url, objects = f"{path}?gate={gate}", runtime.url(FAULTY_OBJECTS)
    fail(FAULTY_OBJECTS, "none")  # and counts anew

    def asked() -> int:
        return int(httpx.get(f"{objects}/-/calls").text)

    with ThreadPoolExecutor(1 + others) as pool:
        leads = pool.submit(faulty.get, url, headers=HOST)
        eventually(lambda: calls(path) == 1)
        waiting = [pool.submit(faulty.get, url, headers=HOST) for _ in range(others)]
        eventually(lambda: asked() == 1 + others)
        # Until the last of them has waited, too: what fails sooner is not asked again.
        since = time.monotonic()
        eventually(lambda: time.monotonic() - since > 2 * WAITED)
        key = f"{key_of('collapsed', path, HOST['host'])}?gate={gate}"
        shard = int(hashlib.sha256(key.encode()).hexdigest()[:4], 16) % SHARDS
        httpx.post(f"{objects}/-/reset", params={"object": f"global/{shard:02x}"})
        eventually(lambda: asked() == 1 + 2 * others)
        httpx.post(f"{runtime.url(ORIGIN)}/-/open", params={"gate": gate}).raise_for_status()
        answers = [one.result() for one in (leads, *waiting)]
    assert {answer.status_code for answer in answers} == {200}
    assert kinds(answers)["collapsed"] == others
    assert calls(path) == 1
