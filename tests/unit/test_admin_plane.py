"""The way in for operators: which host, who may, what is written down, and what if it is not."""

import json
from typing import Any

import msgspec
import pytest

from admin.endpoint import Asked, Endpoint, Registry, answer
from admin.host import admin_host
from admin.plane import AdminPlane
from application import Application, Control
from contract.audit import Phase, Record
from contract.problems import NOT_FOUND, Problem
from memory import Memory
from messages import Response
from ports import Unavailable
from tests.unit.fakes import FakePlatform, FakeStream, exchange, principal, run
from tests.unit.isolate import ADMIN_HOST, FakeAudit
from tests.unit.tables import route, table

_thing = msgspec.json.Decoder(dict[str, int])
HOLDERS = {
    "reader": ("roadmaps:read",),
    "other": ("gateway:purge",),
    "fitting": ("gateway:breakers",),
    "admin": ("gateway:admin",),
}


class Gateway:
    """A gateway with three endpoints of its own, and a table with one route for all paths."""

    def __init__(self, host: str = ADMIN_HOST) -> None:
        self.platform = FakePlatform()
        self.audit = FakeAudit()
        self.done: list[str] = []
        memory = Memory()
        plane = AdminPlane(self._endpoints(), self.platform, memory, self.audit)
        control = Control(lambda _: {}, host, plane)
        made = table(route(path=None, path_prefix="/things"))
        self.application = Application(made, "0" * 64, self.platform, memory, control)
        for name, scopes in HOLDERS.items():
            held = principal(name, scopes)
            held = msgspec.structs.replace(held, credential_id=f"jti-{name}")
            self.platform.authority.principals[name] = held

    def _endpoints(self) -> tuple[Endpoint, ...]:
        scope = "gateway:breakers"
        return (
            Endpoint("things.list", "GET", "things", scope, self._list),
            Endpoint(
                *("things.change", "POST", "things/{id}", scope, self._change),
                max_body=1000,
                noted=("number", "note"),
            ),
            Endpoint("things.special", "DELETE", "things/special", scope, self._special),
        )

    async def _list(self, asked: Asked) -> Response:
        return answer({"things": []})

    async def _change(self, asked: Asked) -> Response:
        self.done.append(asked.path["id"])
        match asked.path["id"]:
            case "missing":
                raise Problem(NOT_FOUND)
            case "away":
                raise Unavailable("breaker object")
            case "broken":
                raise ZeroDivisionError
        asked.result["number"] = str(asked.decode(_thing)["number"])
        return answer({}, 201)

    async def _special(self, asked: Asked) -> Response:
        return Response(204)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        credential: str = "admin",
        host: str = ADMIN_HOST,
    ) -> Response:
        fields = {"authorization": f"Bearer {credential}"} if credential else {}
        asked = exchange(method, path, headers=fields)
        asked.request.host = host
        asked.request.path, _, asked.request.query = path.partition("?")
        asked.request.body = FakeStream(body) if body is not None else None
        return run(self.application.handle(asked))

    def written(self, *phases: Phase) -> list[Record]:
        return [one for one in self.audit.records if not phases or one.phase in phases]


def code(response: Response) -> Any:
    assert isinstance(response.body, bytes)
    return json.loads(response.body).get("code")


HOSTS = [
    (ADMIN_HOST, 200),
    (f"{ADMIN_HOST}:8787", 200),
    ("ADMIN.Example.com", 200),
    ("api.example.com", 404),
    ("x.admin.example.com", 404),
    ("admin.example.com.evil.example", 404),
    ("admin.example.com.", 404),
    ("", 404),
]


@pytest.mark.parametrize(("host", "status"), HOSTS)
def test_it_answers_on_its_own_host_alone(host: str, status: int) -> None:
    gateway = Gateway()
    response = gateway.send("GET", "/-/things", host=host)
    assert response.status == status
    if status == 404:
        unknown = gateway.send("GET", "/+/things", host=host)
        assert isinstance(response.body, bytes)
        assert response.body.replace(b"/-/", b"/+/") == unknown.body
        assert response.headers.get_all("allow") == []
        assert (gateway.platform.authority.asked, gateway.audit.records) == ([], [])


def test_without_a_host_there_is_nothing() -> None:
    for host in (ADMIN_HOST, "", "api.example.com"):
        assert Gateway(host="").send("GET", "/-/things", host=host).status == 404


@pytest.mark.parametrize("path", ["/", "/things", "/v2/things", "/-", "/.well-known/x"])
def test_nothing_else_answers_there(path: str) -> None:
    assert code(Gateway().send("GET", path)) == "not-found"


VARIABLES = [
    (None, "", 0),
    ("", "", 0),
    ("Admin.Example.com", "admin.example.com", 0),
    ("https://admin.example.com", "", 1),
    ("admin.example.com:8787", "", 1),
    ("admin", "", 1),
    ("*.example.com", "", 1),
    (7, "", 1),
]


@pytest.mark.parametrize(("value", "host", "complaints"), VARIABLES)
def test_a_host_that_is_none_closes_it(value: Any, host: str, complaints: int) -> None:
    said: list[str] = []
    assert admin_host(value, said.append) == host
    assert len(said) == complaints


