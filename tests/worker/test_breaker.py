"""The circuit breaker: it opens, refuses fast, lets one probe through, closes or opens again."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, problem
from tests.eventually import eventually
from tests.plan import LABS

Calls = Callable[[str], int]
MINIMUM = 5

FAILURES = [
    # path, how the service fails, what the client gets meanwhile
    ("/breaks-by-status", "status=500", 500),
    ("/breaks-by-throw", "fault=throw", 502),
    ("/breaks-by-hang", "fault=hang", 504),
]


def break_open(lab: Consumer, path: str) -> None:
    for _ in range(MINIMUM):
        assert lab.get(path, params={"status": "503"}).status_code == 503
    problem(lab.get(path), 503, "upstream-unavailable")


@pytest.mark.parametrize(("path", "fault", "status"), FAILURES)
def test_it_opens_after_the_configured_failures(
    lab: Consumer, calls: Calls, path: str, fault: str, status: int
) -> None:
    seen = [lab.get(f"{path}?{fault}").status_code for _ in range(MINIMUM)]
    assert seen == [status] * MINIMUM
    assert calls(path) == MINIMUM
    refused = lab.get(f"{path}?{fault}")
    problem(refused, 503, "upstream-unavailable")
    assert 3590 <= int(refused.headers["retry-after"]) <= 3600
    assert calls(path) == MINIMUM


def test_it_opens_for_all_isolates(runtime: LocalRuntime, lab: Consumer, calls: Calls) -> None:
    path = "/breaks-for-all"
    break_open(lab, path)
    with Consumer(runtime.url(LABS[1])) as other:
        # It has to hear of it first: its own failure is what makes it ask.
        assert other.get(path, params={"status": "500"}).status_code == 500
        problem(other.get(path), 503, "upstream-unavailable")
    assert calls(path) == MINIMUM + 1


def test_errors_of_the_client_do_not_open_it(lab: Consumer) -> None:
    for status in ["404", "429", "200"] * MINIMUM:
        assert lab.get("/forgives", params={"status": status}).status_code == int(status)


def test_half_open_lets_one_probe_through_and_closes_after_it(
    lab: Consumer, calls: Calls, crowd: ThreadPoolExecutor
) -> None:
    path = "/recovers"
    break_open(lab, path)
    asked = calls(path)

    def ask(_: int) -> httpx.Response:
        return lab.get(path, params={"delay": "1500"})

    answers = eventually(lambda: success(list(crowd.map(ask, range(8)))))
    assert sorted(answer.status_code for answer in answers) == [200] + [503] * 7
    assert calls(path) == asked + 1
    assert lab.get(path).status_code == 200


def success(answers: list[httpx.Response]) -> list[httpx.Response]:
    """The answers, once one of them is a success."""
    return answers if any(answer.status_code == 200 for answer in answers) else []


def test_a_probe_that_fails_opens_it_again(lab: Consumer, calls: Calls) -> None:
    path = "/relapses"
    break_open(lab, path)
    asked = calls(path)

    def probed() -> bool:
        return lab.get(path, params={"status": "500"}).status_code == 500

    eventually(probed)
    assert calls(path) == asked + 1
    refused = lab.get(path)
    problem(refused, 503, "upstream-unavailable")
    assert refused.headers["retry-after"] == "1"
    assert calls(path) == asked + 1
    eventually(lambda: lab.get(path).status_code == 200)


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool
