"""The idempotency policy: what is sent, what is given again, and what a duplicate hears."""

from typing import Any

import pytest

from application import Application
from contract.keyed_request import KeyedRequest, Phase
from contract.problems import registry
from messages import Request, Response
from ports import Unavailable, Unconfigured
from routing.check import check_table
from tests.unit.fakes import FakePlatform, FakeStream, exchange, json_response, principal, run
from tests.unit.tables import route, table

KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"'
LEASE = 15.0  # of a service's 10 s


class Gateway:
    """The gateway with one route, whose service counts."""

    def __init__(self, idempotency: Any = True, **members: Any) -> None:
        methods = ["GET", "POST", "DELETE"]
        one = route(methods=methods, idempotency=idempotency, **members)
        settings = table(
            one, route(name="other", path="/others", methods=methods, idempotency=True)
        )
        assert check_table(settings) == []
        self.platform = FakePlatform()
        self.service = self.platform.binding("DATA")
        self.service.answer = self._answer
        self.idempotency = self.platform.idempotency
        self.status, self.fields, self.size = 201, {"set_cookie": "session=1"}, 0
        self._application = Application(settings, "table", self.platform)
        self._asked = 0

    def _answer(self, _: Request) -> Response:
        body = b'{"call": %d}' % self.calls + b" " * self.size
        answer = json_response(b"", self.status, location="/things/1", **self.fields)
        answer.body = FakeStream(body)
        return answer

    @property
    def calls(self) -> int:
        return len(self.service.requests)

    def ask(
        self,
        key: str | None = KEY,
        method: str = "POST",
        path: str = "/v2/things/1",
        query: str = "",
        body: bytes = b"{}",
        media_type: str = "application/json",
        **where: Any,
    ) -> Response:
        headers = {"content-type": media_type}
        if key is not None:
            headers["idempotency-key"] = key
        if "bearer" in where:
            headers["authorization"] = f"Bearer {where.pop('bearer')}"
        now = self.platform.clock.now
        asked = exchange(method, path, query, headers=headers, body=body, now=now, **where)
        self._asked += 1
        asked.request_id = f"request-{self._asked}"
        return run(self._application.handle(asked))

    @property
    def record(self) -> KeyedRequest:
        (record,) = self.idempotency.records.values()
        return record


def body_of(response: Response) -> bytes:
    body = response.body
    return body.content if isinstance(body, FakeStream) else bytes(body or b"")  # type: ignore[arg-type]


def refused(response: Response, code: str) -> bytes:
    known = registry()[code]
    assert (response.status, f'"code":"{code}"'.encode() in body_of(response)) == (
        known.status,
        True,
    )
    return body_of(response)


def test_a_repetition_gets_the_same_answer_and_is_not_sent() -> None:
    gateway = Gateway()
    first, again = gateway.ask(), gateway.ask()
    assert gateway.calls == 1
    assert (first.status, body_of(first)) == (again.status, body_of(again)) == (201, b'{"call": 1}')
    assert first.headers.get("location") == again.headers.get("location") == "/v2/things/1"
    assert first.headers.get("idempotency-replayed") is None
    assert again.headers.get("idempotency-replayed") == "true"
    assert first.headers.get("x-request-id") != again.headers.get("x-request-id")


def test_a_cookie_is_not_kept() -> None:
    gateway = Gateway()
    assert gateway.ask().headers.get("set-cookie") == "session=1"
    assert gateway.ask().headers.get("set-cookie") is None
    assert "session" not in str(gateway.record)


def test_the_service_gets_the_key() -> None:
    gateway = Gateway()
    gateway.ask()
    assert gateway.service.requests[0].headers.get("idempotency-key") == KEY


def test_what_is_given_again_is_what_transforms_have_made_of_it() -> None:
    gateway = Gateway(transform="old")
    gateway.service.answer = lambda _: json_response(b'{"title": "one"}')
    assert body_of(gateway.ask()) == body_of(gateway.ask()) == b'{"name":"one"}'
    assert gateway.calls == 1


SENT = [
    # what is asked for twice is sent twice: it has no key, or is not to change anything
    {"key": None},
    {"method": "GET"},
]


@pytest.mark.parametrize("asked", SENT)
def test_it_costs_others_nothing(asked: dict[str, Any]) -> None:
    gateway = Gateway()
    gateway.ask(**asked)
    gateway.ask(**asked)
    assert gateway.calls == 2
    assert gateway.idempotency.calls == []


