"""Fallbacks and faults on purpose: what answers instead, when, and what the answer says of it."""

from typing import Any

import pytest

from application import Application
from messages import Request, Response
from ports import Unavailable
from resilience.faults import ENVIRONMENTS
from routing.check import check_faults, check_table
from tests.unit.fakes import FakePlatform, FakeStream, exchange, json_response, run
from tests.unit.tables import route, table

RESPOND = {"respond": {"status": 200, "json": {"items": [], "id": "${path.id}"}}}
OTHER = {"service": "auth", "upstream_path": "/instead/{id}"}
LATE, GONE = Unavailable("DATA", timed_out=True), Unavailable("DATA")


class World:
    """A route with a fallback, and two services."""

    def __init__(self, failure: int | Unavailable, of_service: Any = None, **members: Any) -> None:
        self.platform = FakePlatform()
        self.platform.waits_take_time = True
        self.asked: list[str] = []

        def answer(request: Request) -> Response:
            self.asked.append(request.path)
            if isinstance(failure, Unavailable):
                raise failure
            return json_response(b'{"from": "data"}', failure)

        self.platform.binding("DATA").answer = answer
        self.other = self.platform.binding("AUTH")
        self.other.answer = self._instead
        self.instead: list[tuple[str, dict[str, str], Any]] = []
        members = {"methods": ["GET", "POST", "PUT"]} | members
        services = {"data": {"binding": "DATA"} | (of_service or {}), "auth": {"binding": "AUTH"}}
        one = table(route(**members), services=services)
        assert check_table(one) == []
        self.application = Application(one, "id", self.platform)
        self.log: dict[str, Any] = {}

    def _instead(self, request: Request) -> Response:
        self.instead.append((request.path, dict(request.headers), request.body))
        return json_response(b'{"from": "auth"}', cache_control="max-age=60")

    def ask(self, method: str = "GET", body: Any = None, **fields: str) -> Response:
        asked = exchange(method, "/v2/things/7", body=body, headers=fields)
        asked.now = self.platform.clock.now
        self.log = asked.log
        return run(self.application.handle(asked))


CASES: list[tuple[dict[str, Any], int | Unavailable, int, bool]] = [
    # the fallback, what the service does, the answer's status, whether it is the fallback's
    (RESPOND, 200, 200, False),
    (RESPOND, 404, 404, False),
    (RESPOND, 500, 200, True),
    (RESPOND, GONE, 200, True),
    (RESPOND, LATE, 200, True),
    (RESPOND | {"on": ["503"]}, 503, 200, True),
    (RESPOND | {"on": ["503"]}, 500, 500, False),
    (RESPOND | {"on": ["503"]}, GONE, 502, False),
    (RESPOND | {"on": ["timeout"]}, LATE, 200, True),
    (OTHER, 500, 200, True),
    (OTHER, GONE, 200, True),
    (OTHER, 404, 404, False),
]


@pytest.mark.parametrize(("fallback", "failure", "status", "instead"), CASES)
def test_what_answers_instead(
    fallback: dict[str, Any], failure: int | Unavailable, status: int, instead: bool
) -> None:
    world = World(failure, fallback=fallback)
    answer = world.ask()
    kind = "service" if "service" in fallback else "respond"
    assert answer.status == status
    assert answer.headers.get("x-fallback") == (kind if instead else None)
    assert world.log.get("fallback") == (kind if instead else None)
    if instead:
        assert answer.headers.get("cache-control") == "no-store"
        expected = b'{"from": "auth"}' if kind == "service" else b'{"items":[],"id":"7"}'
        assert answer.body == expected


def test_another_service_gets_the_request_as_it_was() -> None:
    world = World(500, fallback=OTHER)
    world.ask("PUT", FakeStream(b"body", 4), **{"x-own": "1"})
    (path, fields, body), *others = world.instead
    assert (path, fields["x-own"], body, others) == ("/instead/7", "1", b"body", [])
    assert fields["forwarded"].count("for=") == 1


def test_what_may_not_be_repeated_goes_to_no_other_service() -> None:
    world = World(500, fallback=OTHER)
    assert world.ask("POST", b"body").status == 500
    assert world.instead == []
    assert World(500, fallback=RESPOND).ask("POST", b"body").headers.get("x-fallback") == "respond"


def test_where_the_fallback_fails_as_well_the_first_failure_counts() -> None:
    for failure, status in ((503, 503), (GONE, 502)):
        world = World(failure, fallback=OTHER)
        world.other.failure = Unavailable("AUTH", timed_out=True)
        answer = world.ask()
        assert (answer.status, answer.headers.get("x-fallback")) == (status, None)
        assert world.log["fallback_failed"] == "upstream-timeout"


