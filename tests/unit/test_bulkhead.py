"""Bulkheads and load shedding: who gets in, who waits, and what becomes of who never leaves."""

from collections.abc import Coroutine, Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application import Application
from contract.problems import Problem
from messages import Exchange, Request, Response
from policies.bulkhead import LOOKS, Bulkhead
from policies.load_shedding import LoadShedding
from resilience.load import PATIENCE, Load
from resilience.permits import Permits
from resilience.surroundings import Surroundings
from tests.unit.fakes import NOW, FakePlatform, exchange, json_response, run
from tests.unit.tables import route, table

HOLD = 12.0
"""Seconds that a place is held: the call's 10, and 2."""


class Pause:
    """A wait that has not ended: the test goes on with the coroutine when it likes."""

    def __await__(self) -> Generator[Any, Any, None]:
        yield "pause"


class World:
    """A bulkhead with requests in it that the test moves on, one step at a time."""

    def __init__(self, max_in_flight: int = 2, queue: int = 2) -> None:
        self.now = NOW
        self.permits = Permits(max_in_flight, queue)

        async def pause(_: float) -> None:
            await Pause()

        around = Surroundings(lambda: self.now, pause, lambda: 0.5)
        self.policy = Bulkhead("data", self.permits, around, wait=0.1, timeout=10.0)
        self.sent = 0

    async def service(self, _: Exchange) -> Response:
        self.sent += 1
        await Pause()
        return json_response(b"{}")

    def begin(self) -> "Begun":
        return Begun(self.policy(exchange(now=self.now), self.service))


class Begun:
    """A request under way. `step` goes on with it: `waits`, or what came of it."""

    def __init__(self, coroutine: Coroutine[Any, Any, Response]) -> None:
        self._coroutine = coroutine
        self.state = self.step()

    def step(self) -> str:
        try:
            self._coroutine.send(None)
            self.state = "waits"
        except StopIteration as finished:
            self.state = str(finished.value.status)
        except Problem as problem:
            self.state = f"{problem.type.code} {problem.headers['retry-after']}"
        return self.state

    def abort(self) -> None:
        """As where the platform ends it, and `finally` runs."""
        self._coroutine.close()


def test_no_more_than_the_limit_are_sent_and_the_rest_waits_or_is_refused() -> None:
    world = World(max_in_flight=2, queue=2)
    begun = [world.begin() for _ in range(5)]
    assert world.sent == 2
    assert [one.state for one in begun] == ["waits"] * 4 + ["upstream-busy 1"]


def test_places_are_given_in_the_order_of_coming() -> None:
    world = World(max_in_flight=1, queue=2)
    inside, first, second = (world.begin() for _ in range(3))
    assert inside.step() == "200"
    second.step()
    assert world.sent == 1  # it is not its turn
    first.step()
    assert world.sent == 2
    newcomer = world.begin()
    assert (world.sent, newcomer.state) == (2, "waits")
    assert first.step() == "200"
    newcomer.step()
    second.step()
    assert world.sent == 3
    assert second.step() == "200"


def test_who_has_waited_long_enough_is_refused() -> None:
    world = World(max_in_flight=1, queue=1)
    inside, waiting = world.begin(), world.begin()
    assert [waiting.step() for _ in range(LOOKS)] == ["waits"] * (LOOKS - 1) + ["upstream-busy 1"]
    assert world.begin().state == "waits"  # its place in the queue is free
    assert inside.step() == "200"


@pytest.mark.parametrize("at", ["inside", "in the queue"])
def test_an_abort_leaves_no_place_taken(at: str) -> None:
    world = World(max_in_flight=1, queue=1)
    inside, waiting = world.begin(), world.begin()
    (inside if at == "inside" else waiting).abort()
    if at == "inside":
        waiting.step()
        assert world.sent == 2
    else:
        assert world.begin().state == "waits"


def test_who_vanishes_without_a_word_holds_nothing_for_long() -> None:
    permits = Permits(1, 1)
    assert permits.enter(NOW, NOW + HOLD) is not None
    assert permits.queue_up(NOW, NOW + 0.2) is not None
    assert permits.queue_up(NOW + 0.1, NOW + 0.3) is None
    second = permits.queue_up(NOW + 0.2, NOW + HOLD + 1)
    assert second is not None
    assert not permits.move_up(second, NOW + HOLD - 0.1, NOW + 99)
    assert permits.move_up(second, NOW + HOLD, NOW + 99)
    assert permits.enter(NOW + HOLD, NOW + 99) is None


def test_nothing_grows() -> None:
    permits = Permits(3, 5)
    given = [permits.enter(NOW, NOW + 1) or permits.queue_up(NOW, NOW + 1) for _ in range(1000)]
    assert sum(ticket is not None for ticket in given) == 8


