"""The Durable Objects are down: the isolate limits and judges by itself, and says so."""

import re
import time
from collections.abc import Callable

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.conftest import Fail
from tests.consumer import Consumer, address, problem
from tests.plan import FAULTY_OBJECTS

PATH = "/limited/by-address/x"
DEADLINE = 0.5  # seconds that an object is given
QUOTA = 5


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("throw", "injected"), ("hang", "timed out"), ("rubbish", "cannot be read")],
)
def test_the_isolate_limits_by_itself(
    faulty: Consumer, fail: Fail, runtime: LocalRuntime, fault: str, reason: str
) -> None:
    mine = address()
    fail(FAULTY_OBJECTS, fault)
    start = len(runtime.log_lines())
    for left in reversed(range(QUOTA)):
        started = time.monotonic()
        response = faulty.get(PATH, headers=mine)
        assert time.monotonic() - started < DEADLINE + 2
        assert response.status_code == 200
        assert re.fullmatch(f'"by-address";r={left};t=\\d+;local', response.headers["ratelimit"])
    refused = faulty.get(PATH, headers=mine)
    problem(refused, 429, "rate-limited")
    assert refused.headers["ratelimit"].endswith(";local")
    assert int(refused.headers["retry-after"]) >= 1
    line = runtime.wait_for_log(response.headers["x-request-id"], start=start)
    assert re.search(f'"limiter":"[^"]*{reason}', line)


def test_the_objects_decide_again_as_soon_as_they_are_back(faulty: Consumer, fail: Fail) -> None:
    mine = address()
    fail(FAULTY_OBJECTS, "throw")
    assert faulty.get(PATH, headers=mine).headers["ratelimit"].endswith(";local")
    fail(FAULTY_OBJECTS, "none")
    assert "local" not in faulty.get(PATH, headers=mine).headers["ratelimit"]


def test_the_isolate_opens_its_own_breaker(
    faulty: Consumer, fail: Fail, calls: Callable[[str], int]
) -> None:
    path, minimum = "/breaks-without-object", 5
    fail(FAULTY_OBJECTS, "throw")
    seen = [faulty.get(path, params={"status": "500"}).status_code for _ in range(minimum)]
    assert seen == [500] * minimum
    refused = faulty.get(path)
    problem(refused, 503, "upstream-unavailable")
    assert int(refused.headers["retry-after"]) > 3500
    assert calls(path) == minimum


def test_a_breaker_known_to_be_open_refuses_without_its_object(
    faulty: Consumer, fail: Fail, runtime: LocalRuntime
) -> None:
    path = "/breaks-and-is-known"
    seen = [faulty.get(path, params={"status": "500"}).status_code for _ in range(6)]
    assert seen == [500] * 5 + [503]
    fail(FAULTY_OBJECTS, "hang")
    problem(faulty.get(path), 503, "upstream-unavailable")
    assert httpx.get(f"{runtime.url(FAULTY_OBJECTS)}/-/calls").text == "0"


def test_a_closed_breaker_does_not_ask_its_object(
    faulty: Consumer, fail: Fail, runtime: LocalRuntime
) -> None:
    fail(FAULTY_OBJECTS, "hang")
    for _ in range(5):
        assert faulty.get("/forgives").status_code == 200
    assert httpx.get(f"{runtime.url(FAULTY_OBJECTS)}/-/calls").text == "0"
