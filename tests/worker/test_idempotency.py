"""Idempotency keys over HTTP: a request takes effect once, whoever repeats it and wherever."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from contract.idempotency import BeginRequest, End, EndRequest, KeptAnswer
from runtime.local import LocalRuntime
from tests.conftest import Fail
from tests.consumer import Consumer, address, bearer, mint, problem
from tests.eventually import eventually
from tests.plan import FAULTY_OBJECTS, LABS
from tests.worker.conftest import Caller

Calls = Callable[[str], int]
CLIENTS = 20


def keyed(key: str = "") -> dict[str, str]:
    return {"idempotency-key": f'"{key or uuid.uuid4()}"'}


def test_a_roadmap_is_made_once(api: Consumer) -> None:
    key = keyed()
    made, again = (
        api.post("/v2/roadmaps", json={"title": "Made once"}, headers=key) for _ in range(2)
    )
    assert made.status_code == again.status_code == 201
    assert made.headers["location"] == again.headers["location"]
    assert made.content == again.content
    assert "idempotency-replayed" not in made.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert made.headers["ratelimit"] != again.headers["ratelimit"]
    other = api.post("/v2/roadmaps", json={"title": "Another one"}, headers=key)
    problem(other, 422, "idempotency-key-reused")
    # v1 offers the same route, where a key is another one.
    older = api.post("/v1/plans", json={"name": "Made once"}, headers=key)
    assert older.status_code == 201
    assert older.headers["location"].rpartition("/")[2] != made.headers["location"]


def test_a_key_is_good_for_its_caller_alone(anonymous: Consumer) -> None:
    """Who knows key and request of somebody else makes a record of his own."""
    key, ada, eve = keyed(), bearer(mint()), bearer(mint())

    def make(caller: dict[str, str]) -> httpx.Response:
        body = {"title": "Ada's"}
        return anonymous.post("/v2/roadmaps", json=body, headers={**key, **caller})

    hers, his, again = make(ada), make(eve), make(ada)
    assert hers.status_code == his.status_code == 201
    assert hers.headers["location"] != his.headers["location"]
    assert "idempotency-replayed" not in his.headers
    assert again.headers["location"] == hers.headers["location"]


def test_what_is_wrong_can_be_put_right_under_the_same_key(api: Consumer) -> None:
    key = keyed()
    problem(api.post("/v2/roadmaps", json={}, headers=key), 422, "invalid-content")
    assert api.post("/v2/roadmaps", json={"title": "Right"}, headers=key).status_code == 201


def test_of_concurrent_duplicates_one_is_sent(runtime: LocalRuntime, calls: Calls) -> None:
    path, fields = "/once/crowd", {**keyed(), **address()}
    clients = [Consumer(runtime.url(lab)) for lab in LABS]

    def ask(number: int) -> httpx.Response:
        client = clients[number % len(clients)]
        return client.post(path, params={"delay": "500"}, content="one", headers=fields)

    try:
        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = list(pool.map(ask, range(CLIENTS)))
        assert calls(path) == 1
        for refused in answers:
            if refused.status_code != 200:
                problem(refused, 409, "idempotency-in-progress")
                assert int(refused.headers["retry-after"]) >= 1
        # All of them get the one answer, now that it is there.
        last = [ask(number) for number in range(len(clients))]
        given = {answer.content for answer in [*answers, *last] if answer.status_code == 200}
        assert len(given) == 1
        assert {answer.headers["idempotency-replayed"] for answer in last} == {"true"}
        assert calls(path) == 1
    finally:
        for client in clients:
            client.close()


ANSWERS = [
    # what the origin answers; may a duplicate see it?
    ({"status": "503"}, True),
    ({"body": "text", "gzip": "1"}, True),
    ({"header": ["x-own: 1", "set-cookie: secret=1"]}, True),
    ({"size": "100000"}, False),
]


@pytest.mark.parametrize(("answer", "kept"), ANSWERS, ids=["error", "gzip", "fields", "large"])
def test_an_answer_is_given_again(
    lab: Consumer, calls: Calls, answer: dict[str, Any], kept: bool
) -> None:
    path, key = f"/once/{uuid.uuid4()}", keyed()
    first, again = (lab.post(path, params=answer, content="one", headers=key) for _ in range(2))
    assert calls(path) == 1
    assert "set-cookie" not in again.headers
    if kept:
        assert (first.status_code, first.content) == (again.status_code, again.content)
        assert first.headers.get("x-own") == again.headers.get("x-own")
    else:
        assert len(first.content) == int(answer["size"])
        assert problem(again, 409, "idempotency-not-kept")["original_status"] == 200


def test_the_service_gets_key_and_body(lab: Consumer) -> None:
    key = keyed()
    told = lab.put("/once/told", content="the body", headers=key).json()
    assert told["body"] == "the body"
    assert told["headers"]["idempotency-key"] == key["idempotency-key"]


def test_a_service_that_is_late_may_have_acted(lab: Consumer, calls: Calls) -> None:
    path, key = "/once-in-time/late", keyed("my-key")
    answer = lab.post(path, params={"delay": "1500"}, content="one", headers=key)
    problem(answer, 504, "upstream-timeout")
    again = lab.post(path, params={"delay": "1500"}, content="one", headers=key)
    assert problem(again, 409, "idempotency-in-doubt")["idempotency_key"] == "my-key"
    assert calls(path) == 1


def test_a_key_can_be_required(lab: Consumer, calls: Calls) -> None:
    path, who = "/once-with-key/x", bearer(mint())
    problem(lab.post(path, headers=who), 400, "idempotency-key-missing")
    problem(lab.post(path, headers=keyed()), 401, "unauthenticated")
    assert calls(path) == 0
    assert lab.post(path, headers={**who, **keyed()}).status_code == 200


@pytest.mark.parametrize("fault", ["throw", "hang", "rubbish"])
def test_nothing_is_sent_while_the_object_is_away(
    faulty: Consumer, fail: Fail, calls: Calls, fault: str
) -> None:
    path, key = f"/once/away-{fault}", keyed()
    fail(FAULTY_OBJECTS, fault)
    answer = faulty.post(path, headers=key)
    problem(answer, 503, "idempotency-unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert calls(path) == 0
    assert faulty.post("/once-at-any-rate/x", headers=key).status_code == 200
    assert faulty.post(path).status_code == 200
    fail(FAULTY_OBJECTS, "none")
    eventually(lambda: faulty.post(path, headers=key).status_code == 200)
    assert calls(path) == 2


def test_a_key_is_erased_when_its_time_is_over(caller: Caller) -> None:
    name = f"key-{uuid.uuid4()}"

    def rpc(method: str, argument: Any) -> Any:
        return caller.rpc("IDEMPOTENCY", method, argument, object=name)

    begin = BeginRequest(attempt="a", fingerprint="f", lease=0.5, ttl=1.5)
    assert rpc("begin", begin)["standing"] == "begun"
    answer = KeptAnswer(200, (), b"kept")
    assert rpc("end", EndRequest(attempt="a", end=End.ANSWERED, answer=answer))["recorded"]
    assert rpc("begin", begin)["standing"] == "done"
    assert stored(caller, name)
    eventually(lambda: not stored(caller, name))
    assert rpc("begin", begin)["standing"] == "begun"
    assert rpc("end", EndRequest(attempt="a", end=End.UNSENT))["recorded"]
    assert not stored(caller, name)


def stored(caller: Caller, name: str) -> bool:
    return '"stored":true' in caller.ask("rpc", binding="IDEMPOTENCY", object=name, method="status")
