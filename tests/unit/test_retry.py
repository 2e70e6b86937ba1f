"""Retries: what is sent again, when, how often, and what ends it. The clock is the tests' own."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application import Application
from messages import Request, Response
from ports import Unavailable
from resilience.backoff import full_jitter, retry_after
from resilience.budget import BURST, RetryBudget
from resilience.repeating import IDEMPOTENT
from routing.check import check_table
from tests.unit.fakes import NOW, FakePlatform, FakeStream, exchange, json_response, run
from tests.unit.tables import route, table

LATE, GONE = Unavailable("DATA", timed_out=True), Unavailable("DATA")
Said = int | Unavailable | Response


def answering(*answers: Said) -> Callable[[Request], Response]:
    """One after the other; the last one for good."""
    left: Iterator[Said] = iter(answers)
    latest: list[Said] = [200]

    def answer(_: Request) -> Response:
        latest[0] = next(left, latest[0])
        if isinstance(latest[0], Unavailable):
            raise latest[0]
        return latest[0] if isinstance(latest[0], Response) else json_response(b"{}", latest[0])

    return answer


class Sent(NamedTuple):
    """A request that the service got."""

    path: str
    headers: dict[str, str]
    body: Any


class World:
    """A route with `retries`, and the service behind it."""

    def __init__(self, *answers: Said, of_service: Any = None, **members: Any) -> None:
        self.platform = FakePlatform()
        self.platform.waits_take_time = True
        self.service = self.platform.binding("DATA")
        self.sent: list[Sent] = []
        """What left, as it was then."""
        answer = answering(*answers)

        def noted(request: Request) -> Response:
            self.sent.append(Sent(request.path, dict(request.headers), request.body))
            return answer(request)

        self.service.answer = noted
        if "backends" in members:
            members["service"] = None
        members = {"methods": ["GET", "POST", "PUT"], "retries": {}} | members
        services = {"data": {"binding": "DATA"} | (of_service or {}), "auth": {"binding": "AUTH"}}
        one = table(route(**members), services=services)
        assert check_table(one) == []
        self.application = Application(one, "id", self.platform)
        self.log: dict[str, Any] = {}

    def ask(self, method: str = "GET", body: Any = None) -> int:
        asked = exchange(method, "/v2/things/7", body=body, now=self.platform.clock.now)
        self.log = asked.log
        return run(self.application.handle(asked)).status

    @property
    def calls(self) -> int:
        return len(self.sent)


FEW: dict[str, Any] = {"retries": {"attempts": 1}}
CASES: list[tuple[dict[str, Any], tuple[Said, ...], int, int]] = [
    # the route, what the service answers, what the client gets, how often the service is asked
    ({}, (200,), 200, 1),
    ({}, (503, 200), 200, 2),
    ({}, (502, 504, 200), 200, 3),
    ({}, (503,), 503, 3),
    ({}, (GONE, 200), 200, 2),
    ({}, (LATE, 200), 200, 2),
    ({}, (LATE, GONE, 503), 503, 3),
    ({}, (GONE,), 502, 3),
    ({}, (LATE,), 504, 3),
    ({}, (500, 200), 500, 1),
    ({}, (404, 200), 404, 1),
    ({}, (429, 200), 429, 1),
    (FEW, (503, 503, 200), 503, 2),
    ({"retries": {"on": ["500", "4xx"]}}, (500, 404, 200), 200, 3),
    ({"retries": {"on": ["500"]}}, (503, 200), 503, 1),
    ({"retries": {"on": ["connection"]}}, (LATE, 200), 504, 1),
    ({"retries": {"on": ["timeout"]}}, (GONE, 200), 502, 1),
    ({"retries": None}, (503, 200), 503, 1),
]


@pytest.mark.parametrize(("members", "answers", "status", "calls"), CASES)
def test_what_is_sent_again(
    members: dict[str, Any], answers: tuple[Said, ...], status: int, calls: int
) -> None:
    world = World(*answers, **members)
    assert (world.ask(), world.calls) == (status, calls)
    assert world.log.get("tries", 1) == calls


BODIES: list[tuple[str, Any, int]] = [
    # method, body, how often it is sent where the service fails once
    ("GET", None, 2),
    ("POST", None, 1),
    ("POST", FakeStream(b"once", 4), 1),
    ("PUT", FakeStream(b"twice", 5), 2),
    ("PUT", FakeStream(b"x" * 65_536, 65_536), 2),
    ("PUT", FakeStream(b"x" * 65_537, 65_537), 1),
]


@pytest.mark.parametrize(("method", "body", "calls"), BODIES)
def test_a_request_that_may_mean_something_else_twice_is_sent_once(
    method: str, body: Any, calls: int
) -> None:
    world = World(503, 200)
    assert world.ask(method, body) == (200 if calls == 2 else 503)
    assert world.calls == calls
    if calls == 2:
        assert [one.body for one in world.sent] == [body.content if body else None] * 2


def test_a_body_without_a_size_stays_a_stream_and_is_sent_once() -> None:
    world, body = World(503, 200, max_body="unlimited"), FakeStream(b"x")
    assert world.ask("PUT", body) == 503
    assert (world.calls, body.was_read) == (1, False)


def test_every_try_gets_the_same_path_and_fields() -> None:
    world = World(503, 503, 200, upstream_path="/other/{id}", upstream_host="a.internal")
    assert world.ask() == 200
    fields = [sorted(one.headers) for one in world.sent]
    assert fields[0] == fields[1] == fields[2]
    assert "forwarded" in fields[0]
    assert [one.path for one in world.sent] == ["/other/7"] * 3


WAITS: list[tuple[dict[str, Any], tuple[Said, ...], list[float]]] = [
    # with a chance of a half: half of the bound, which doubles up to `max`
    ({}, (503, 503, 200), [0.0125, 0.025]),
    ({"backoff": {"base": "1s", "max": "1500ms"}}, (503, 503, 200), [0.5, 0.75]),
    ({"backoff": {"base": "0s"}}, (503, 503, 200), []),
    # Retry-After is waited for where it is shorter than `max`, and else nobody waits.
    ({"backoff": {"max": "3s"}}, (json_response(b"", 503, retry_after="2"), 200), [2.0]),
    ({}, (json_response(b"", 503, retry_after="2"), 200), []),
    ({}, (json_response(b"", 503, retry_after="soon"), 200), [0.0125]),
]


@pytest.mark.parametrize(("retries", "answers", "waits"), WAITS)
def test_how_long_it_waits(
    retries: dict[str, Any], answers: tuple[Said, ...], waits: list[float]
) -> None:
    world = World(*answers, retries=retries)
    world.ask()
    assert world.platform.pauses == waits


def test_tries_share_the_time_of_the_route() -> None:
    retries = {"backoff": {"base": "2s", "max": "2s"}}
    world = World(503, retries=retries, timeouts={"total": "1500ms"})
    assert (world.ask(), world.calls) == (503, 2)  # a third one would begin after 2 s
    assert world.log["not_retried"] == "time"
    assert world.service.timeouts == [(10.0, 1.5), (10.0, 0.5)]
    told = [one.headers["gateway-deadline-ms"] for one in world.sent]
    assert told == ["1500", "500"]


TOLD: list[tuple[dict[str, Any], str | None]] = [
    ({"retries": None}, None),
    ({}, "10000"),
    ({"retries": {"per_try_timeout": "300ms"}}, "300"),
    ({"retries": None, "timeouts": {"headers": "2s"}}, "2000"),
    ({"retries": None, "timeouts": {"total": "4s"}}, "4000"),
    ({"retries": None, "timeouts": {"headers": "2s", "total": "1s"}}, "1000"),
]


@pytest.mark.parametrize(("members", "told"), TOLD)
def test_a_service_hears_how_long_it_is_waited_for(
    members: dict[str, Any], told: str | None
) -> None:
    world = World(200, **members)
    assert world.ask() == 200
    assert world.sent[0].headers.get("gateway-deadline-ms") == told


def test_a_retry_after_that_fits_into_the_time_is_waited_for() -> None:
    patient = {"timeouts": {"total": "10s"}}
    world = World(json_response(b"", 503, retry_after="8"), 200, **patient)
    assert (world.ask(), world.platform.pauses) == (200, [8.0])
    world = World(json_response(b"", 503, retry_after="10"), 200, **patient)
    assert (world.ask(), world.calls, world.log["not_retried"]) == (503, 1, "time")


def test_an_open_breaker_ends_it() -> None:
    world = World(
        503, of_service={"circuit_breaker": {"minimum_calls": 2}}, retries={"attempts": 5}
    )
    for _ in range(2):
        world.ask()
    assert world.ask() == 503
    asked = world.calls
    assert (world.ask(), world.calls, world.log.get("tries")) == (503, asked, None)


def test_a_retry_goes_to_another_backend() -> None:
    backends = [{"service": "data", "weight": 9}, {"service": "auth"}]
    world = World(503, backends=backends)
    assert (world.ask(), world.calls) == (200, 1)
    assert len(world.platform.binding("AUTH").requests) == 1
    assert world.log["backend"] == "auth"


def test_a_backend_whose_breaker_is_open_is_passed_over() -> None:
    breaker = {"circuit_breaker": {"minimum_calls": 1, "wait_open": "1h"}}
    world = World(
        503,
        of_service=breaker,
        backends=[{"service": "data", "weight": 1000}, {"service": "auth", "weight": 1}],
    )
    assert [world.ask() for _ in range(20)] == [200] * 20
    assert world.calls == 1


def test_a_copy_is_made_once() -> None:
    world = World(503, 200, mirror={"service": "auth"})
    assert (world.ask(), world.calls) == (200, 2)
    assert len(world.platform.binding("AUTH").requests) == 1


@pytest.mark.parametrize(("percent", "floor", "most"), [(20, 0, 20), (0, 0, 0), (10, 0, 10)])
def test_retries_are_a_share_of_the_requests(percent: float, floor: float, most: int) -> None:
    budget = {"percent": percent, "min_per_second": floor}
    world = World(503, of_service={"retry_budget": budget})
    assert {world.ask() for _ in range(100)} == {503}
    assert world.calls == 100 + most
    assert world.log["not_retried"] == "budget"


def test_a_budget_saves_up_no_more_than_a_burst_and_has_a_floor() -> None:
    budget = RetryBudget(50, 2)
    for _ in range(1000):
        budget.earn()
    assert sum(budget.spend(NOW) for _ in range(100)) == BURST + 2
    assert [budget.spend(NOW + later) for later in (0.4, 0.5, 0.6, 1.0)] == [
        False,
        True,
        False,
        True,
    ]
    assert sum(budget.spend(NOW + 3600) for _ in range(100)) == 2


@given(
    st.floats(0, 100),
    st.floats(0, 20),
    st.lists(st.tuples(st.booleans(), st.floats(0, 2)), max_size=200),
)
def test_whatever_happens_there_are_no_more_retries_than_the_budget_says(
    percent: float, floor: float, steps: list[tuple[bool, float]]
) -> None:
    budget, now, earned, spent = RetryBudget(percent, floor), NOW, 0, 0
    for is_request, passed in steps:
        now += passed
        if is_request:
            budget.earn()
            earned += 1
        else:
            spent += budget.spend(now)
    start = max(1, floor) if floor else 0
    assert spent <= earned * percent / 100 + start + (now - NOW) * floor + 1e-6


def test_jitter_is_anything_up_to_a_bound_that_doubles() -> None:
    assert [full_jitter(retry, 0.1, 0.5, 1.0) for retry in range(4)] == [0.1, 0.2, 0.4, 0.5]
    assert full_jitter(3, 0.1, 0.5, 0.0) == 0.0


AFTER = [
    ("3", 3.0),
    (" 0", 0.0),
    ("9999999999", 1e9),
    (None, None),
    ("-1", None),
    ("soon", None),
    ("Fri, 15 Jan 2027 08:00:05 GMT", 5.0),
    ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
]


@pytest.mark.parametrize(("value", "expected"), AFTER)
def test_retry_after_is_seconds_or_a_date(value: str | None, expected: float | None) -> None:
    assert retry_after(value, NOW) == expected


def test_what_cannot_be_repeated_has_no_retries() -> None:
    found = check_table(table(route(methods=["POST", "PATCH"], retries={})))
    assert [one.path for one in found] == [("routes", 0, "retries")]
    assert {"POST", "PATCH"} & IDEMPOTENT == set()
