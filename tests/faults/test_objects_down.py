"""The Durable Objects are down: the isolate limits and judges by itself, and says so."""

import re
import time
from collections.abc import Callable

import httpx
import pytest

from breakers.view import TELL_EVERY
from runtime.local import LocalRuntime
from tests.conftest import Fail
from tests.consumer import Consumer, address, problem
from tests.eventually import eventually
from tests.plan import FAULTY_OBJECTS

PATH = "/limited/by-address/x"
DEADLINE = 0.5  # seconds that an object is given
MINIMUM = 5  # calls before a breaker judges
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
    # Two at most were admitted meanwhile; the object hears of them.
    seen = eventually(lambda: _by_object(faulty.get(PATH, headers=mine)))
    assert re.match('"by-address";r=[0-2];', seen)


def _by_object(response: httpx.Response) -> str | None:
    seen = response.headers["ratelimit"]
    return None if seen.endswith(";local") else seen


def test_what_is_exact_may_fail_closed(faulty: Consumer, fail: Fail) -> None:
    mine = address()
    fail(FAULTY_OBJECTS, "throw")
    for _ in range(2):
        refused = faulty.get("/limited/closed", headers=mine)
        problem(refused, 503, "limiter-unavailable")
        assert refused.headers["retry-after"] == "1"


SLOW = 0.5  # seconds that the fault of this name takes


def test_several_limits_cost_one_round_trip(
    faulty: Consumer, fail: Fail, runtime: LocalRuntime
) -> None:
    faulty.get("/limited/thrice", headers=address())
    fail(FAULTY_OBJECTS, "slow")
    took = []
    for _ in range(3):
        began = time.monotonic()
        assert faulty.get("/limited/thrice", headers=address()).status_code == 204
        took.append(time.monotonic() - began)
    assert SLOW <= min(took) < 2 * SLOW
    assert int(httpx.get(f"{runtime.url(FAULTY_OBJECTS)}/-/calls").text) == 3 * 3


def test_the_isolate_opens_its_own_breaker(
    faulty: Consumer, fail: Fail, calls: Callable[[str], int]
) -> None:
    path = "/breaks-without-object"
    fail(FAULTY_OBJECTS, "throw")
    refused = eventually(lambda: is_refused(faulty.get(path, params={"status": "500"})))
    assert int(refused.headers["retry-after"]) > 3500
    asked = calls(path)
    assert asked >= MINIMUM
    problem(faulty.get(path), 503, "upstream-unavailable")
    assert calls(path) == asked


def test_a_breaker_known_to_be_open_refuses_without_its_object(
    faulty: Consumer, fail: Fail, calls: Callable[[str], int]
) -> None:
    path = "/breaks-and-is-known"
    eventually(lambda: is_refused(faulty.get(path, params={"status": "500"})))
    asked = calls(path)
    fail(FAULTY_OBJECTS, "hang")
    for _ in range(5):
        problem(faulty.get(path), 503, "upstream-unavailable")
    assert calls(path) == asked


def test_a_closed_breaker_asks_nobody_before_it_lets_a_call_out(
    faulty: Consumer, fail: Fail, runtime: LocalRuntime
) -> None:
    """One request in a while tells, behind its answer, what all have counted."""
    eventually(lambda: faulty.get("/forgives").status_code == 200)
    fail(FAULTY_OBJECTS, "hang")
    began = time.monotonic()
    for _ in range(30):
        assert faulty.get("/forgives").status_code == 200
    told_at_most = 1 + (time.monotonic() - began) // TELL_EVERY
    assert int(httpx.get(f"{runtime.url(FAULTY_OBJECTS)}/-/calls").text) <= told_at_most


def is_refused(response: httpx.Response) -> httpx.Response | None:
    return response if "retry-after" in response.headers else None