def test_it_answers_while_the_breaker_is_open_and_after_all_retries() -> None:
    breaker = {"circuit_breaker": {"minimum_calls": 3}}
    world = World(503, breaker, fallback=RESPOND, retries={"attempts": 2})
    assert world.ask().headers.get("x-fallback") == "respond"
    assert world.log["tries"] == 3
    asked = len(world.asked)
    assert world.ask().headers.get("x-fallback") == "respond"
    assert world.log["fallback_because"] == "upstream-unavailable"
    assert len(world.asked) == asked


MISTAKES = [
    ({"fallback": {}}, "fallback", "exactly one"),
    ({"fallback": RESPOND | OTHER}, "fallback", "exactly one"),
    ({"fallback": {"service": "data"}}, "fallback.service", "use `retries`"),
    ({"fallback": {"service": "none"}}, "fallback.service", "there is no service"),
    ({"fallback": {"service": "auth"}, "methods": ["POST"]}, "fallback.service", "sent again"),
    ({"fallback": {"service": "auth", "upstream_path": "/{x}"}}, "fallback.upstream_path", "x"),
    ({"fallback": RESPOND | {"upstream_path": "/"}}, "fallback.upstream_path", "no `service`"),
    ({"fallback": RESPOND, "service": None, "redirect": {"path": "/a"}}, "fallback", "sends no"),
]


@pytest.mark.parametrize(("members", "place", "words"), MISTAKES)
def test_mistakes_are_found(members: dict[str, Any], place: str, words: str) -> None:
    found = check_table(table(route(**members)))
    assert [".".join(map(str, one.path[2:])) for one in found] == [place]
    assert words in found[0].message


ABORT, DELAY = {"abort": {"status": 503}}, {"delay": {"time": "2s"}}
FAULTS: list[tuple[dict[str, Any], int, list[float], int]] = [
    # faults, the answer's status, what was waited, how often the service was asked
    (ABORT, 503, [], 0),
    (DELAY, 200, [2.0], 1),
    ({"delay": {"time": "20s"}}, 504, [10.0], 0),
    ({**DELAY, **ABORT}, 503, [2.0], 0),
    ({"abort": {"status": 503, "percent": 50}}, 200, [], 1),  # chance says 0.5
    ({"abort": {"status": 503, "percent": 51}}, 503, [], 0),
    ({"delay": {"time": "2s", "percent": 50}}, 200, [], 1),
    ({**ABORT, "header": "X-Break"}, 200, [], 1),
]


@pytest.mark.parametrize(("faults", "status", "waits", "asked"), FAULTS)
def test_faults_stand_in_for_the_service(
    faults: dict[str, Any], status: int, waits: list[float], asked: int
) -> None:
    world = World(200, faults=faults)
    world.platform.environment = "staging"
    answer = world.ask()
    assert (answer.status, world.platform.pauses, len(world.asked)) == (status, waits, asked)


def test_only_who_asks_for_faults_gets_them() -> None:
    world = World(200, faults=ABORT | {"header": "X-Break"})
    world.platform.environment = "staging"
    answer = world.ask(**{"x-break": "1"})
    assert (answer.status, answer.headers.get("x-fault")) == (503, "abort")


def test_a_delay_takes_of_the_time_of_the_call() -> None:
    world = World(200, faults=DELAY, timeouts={"total": "5s"})
    world.platform.environment = "development"
    assert world.ask().headers.get("x-fault") == "delay"
    assert world.platform.binding("DATA").timeouts == [(8.0, 3.0)]


def test_breaker_and_retries_see_faults_as_failures() -> None:
    breaker = {"circuit_breaker": {"minimum_calls": 3}}
    world = World(200, breaker, faults=ABORT, retries={})
    world.platform.environment = "staging"
    assert (world.ask().status, world.log["tries"]) == (503, 3)
    assert world.ask().headers.get("retry-after") is not None


@pytest.mark.parametrize("environment", ["production", "", "prod", "Staging"])
def test_there_are_no_faults_in_production_whatever_the_table_says(environment: str) -> None:
    world = World(200, faults=ABORT)
    world.platform.environment = environment
    assert environment not in ENVIRONMENTS
    assert (world.ask().status, world.ask().headers.get("x-fault")) == (200, None)


@pytest.mark.parametrize(
    ("environment", "refused"),
    [(None, True), ("production", True), ("staging", False), ("dev", False), ("test", False)],
)
def test_check_refuses_faults_for_production(environment: str | None, refused: bool) -> None:
    found = list(check_faults(table(route(faults=ABORT)), environment))
    assert [one.path for one in found] == ([("routes", 0, "faults")] if refused else [])