@given(st.lists(st.tuples(st.sampled_from("eqml"), st.integers(0, 40)), max_size=80))
def test_whatever_happens_no_more_are_inside_than_may_be(steps: list[tuple[str, int]]) -> None:
    permits, now = Permits(3, 2), NOW
    inside: dict[int, float] = {}
    waiting: list[int] = []
    for step, number in steps:
        now += number / 20
        inside = {ticket: end for ticket, end in inside.items() if end > now}
        match step:
            case "e":
                ticket = permits.enter(now, now + 1)
                if ticket is not None:
                    inside[ticket] = now + 1
            case "q":
                ticket = permits.queue_up(now, now + 1)
                waiting += [ticket] if ticket is not None else []
            case "m" if waiting:
                ticket = waiting[number % len(waiting)]
                if permits.move_up(ticket, now, now + 1):
                    waiting.remove(ticket)
                    inside[ticket] = now + 1
            case "l" if inside:
                ticket = list(inside)[number % len(inside)]
                permits.leave(ticket)
                del inside[ticket]
        assert len(inside) <= 3
    # A place that is free is given, once nobody waits for it any more.
    assert permits.enter(now + 2, now + 3) is not None


def test_a_full_bulkhead_says_nothing_of_the_service() -> None:
    platform = FakePlatform()
    data = {"binding": "DATA", "circuit_breaker": {"minimum_calls": 1}, "bulkhead": {}}
    one = table(route(), services={"data": data})
    application = Application(one, "id", platform)
    step = application._routes.all().__next__().steps()
    assert [each.name for each in step][-2:] == ["circuit_breaker", "bulkhead"]
    assert run(application.handle(exchange("GET", "/v2/things/7"))).status == 200


ENDS: list[dict[str, Any]] = [
    {"service": "data"},
    {"service": None, "backends": [{"service": "data"}]},
    {"service": None, "aggregate": {"parts": {"one": {"service": "data", "path": "/"}}}},
]


@pytest.mark.parametrize("end", ENDS)
def test_a_service_has_one_bulkhead_whichever_route_calls_it(end: dict[str, Any]) -> None:
    platform = FakePlatform()
    data = {"binding": "DATA", "bulkhead": {"max_in_flight": 1, "queue": 0}}
    one = table(
        route(name="outer", path="/outer"), route(name="inner", **end), services={"data": data}
    )
    application = Application(one, "id", platform)
    inner: list[Response] = []

    def answer(request: Request) -> Response:
        if request.path == "/outer":  # while this one is under way, there is no room
            inner.append(run(application.handle(exchange("GET", "/v2/things/7"))))
        return json_response(b"{}")

    platform.binding("DATA").answer = answer
    assert run(application.handle(exchange("GET", "/v2/outer"))).status == 200
    (refused,) = inner
    assert isinstance(refused.body, bytes)
    assert (refused.status, b"upstream-busy" in refused.body) == (503, True)
    assert run(application.handle(exchange("GET", "/v2/things/7"))).status == 200


LIMITS = [("critical", 10), ("default", 9), ("sheddable", 6)]


@pytest.mark.parametrize(("priority", "limit"), LIMITS)
def test_what_matters_least_is_refused_first(priority: str, limit: int) -> None:
    one = table(
        route(priority=priority),
        services={"data": {"binding": "DATA"}},
        load_shedding={"max_in_flight": 10},
    )
    application = Application(one, "id", FakePlatform())
    found = next(application._routes.all())
    shedding = next(step for step in found.steps() if step.name == "load_shedding")
    assert shedding.settings == {"priority": priority, "max_in_flight": limit}


def test_a_request_counts_until_its_answer() -> None:
    load = Load()
    policy = LoadShedding(load, 1, "default")
    asked = exchange()

    async def meanwhile(_: Exchange) -> Response:
        other = exchange()
        other.request_id = "request-2"
        with pytest.raises(Problem, match="too much to do") as refused:
            await policy(other, service)
        assert refused.value.headers == {"retry-after": "1"}
        assert other.log == {"shed": "default"}
        return json_response(b"{}")

    async def service(_: Exchange) -> Response:
        return json_response(b"{}")

    run(policy(asked, meanwhile))
    assert run(policy(exchange(), service)).status == 200


def test_who_never_says_that_it_is_over_is_forgotten() -> None:
    load = Load()
    assert load.admit("a", NOW, 2)
    assert load.admit("b", NOW + 1, 2)
    assert not load.admit("c", NOW + PATIENCE - 0.1, 2)
    assert load.admit("c", NOW + PATIENCE, 2)
    assert not load.admit("d", NOW + PATIENCE, 2)
    load.leave("c")
    assert load.admit("d", NOW + PATIENCE, 2)


def test_without_the_setting_nothing_is_counted() -> None:
    application = Application(table(route(priority="sheddable")), "id", FakePlatform())
    assert [step.name for step in next(application._routes.all()).steps()] == []