OTHER = [{"body": b"[]"}, {"query": "a=1"}, {"media_type": "text/plain"}, {"method": "DELETE"}]


@pytest.mark.parametrize("asked", [*OTHER, {"path": "/v2/things/2"}])
def test_another_request_with_the_key_is_refused(asked: dict[str, Any]) -> None:
    gateway = Gateway()
    gateway.ask()
    document = refused(gateway.ask(**asked), "idempotency-key-reused")
    assert b"8e03978e-40d5-43dd-bc93-6894a57f9324" in document
    assert gateway.calls == 1


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ({"address": "192.0.2.1"}, {"address": "192.0.2.2"}, False),
        ({"bearer": "good"}, {"bearer": "bob"}, False),
        ({"bearer": "good"}, {"bearer": "good", "address": "192.0.2.2"}, True),
    ],
)
def test_callers_do_not_meet(one: Any, other: Any, shared: bool) -> None:
    gateway = Gateway(access="authenticated" if "bearer" in one else "public")
    gateway.platform.authority.principals["bob"] = principal("bob")
    gateway.ask(**one)
    gateway.ask(**other)
    assert gateway.calls == (1 if shared else 2)


def test_routes_do_not_meet() -> None:
    gateway = Gateway()
    gateway.ask()
    gateway.ask(path="/v2/others")
    assert gateway.calls == 2


KEYS = [
    ('"a"', '"a"', True),
    ('"a"', "a", True),
    (' "a" ', '"a"', True),
    (r'"a\"b"', r'"a\"b"', True),
    ("8e03978e-40d5", '"8e03978e-40d5"', True),
    ("dGVzdA==", '"dGVzdA=="', True),
    ('"a"', '"A"', False),
    ("a" * 255, "a" * 255, True),
]


@pytest.mark.parametrize(("one", "other", "same"), KEYS)
def test_keys_are_the_same(one: str, other: str, same: bool) -> None:
    gateway = Gateway()
    gateway.ask(one)
    gateway.ask(other)
    assert gateway.calls == (1 if same else 2)


@pytest.mark.parametrize(
    "field", ["", '""', '"a', 'a"', '"a", "b"', "a, b", '"a";p=1', "a b", "ä", '"\t"', "a" * 256]
)
def test_what_is_no_key_is_refused(field: str) -> None:
    gateway = Gateway()
    refused(gateway.ask(field), "malformed-request")
    assert gateway.calls == 0


def test_a_route_can_require_a_key() -> None:
    gateway = Gateway({"required": True})
    refused(gateway.ask(None), "idempotency-key-missing")
    assert gateway.ask(None, "GET").status == 201
    assert gateway.ask().status == 201


def test_a_duplicate_of_what_is_under_way_is_told_when_to_ask_again() -> None:
    gateway = Gateway()
    seen: list[Response] = []

    def meanwhile(request: Request) -> Response:
        seen.append(gateway.ask())
        return json_response(b"{}")

    gateway.service.answer = meanwhile
    assert gateway.ask().status == 200
    refused(seen[0], "idempotency-in-progress")
    assert seen[0].headers.get("retry-after") == "2"
    assert gateway.calls == 1


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_an_error_of_the_service_is_an_answer(status: int) -> None:
    gateway = Gateway()
    gateway.status = status
    assert [gateway.ask().status for _ in range(2)] == [status] * 2
    assert gateway.calls == 1


@pytest.mark.parametrize(
    "failure", [Unavailable("data"), Unavailable("data", timed_out=True)], ids=["gone", "late"]
)
def test_a_call_without_an_answer_is_in_doubt(failure: Unavailable) -> None:
    gateway = Gateway()
    gateway.service.failure = failure
    assert gateway.ask().status in (502, 504)
    gateway.service.failure = None
    document = refused(gateway.ask(), "idempotency-in-doubt")
    assert b"8e03978e-40d5-43dd-bc93-6894a57f9324" in document
    assert gateway.calls == 1


def test_an_answer_that_cannot_be_used_is_in_doubt() -> None:
    gateway = Gateway(transform="old")
    gateway.service.answer = lambda _: json_response(b"no JSON")
    assert gateway.ask().status == 502
    refused(gateway.ask(), "idempotency-in-doubt")


def test_what_was_not_sent_may_be_sent_again() -> None:
    gateway = Gateway()
    gateway.service.failure = Unconfigured("data")
    assert gateway.ask().status == 503
    assert gateway.record.phase is Phase.FREE
    gateway.service.failure = None
    assert gateway.ask().status == 201


def test_a_try_that_was_sent_counts_though_the_last_one_was_not() -> None:
    gateway = Gateway(retries={"attempts": 1, "backoff": {"base": "0s"}})
    failures = [Unavailable("data", timed_out=True), Unconfigured("data")]

    def fail(_: Request) -> Response:
        raise failures.pop(0)

    gateway.service.answer = fail
    assert gateway.ask(method="DELETE").status == 503
    refused(gateway.ask(method="DELETE"), "idempotency-in-doubt")


def test_a_large_answer_goes_out_and_is_not_kept() -> None:
    gateway = Gateway({"max_body": "1KiB"})
    gateway.size = 1024
    first = gateway.ask()
    assert (first.status, len(body_of(first))) == (201, 1024 + len('{"call": 1}'))
    assert b'"original_status":201' in refused(gateway.ask(), "idempotency-not-kept")
    assert gateway.calls == 1


def test_an_endless_answer_is_not_read() -> None:
    gateway = Gateway()
    stream = FakeStream(b"data: 1\n\n")
    events = json_response(b"")
    events.headers.set("content-type", "text/event-stream")
    events.body = stream
    gateway.service.answer = lambda _: events
    gateway.ask()
    assert not stream.was_read
    refused(gateway.ask(), "idempotency-not-kept")


def test_an_answer_is_waited_for_as_long_as_its_key_is_leased() -> None:
    gateway = Gateway()
    answer = json_response(b"", 201)
    answer.body = FakeStream(b"{}")
    gateway.service.answer = lambda _: answer
    assert gateway.ask().status == 201
    assert gateway.platform.store.cut_off_after == 15  # the service's 10 s, and 5


def test_a_request_that_is_too_large_is_refused() -> None:
    gateway = Gateway(max_body="1KiB")
    stream = FakeStream(b"x" * 1025)
    refused(gateway.ask(body=stream), "content-too-large")  # type: ignore[arg-type]
    assert gateway.calls == 0


def test_without_its_end_a_request_is_in_doubt_after_its_lease() -> None:
    gateway = Gateway()
    gateway.idempotency.down = {"end"}
    assert gateway.ask().status == 201
    gateway.idempotency.down = set()
    refused(gateway.ask(), "idempotency-in-progress")
    gateway.platform.clock.now += LEASE
    refused(gateway.ask(), "idempotency-in-doubt")
    assert gateway.calls == 1


def test_a_key_is_forgotten_after_its_time() -> None:
    gateway = Gateway({"ttl": "1h"})
    gateway.ask()
    gateway.platform.clock.now += 3599
    assert gateway.ask().headers.get("idempotency-replayed") == "true"
    gateway.platform.clock.now += 1
    assert gateway.ask().headers.get("idempotency-replayed") is None
    assert gateway.calls == 2


@pytest.mark.parametrize("idempotency", [True, {"required": True}])
def test_nothing_is_sent_while_the_object_is_away(idempotency: Any) -> None:
    gateway = Gateway(idempotency)
    gateway.idempotency.down = {"begin"}
    answer = gateway.ask()
    refused(answer, "idempotency-unavailable")
    assert answer.headers.get("retry-after") == "5"
    assert gateway.calls == 0
    # Behind the answer the object was told that nothing was sent.
    assert gateway.idempotency.calls == ["begin", "end"]


def test_a_route_can_do_without_the_object() -> None:
    gateway = Gateway({"when_unavailable": "send"})
    gateway.idempotency.down = {"begin"}
    assert [gateway.ask().status for _ in range(2)] == [201, 201]
    assert gateway.calls == 2


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"methods": ["GET"]}, "only requests that change something have a key"),
    ({"service": None, "respond": {"status": 204}}, "nothing takes effect"),
    ({"fallback": {"respond": {"status": 204}}}, "no `fallback`"),
    ({"max_body": "unlimited"}, "`max_body` has to be a size"),
    ({"idempotency": {"required": True, "when_unavailable": "send"}}, "expected `refuse`"),
    ({"idempotency": {"max_body": "2MiB"}}, "up to 1MiB"),
    ({"idempotency": {"ttl": "721h"}}, "30 days"),
]


@pytest.mark.parametrize(("members", "message"), WRONG)
def test_a_route_is_refused(members: dict[str, Any], message: str) -> None:
    one = route(**{"methods": ["POST"], "idempotency": True, **members})
    (finding,) = check_table(table(one))
    assert message in finding.message
