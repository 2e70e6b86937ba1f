"""The circuit breaker: it opens, refuses fast, lets probes out, closes or opens again; an operator
forces it. What an isolate has counted reaches the object behind an answer, so it is waited for."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from contract.circuit_breaker import Mode
from runtime.local import LocalRuntime
from tests.consumer import Consumer, Operator, problem
from tests.eventually import eventually
from tests.plan import LABS
from tests.raw_http import send

Calls = Callable[[str], int]
MINIMUM = 5

FAILURES = [
    # path, how the service fails, what the client gets meanwhile
    ("/breaks-by-status", "status=500", 500),
    ("/breaks-by-throw", "fault=throw", 502),
    ("/breaks-by-hang", "fault=hang", 504),
]


def refused(lab: Consumer, path: str) -> httpx.Response:
    """The refusal of the breaker, once it refuses."""

    def look() -> httpx.Response | None:
        answer = lab.get(path)
        return answer if "retry-after" in answer.headers else None

    answer = eventually(look)
    problem(answer, 503, "upstream-unavailable")
    return answer


def break_open(lab: Consumer, path: str, failure: str = "status=503") -> httpx.Response:
    return refused(lab, f"{path}?{failure}")


@pytest.mark.parametrize(("path", "fault", "status"), FAILURES)
def test_it_opens_after_the_configured_failures(
    lab: Consumer, calls: Calls, path: str, fault: str, status: int
) -> None:
    seen = [lab.get(f"{path}?{fault}").status_code for _ in range(MINIMUM)]
    assert seen == [status] * MINIMUM
    assert calls(path) == MINIMUM
    answer = break_open(lab, path, fault)
    assert 3590 <= int(answer.headers["retry-after"]) <= 3600
    asked = calls(path)
    problem(lab.get(path), 503, "upstream-unavailable")
    assert calls(path) == asked


def test_a_transition_is_a_line_in_the_log(runtime: LocalRuntime, lab: Consumer) -> None:
    break_open(lab, "/breaks-for-all")
    lines = (line[line.index("{") :] for line in runtime.log_lines() if '"breaks-for-all"' in line)
    events = [json.loads(line) for line in lines]
    opened = next(line for line in events if line.get("event") == "breaker" and "to" in line)
    assert (opened["level"], opened["from"], opened["to"]) == ("warn", "closed", "open")
    assert opened["reason"].endswith("calls failed")
    assert opened["region"]


def test_it_opens_for_all_isolates(runtime: LocalRuntime, lab: Consumer, calls: Calls) -> None:
    path = "/breaks-for-all"
    break_open(lab, path)
    with Consumer(runtime.url(LABS[1])) as other:
        # Behind its first answer it hears of it.
        assert other.get(path).status_code == 200
        refused(other, path)


def test_a_client_that_is_slow_does_not_open_it(lab: Consumer) -> None:
    """Whether its body is one that is waited for, or one that is passed on as it comes."""
    path = "/bears-with-slow-clients"
    for announced in (20, 100_000) * MINIMUM:
        length = f"Content-Length: {announced}"
        line = f"POST {path} HTTP/1.1"
        close = "Connection: close"
        answer = send(str(lab.base_url), line, length, close, body=b"some of it", goes_on=True)
        assert (answer.status, answer.code()) == (408, "request-timeout")
    assert lab.get(path).status_code == 200
    # A service that hangs does, with all of the body in its hands.
    hanging = f"{path}?fault=hang"
    assert [lab.post(hanging, content=b"all").status_code for _ in range(MINIMUM)] == [504] * 5
    refused(lab, path)


def test_errors_of_the_client_do_not_open_it(lab: Consumer) -> None:
    for status in ["404", "429", "200"] * MINIMUM:
        assert lab.get("/forgives", params={"status": status}).status_code == int(status)


def test_slow_calls_open_it(lab: Consumer) -> None:
    path = "/slows-down"
    seen = [lab.get(path, params={"delay": "400"}).status_code for _ in range(MINIMUM)]
    assert seen == [200] * MINIMUM
    break_open(lab, path, "delay=400")


def test_a_route_can_have_one_of_its_own(lab: Consumer) -> None:
    break_open(lab, "/by-route/one")
    assert lab.get("/by-route/other").status_code == 200


def test_half_open_lets_one_probe_through_and_closes_after_it(
    lab: Consumer, calls: Calls, crowd: ThreadPoolExecutor
) -> None:
    path = "/recovers"
    break_open(lab, path)
    asked = calls(path)

    def ask(_: int) -> httpx.Response:
        return lab.get(path, params={"delay": "1500"})

    answers = eventually(lambda: successes(list(crowd.map(ask, range(8)))))
    assert len(answers) == 1
    assert calls(path) == asked + 1
    eventually(lambda: lab.get(path).status_code == 200)


def successes(answers: list[httpx.Response]) -> list[httpx.Response]:
    return [answer for answer in answers if answer.status_code == 200]


def test_half_open_lets_as_many_probes_out_over_all_isolates(
    runtime: LocalRuntime, calls: Calls, crowd: ThreadPoolExecutor
) -> None:
    path, probes = "/crowded", 3
    clients = [Consumer(runtime.url(lab)) for lab in LABS]
    try:
        for client in clients:
            break_open(client, path)
        asked = calls(path)

        def ask(number: int) -> httpx.Response:
            return clients[number % len(clients)].get(path, params={"delay": "2000"})

        answers = eventually(lambda: successes(list(crowd.map(ask, range(16)))))
        assert 1 <= len(answers) <= probes
        assert calls(path) == asked + len(answers)
    finally:
        for client in clients:
            client.close()


def test_a_probe_that_fails_opens_it_again_and_for_longer(lab: Consumer, calls: Calls) -> None:
    path = "/relapses"
    assert break_open(lab, path).headers["retry-after"] == "1"
    asked = calls(path)

    def probed() -> bool:
        return lab.get(path, params={"status": "500"}).status_code == 500

    eventually(probed)
    assert calls(path) == asked + 1
    eventually(lambda: lab.get(path, params={"status": "500"}).headers.get("retry-after") == "2")
    assert calls(path) == asked + 1
    eventually(lambda: lab.get(path).status_code == 200)


@pytest.mark.parametrize("mode", [Mode.OPEN, Mode.CLOSED])
def test_an_operator_forces_it(runtime: LocalRuntime, lab: Consumer, mode: Mode) -> None:
    upstream = f"forced-{mode}"
    path = f"/{upstream}"
    assert lab.get(path).status_code == 200
    with Operator(runtime.url(LABS[0]), "gateway:breakers") as operator:

        def force(mode: Mode) -> str:
            wanted = {"upstream": upstream, "mode": mode, "reason": "because"}
            answer = operator.post("/-/breakers", json=wanted)
            return answer.json()["breakers"][0]["state"] if answer.status_code == 200 else ""

        # Once the directory has been told of it.
        assert eventually(lambda: force(mode)) == f"forced-{mode}"
        if mode is Mode.OPEN:
            refused(lab, path)
            assert force(Mode.AUTO) == "half-open"
            eventually(lambda: lab.get(path).status_code == 200)
        else:
            for _ in range(3 * MINIMUM):
                assert lab.get(path, params={"status": "500"}).status_code == 500
            assert force(Mode.AUTO) == "closed"
            break_open(lab, path)
        shown = operator.get("/-/breakers", params={"upstream": upstream}).json()["breakers"]
        assert "because (" in " ".join(event["reason"] for event in shown[0]["events"])


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool
