"""What the gateway does for a service that fails, over HTTP: the origin counts what reaches it."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, problem, unique
from tests.eventually import eventually
from tests.plan import LABS, ORIGIN

Calls = Callable[[str], int]

RETRIED = [
    # method, what the origin does, the answer's status, how often it is asked
    ("GET", "status=503&first=1", 200, 2),
    ("GET", "status=503&first=2", 200, 3),
    ("GET", "status=503&first=3", 503, 3),
    ("GET", "fault=throw&first=1", 200, 2),
    ("GET", "fault=hang&first=1", 200, 2),
    ("GET", "status=500&first=1", 500, 1),
    ("PUT", "status=503&first=1", 200, 2),
    ("POST", "status=503&first=1", 503, 1),
    ("POST", "fault=throw&first=1", 502, 1),
    ("POST", "fault=hang&first=1", 504, 1),
]


@pytest.mark.parametrize(("method", "does", "status", "times"), RETRIED)
def test_what_may_be_repeated_is_sent_again(
    lab: Consumer, calls: Calls, method: str, does: str, status: int, times: int
) -> None:
    path = f"/retried/{unique('r')}"
    body = None if method == "GET" else b"the same body each time"
    answer = lab.request(method, f"{path}?{does}", content=body)
    assert (answer.status_code, calls(path)) == (status, times)
    if status == 200:
        assert answer.json()["body"] == (body or b"").decode()


def test_a_body_that_is_larger_than_what_is_kept_is_sent_once(lab: Consumer, calls: Calls) -> None:
    path = f"/retried/{unique('r')}"
    answer = lab.put(f"{path}?status=503&first=1&measure", content=b"x" * 70_000)
    assert (answer.status_code, calls(path)) == (503, 1)
    assert answer.json()["size"] == 70_000


def test_the_service_hears_how_long_it_is_waited_for(lab: Consumer) -> None:
    path = f"/retried/{unique('r')}"
    told = lab.get(path, headers={"gateway-deadline-ms": "99999"}).json()["headers"]
    assert 1 <= int(told["gateway-deadline-ms"]) <= 500
    assert "gateway-deadline-ms" not in lab.get(f"/echo/{unique('r')}").json()["headers"]


def test_a_retry_after_that_does_not_fit_is_not_waited_for(lab: Consumer, calls: Calls) -> None:
    path = f"/retried/{unique('r')}"
    does = {"status": "503", "first": "1", "header": "Retry-After: 3600"}
    answer = lab.get(path, params=does)
    assert (answer.status_code, calls(path)) == (503, 1)
    assert answer.headers["retry-after"] == "3600"


def test_a_retry_goes_to_another_backend(lab: Consumer, runtime: LocalRuntime) -> None:
    start = len(runtime.log_lines())
    answer = lab.get(f"/retried-elsewhere/{unique('r')}")
    assert answer.status_code == 200
    line = json.loads(runtime.wait_for_log(answer.headers["x-request-id"], start=start))
    assert (line["backend"], line["tries"]) == ("retried", 2)


REQUESTS = 400


@pytest.mark.parametrize("does", ["status=503&every=2", "status=503"])
def test_retries_make_no_storm(runtime: LocalRuntime, calls: Calls, does: str) -> None:
    path = f"/stormy/{unique('s')}"

    def some(number: int) -> Counter[int]:
        with httpx.Client(base_url=runtime.url(LABS[0])) as client:
            return Counter(client.get(f"{path}?{does}").status_code for _ in range(number))

    with ThreadPoolExecutor(8) as pool:
        seen = sum(pool.map(some, [REQUESTS // 8] * 8), Counter[int]())
    asked = calls(path)
    assert seen.total() == REQUESTS
    # A burst may be left over from the requests before; nothing else comes on top.
    assert REQUESTS < asked <= REQUESTS * 1.2 + 10
    if "every" in does:
        assert seen[200] > REQUESTS * 0.5
        assert seen[200] == asked - asked // 2


def test_under_load_what_matters_least_is_refused_first(lab: Consumer) -> None:
    with ThreadPoolExecutor(3) as pool:
        path = f"/echo/{unique('l')}"
        busy = [pool.submit(lab.get, path, params={"delay": "3000"}) for _ in range(3)]
        refused = eventually(lambda: shed(lab.get("/sheddable/7")))
        problem(refused, 503, "overloaded")
        assert refused.headers["retry-after"] == "1"
        assert lab.get(f"/echo/{unique('l')}").status_code == 200
        assert [one.result().status_code for one in busy] == [200] * 3
    eventually(lambda: lab.get("/sheddable/7").status_code == 200, 30)


def shed(answer: httpx.Response) -> httpx.Response | None:
    return answer if answer.status_code == 503 else None


def peak(runtime: LocalRuntime, path: str) -> int:
    """How many requests for `path` were under way at the origin at once."""
    return int(httpx.get(f"{runtime.url(ORIGIN)}/-/peak", params={"path": path}).text)


def test_a_bulkhead_holds_at_the_service(runtime: LocalRuntime, lab: Consumer) -> None:
    path = f"/narrow/{unique('n')}"
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: lab.get(path, params={"delay": "700"}), range(12)))
    assert peak(runtime, path) == 3
    # Three at once, and two that have waited; more only where they came later.
    assert sum(answer.status_code == 200 for answer in answers) >= 5
    refused = [answer for answer in answers if answer.status_code != 200]
    assert refused
    for answer in refused:
        problem(answer, 503, "upstream-busy")
        assert answer.headers["retry-after"] == "1"
    assert lab.get(path).status_code == 200


def test_aborted_requests_take_no_places_along(runtime: LocalRuntime, lab: Consumer) -> None:
    path = f"/stuck/{unique('n')}"

    def give_up(_: int) -> None:
        with pytest.raises(httpx.TimeoutException):
            httpx.get(f"{runtime.url(LABS[0])}{path}?delay=700", timeout=0.3)

    # Two in their places, two in the queue, and nobody is there any more.
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(give_up, range(4)))
    eventually(lambda: lab.get(path).status_code == 200)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: lab.get(path, params={"delay": "300"}), range(2)))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert peak(runtime, path) == 2


FALLBACKS = [
    ("GET", "status=503", True),
    ("GET", "fault=hang", True),
    ("POST", "fault=throw", True),
    ("GET", "status=404", False),
]


@pytest.mark.parametrize(("method", "does", "instead"), FALLBACKS)
def test_the_table_answers_where_the_service_fails(
    lab: Consumer, method: str, does: str, instead: bool
) -> None:
    name = unique("f")
    answer = lab.request(method, f"/falls-back/{name}?{does}")
    assert answer.headers.get("x-fallback") == ("respond" if instead else None)
    if instead:
        assert (answer.status_code, answer.json()) == (200, {"id": name})
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("method", "instead"), [("GET", True), ("POST", False)])
def test_another_service_answers_what_may_be_repeated(
    lab: Consumer, calls: Calls, method: str, instead: bool
) -> None:
    name = unique("f")
    # Both are the same origin, whose every second answer for a path fails.
    asked = [
        lab.request(method, f"/falls-back-elsewhere/{name}?fault=throw&every=2") for _ in range(2)
    ]
    assert [answer.headers.get("x-fallback") for answer in asked] == [
        None,
        "service" if instead else None,
    ]
    assert [answer.status_code for answer in asked] == [200, 200 if instead else 502]
    assert calls(f"/instead/{name}") == int(instead)


def test_faults_are_injected_where_that_is_allowed(
    runtime: LocalRuntime, lab: Consumer, calls: Calls
) -> None:
    path, wanted = f"/faulty/{unique('f')}", {"x-break": "1"}
    with Consumer(runtime.url(LABS[-1])) as staging:
        assert staging.get(path).status_code == 200
        answer = staging.get(path, headers=wanted)
    assert (answer.status_code, answer.headers["x-fault"]) == (503, "abort")
    assert answer.elapsed.total_seconds() >= 0.3
    assert calls(path) == 1
    assert lab.get(path, headers=wanted).status_code == 200  # production


def test_the_log_says_how_often_and_why_no_more(lab: Consumer, runtime: LocalRuntime) -> None:
    start = len(runtime.log_lines())
    answer = lab.get(f"/retried/{unique('r')}?status=503")
    line = json.loads(runtime.wait_for_log(answer.headers["x-request-id"], start=start))
    assert (line["status"], line["tries"]) == (503, 3)
    assert "tries" not in answer.headers