WHO = [
    # credential, method, path, status, what the log says of it
    ("", "GET", "/-/things", 401, "things.list"),
    ("unknown", "POST", "/-/things/7", 401, "things.change"),
    ("reader", "GET", "/-/things", 403, "things.list"),
    ("other", "POST", "/-/things/7", 403, "things.change"),
    ("reader", "GET", "/-/nothing", 403, ""),
    ("reader", "PUT", "/-/things", 403, ""),
    ("", "OPTIONS", "/-/things", 401, ""),
]


@pytest.mark.parametrize(("credential", "method", "path", "status", "action"), WHO)
def test_who_may_not_is_refused_and_written_down(
    credential: str, method: str, path: str, status: int, action: str
) -> None:
    gateway = Gateway()
    response = gateway.send(method, path, b"{}", credential=credential)
    assert (response.status, gateway.done) == (status, [])
    (record,) = gateway.written()
    assert (record.phase, record.status, record.action) == (Phase.REFUSED, status, action)
    assert (record.method, record.target, record.address) == (method, path, "192.0.2.1")
    assert record.subject == (credential if credential in HOLDERS else "")
    assert record.parameters == {}


def test_who_may_something_is_told_what_there_is_not() -> None:
    gateway = Gateway()
    assert code(gateway.send("GET", "/-/nothing", credential="other")) == "not-found"
    assert gateway.send("GET", "/-/", credential="other").status == 404
    refused = gateway.send("DELETE", "/-/things", credential="fitting")
    assert (refused.status, refused.headers.get("allow")) == (405, "GET")
    assert gateway.send("GET", "/-/things/special", credential="fitting").status == 405
    assert gateway.audit.records == []


@pytest.mark.parametrize("credential", ["fitting", "admin"])
def test_an_action_leaves_its_intent_and_its_outcome(credential: str) -> None:
    gateway = Gateway()
    body = b'{"number": 7, "secret": 8}'
    response = gateway.send("POST", "/-/things/7?note=why&more=x", body, credential=credential)
    assert response.status == 201
    intent, outcome = gateway.written()
    who: dict[str, Any] = {
        "action": "things.change",
        "method": "POST",
        "target": "/-/things/7",
        "request_id": "request-1",
        "address": "192.0.2.1",
        "subject": credential,
        "credential_id": f"jti-{credential}",
    }
    parameters = {"number": "7", "note": "why"}
    assert intent == Record(phase=Phase.INTENT, parameters=parameters, **who)
    told = {"number": "7"}
    assert outcome == Record(phase=Phase.OUTCOME, intent=1, status=201, result=told, **who)


def test_looking_is_no_action() -> None:
    gateway = Gateway()
    assert gateway.send("GET", "/-/things").status == 200
    assert gateway.audit.records == []


FAILURES = [
    ("missing", b"{}", 404, "not-found"),
    ("away", b"{}", 503, "admin-unavailable"),
    ("broken", b"{}", 500, "internal-error"),
    ("7", b"{", 400, "invalid-json"),
    ("7", b'{"number":"x"}', 422, "invalid-content"),
    ("7", b"[" * 1000, 422, "invalid-content"),
]


@pytest.mark.parametrize(("id", "body", "status", "problem"), FAILURES)
def test_a_failure_is_an_outcome(id: str, body: bytes, status: int, problem: str) -> None:
    gateway = Gateway()
    response = gateway.send("POST", f"/-/things/{id}", body)
    assert (response.status, code(response)) == (status, problem)
    (outcome,) = gateway.written(Phase.OUTCOME)
    assert (outcome.intent, outcome.status, outcome.result["problem"]) == (1, status, problem)


def test_what_cannot_be_written_down_is_not_done() -> None:
    gateway = Gateway()
    gateway.audit.down_from = 0
    response = gateway.send("POST", "/-/things/7", b'{"number":1}')
    assert (response.status, code(response)) == (503, "audit-unavailable")
    assert gateway.done == []
    assert gateway.send("GET", "/-/things").status == 200, "looking is possible"
    assert gateway.send("GET", "/-/things", credential="reader").status == 403


def test_what_was_done_is_answered_as_it_went() -> None:
    """The intent stands alone then: the outcome is not known to the log."""
    gateway = Gateway()
    gateway.audit.down_from = 1
    assert gateway.send("POST", "/-/things/7", b'{"number":1}').status == 201
    assert [one.phase for one in gateway.written()] == [Phase.INTENT]


def test_a_body_is_bounded() -> None:
    gateway = Gateway()
    assert gateway.send("POST", "/-/things/7", b"x" * 1001).status == 413
    assert gateway.send("DELETE", "/-/things/special", b"x").status == 413
    assert gateway.audit.records == []


def test_without_the_auth_worker_it_stays_closed() -> None:
    gateway = Gateway()
    gateway.platform.authority.down = True
    assert code(gateway.send("GET", "/-/things")) == "auth-unavailable"


def test_an_address_has_so_many_attempts() -> None:
    gateway = Gateway()
    statuses = [gateway.send("GET", "/-/things", credential="").status for _ in range(602)]
    assert statuses == [401] * 600 + [429] * 2
    assert len(gateway.audit.records) == 600


def test_there_is_one_endpoint_for_one_thing() -> None:
    async def handler(asked: Asked) -> Response:
        return Response(204)

    one = Endpoint("a", "GET", "things/{id}", "gateway:admin", handler)
    for other in (one._replace(name="b"), one._replace(path="other")):
        with pytest.raises(ValueError, match="two endpoints"):
            Registry([one, other])
