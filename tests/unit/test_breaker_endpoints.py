"""`/-/breakers`, and the command that shows and forces them."""

import io
import json
import sys
from typing import Any

import msgspec
import pytest

from admin.breakers import BreakerEndpoints
from admin.plane import AdminPlane
from application import Application, Control
from cli.main import main
from cli.remote import Remote
from contract.breaker import BreakerName
from contract.circuit_breaker import BreakerSettings, State
from contract.outcome_window import Outcomes
from memory import Memory
from messages import Response
from tests.unit.fakes import NOW, FakePlatform, FakeStream, exchange, principal, run
from tests.unit.isolate import ADMIN_HOST, FakeAudit
from tests.unit.tables import route, table

FRA, SIN = BreakerName("data", "FRA"), BreakerName("data", "SIN")


class Gateway:
    """One with breakers of `data` in two regions, that of Frankfurt open."""

    def __init__(self) -> None:
        self.platform = FakePlatform()
        self.audit = FakeAudit()
        self.objects = self.platform.breakers
        memory = Memory()
        endpoints = BreakerEndpoints(self.platform).endpoints()
        plane = AdminPlane(endpoints, self.platform, memory, self.audit)
        control = Control(lambda _: {}, ADMIN_HOST, plane)
        self.application = Application(table(route()), "0" * 64, self.platform, memory, control)
        self.platform.authority.principals["ops"] = principal("ops", ("gateway:breakers",))
        self.platform.authority.principals["other"] = principal("other", ("gateway:keys",))
        for name in (FRA, SIN, BreakerName("auth", "SIN")):
            self.objects.directory.enlist(name, NOW)
            run(self.objects.show(name, timeout=1))
        failed = Outcomes(calls="11111")
        self.objects.breakers[FRA.object].record(BreakerSettings(), NOW, 0.0, failed)

    def send(self, method: str, query: str = "", body: Any = None, who: str = "ops") -> Response:
        asked = exchange(method, "/-/breakers", query, headers={"authorization": f"Bearer {who}"})
        asked.request.host = ADMIN_HOST
        if body is not None:
            asked.request.body = FakeStream(msgspec.json.encode(body))
        return run(self.application.handle(asked))

    def said(self, method: str, query: str = "", body: Any = None) -> Any:
        response = self.send(method, query, body)
        assert isinstance(response.body, bytes)
        return json.loads(response.body)

    def state(self, name: BreakerName) -> State:
        return self.objects.breakers[name.object].state


def states(said: Any) -> list[tuple[str, str, str]]:
    return [(one["upstream"], one["region"], one["state"]) for one in said["breakers"]]


def test_all_are_shown_as_their_objects_see_them() -> None:
    gateway = Gateway()
    said = gateway.said("GET")
    assert states(said) == [
        ("auth", "SIN", "closed"),
        ("data", "FRA", "open"),
        ("data", "SIN", "closed"),
    ]
    assert said["breakers"][1]["retry_after"] == 10
    assert said["breakers"][1]["events"] == [
        {"at": NOW, "from": "closed", "to": "open", "reason": "5 of 5 calls failed"}
    ]
    assert states(gateway.said("GET", "upstream=auth")) == [("auth", "SIN", "closed")]


def test_more_than_one_request_may_ask_are_left_off() -> None:
    gateway = Gateway()
    for number in range(300):
        gateway.objects.directory.enlist(BreakerName("many", f"R{number}"), NOW)
    said = gateway.said("GET")
    assert (len(said["breakers"]), said["left_off"]) == (200, 103)


FORCED = [
    # what is asked for; the states in Frankfurt, in Singapore and what is wanted of others
    ({"mode": "open"}, State.FORCED_OPEN, State.FORCED_OPEN, {"data": "open"}),
    ({"mode": "closed"}, State.FORCED_CLOSED, State.FORCED_CLOSED, {"data": "closed"}),
    ({"mode": "auto"}, State.HALF_OPEN, State.CLOSED, {}),
    ({"mode": "closed", "region": "FRA"}, State.FORCED_CLOSED, State.CLOSED, {}),
]


@pytest.mark.parametrize(("wanted", "fra", "sin", "wishes"), FORCED)
def test_an_operator_forces_them(
    wanted: dict[str, str], fra: State, sin: State, wishes: dict[str, str]
) -> None:
    gateway = Gateway()
    body = {"upstream": "data", "reason": "migration", **wanted}
    assert gateway.send("POST", body=body).status == 200
    assert (gateway.state(FRA), gateway.state(SIN)) == (fra, sin)
    kept = gateway.objects.directory.wishes
    assert {upstream: wish.mode for upstream, wish in kept.items()} == wishes
    intent, outcome = gateway.audit.records
    assert intent.parameters["reason"] == "migration"
    assert outcome.result == {"regions": str(len({"FRA", wanted.get("region", "SIN")}))}


REFUSED = [
    ({"upstream": "dta", "mode": "open", "reason": "x"}, 422),
    ({"upstream": "data", "region": "LHR", "mode": "open", "reason": "x"}, 422),
    ({"upstream": "data", "mode": "open"}, 422),
    ({"upstream": "data", "mode": "half-open", "reason": "x"}, 422),
    ({"upstream": "Data", "mode": "open", "reason": "x"}, 422),
]


@pytest.mark.parametrize(("body", "status"), REFUSED)
def test_what_is_no_such_breaker_is_refused(body: dict[str, str], status: int) -> None:
    gateway = Gateway()
    assert gateway.send("POST", body=body).status == status
    assert gateway.objects.directory.wishes == {}


def test_it_takes_the_scope() -> None:
    body = {"upstream": "data", "mode": "open", "reason": "x"}
    gateway = Gateway()
    asked = (gateway.send("GET", who="other"), gateway.send("POST", body=body, who="other"))
    assert [response.status for response in asked] == [403, 403]
    assert gateway.state(SIN) is State.CLOSED


def test_an_object_that_does_not_answer_is_told_of() -> None:
    gateway = Gateway()
    gateway.objects.lost.add(FRA.object)
    shown = gateway.said("GET", "upstream=data")["breakers"]
    assert [one["state"] for one in shown] == ["unknown", "closed"]
    body = {"upstream": "data", "mode": "open", "reason": "x"}
    assert "error" in gateway.said("POST", body=body)["breakers"][0]
    assert gateway.state(SIN) is State.FORCED_OPEN
    assert gateway.audit.records[-1].result == {"regions": "1", "missed": "FRA"}
    gateway.objects.down = True
    assert gateway.send("GET").status == 503


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """One that commands speak to."""
    made = Gateway()

    def json_of(_remote: Remote, method: str, path: str, content: Any = None) -> Any:
        return made.said(method, path.partition("?")[2], content)

    monkeypatch.setattr(Remote, "json", json_of)
    monkeypatch.setenv("GATEWAY_TOKEN", "ops")
    return made


def test_the_command_shows_a_table(
    gateway: Gateway, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["breakers", "data", "--events"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "data FRA open 2027-01-15 08:00:00Z 10 s 5 of 5 calls failed" in lines
    assert "data SIN closed" in lines
    assert "2027-01-15 08:00:00Z data@FRA closed → open: 5 of 5 calls failed" in lines
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert main(["breakers"]) == 0
    assert "\x1b[31mopen" in terminal.getvalue()


COMMANDS = [
    (["data", "--open", "--reason", "migration"], 0, State.FORCED_OPEN),
    (["data", "--close", "--reason", "known", "--region", "SIN"], 0, State.FORCED_CLOSED),
    (["data", "--open"], 2, State.CLOSED),
    (["--open", "--reason", "all"], 2, State.CLOSED),
    (["data", "--reason", "migration"], 2, State.CLOSED),
]


@pytest.mark.parametrize(("arguments", "status", "state"), COMMANDS)
def test_the_command_forces(
    gateway: Gateway, arguments: list[str], status: int, state: State
) -> None:
    assert main(["breakers", *arguments]) == status
    assert gateway.state(SIN) is state


def test_the_command_tells_where_it_was_not_done(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.objects.lost.add(FRA.object)
    assert main(["breakers", "data", "--open", "--reason", "x"]) == 1
    assert "unreachable" in capsys.readouterr().out
