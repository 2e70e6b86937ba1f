"""What the gateway does for a service that fails, over HTTP: the origin counts what reaches it."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, unique
from tests.plan import LABS

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


def test_the_log_says_how_often_and_why_no_more(lab: Consumer, runtime: LocalRuntime) -> None:
    start = len(runtime.log_lines())
    answer = lab.get(f"/retried/{unique('r')}?status=503")
    line = json.loads(runtime.wait_for_log(answer.headers["x-request-id"], start=start))
    assert (line["status"], line["tries"]) == (503, 3)
    assert "tries" not in answer.headers
