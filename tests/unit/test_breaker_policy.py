"""The circuit-breaker policy: when a service is left alone, and what that costs in calls."""

import pytest

from contract.circuit_breaker import BreakerSettings, State
from contract.problems import UPSTREAM_TIMEOUT, Problem
from messages import Exchange, Response
from policies.circuit_breaker import CircuitBreakerPolicy
from tests.unit.fakes import NOW, FakePlatform, exchange, json_response, run

SETTINGS = BreakerSettings(minimum_calls=2, window=4, failure_rate_threshold=50, wait_open=10)


class Upstream:
    """The rest of the pipeline; answers with `status`, or with a time-out where it is 0."""

    def __init__(self) -> None:
        self.status = 200
        self.asked = 0

    async def __call__(self, _exchange: Exchange) -> Response:
        self.asked += 1
        if self.status == 0:
            raise Problem(UPSTREAM_TIMEOUT)
        return json_response(b"{}", self.status)


class World:
    """A policy, the object that it asks, and the service behind it."""

    def __init__(self) -> None:
        self.platform = FakePlatform()
        self.upstream = Upstream()
        self.policy = CircuitBreakerPolicy("data", SETTINGS, self.platform.breakers)

    def ask(self, later: float = 0) -> str:
        """The answer's status, or the code of the problem."""
        self.platform.clock.now = NOW + later
        asked = exchange(now=NOW + later)
        try:
            return str(run(self.policy(asked, self.upstream)).status)
        except Problem as problem:
            return problem.type.code

    def ask_all(self, *steps: tuple[int, float]) -> list[str]:
        """Ask once for each (status of the service, seconds from the start)."""
        answers = []
        for status, later in steps:
            self.upstream.status = status
            answers.append(self.ask(later))
        return answers


OPEN, LATE = "upstream-unavailable", "upstream-timeout"

STORIES = [
    # what the service does and when, what the client gets
    ([(200, 0)] * 3, ["200"] * 3),
    # One failure is not enough to judge by.
    ([(500, 0), (200, 0)], ["500", "200"]),
    ([(500, 0), (500, 0), (200, 1)], ["500", "500", OPEN]),
    ([(0, 0), (0, 0), (200, 1)], [LATE, LATE, OPEN]),
    ([(503, 0), (0, 0), (200, 9.9)], ["503", LATE, OPEN]),
    # The client's own mistakes are no failures of the service.
    ([(404, 0), (429, 0), (400, 0), (200, 0)], ["404", "429", "400", "200"]),
    # Open, half-open with a good probe, closed.
    ([(500, 0), (500, 0), (200, 10), (200, 10)], ["500", "500", "200", "200"]),
    # Open, half-open with a bad probe, open once more.
    ([(500, 0), (500, 0), (500, 10), (200, 11), (200, 20)], ["500", "500", "500", OPEN, "200"]),
    # Successes weigh: two of five are under the threshold.
    ([(200, 0), (200, 0), (200, 0), (500, 0), (200, 0)], ["200", "200", "200", "500", "200"]),
]


@pytest.mark.parametrize(("steps", "answers"), STORIES)
def test_a_story(steps: list[tuple[int, float]], answers: list[str]) -> None:
    assert World().ask_all(*steps) == answers


@pytest.mark.parametrize(("steps", "answers"), STORIES)
def test_the_same_story_without_the_object(
    steps: list[tuple[int, float]], answers: list[str]
) -> None:
    world = World()
    world.platform.breakers.down = True
    assert world.ask_all(*steps) == answers


def test_while_closed_a_success_costs_no_call() -> None:
    world = World()
    world.ask_all(*[(200, 0)] * 5)
    assert world.platform.breakers.calls == []


def test_while_open_a_refusal_costs_no_call_and_says_when_to_come_back() -> None:
    world = World()
    world.ask_all((500, 0), (500, 0))
    calls = len(world.platform.breakers.calls)
    asked = exchange(now=NOW + 2.5)
    with pytest.raises(Problem) as refused:
        run(world.policy(asked, world.upstream))
    assert refused.value.headers == {"retry-after": "8"}
    assert asked.log["breaker"] == "open"
    assert len(world.platform.breakers.calls) == calls
    assert world.upstream.asked == 2


def test_an_isolate_learns_from_the_object_what_others_have_seen() -> None:
    world = World()
    other = World()
    other.platform = world.platform
    other.policy = CircuitBreakerPolicy("data", SETTINGS, world.platform.breakers)
    other.ask_all((500, 0), (500, 0))
    # Its own first failure brings back the news.
    assert world.ask_all((500, 1), (200, 1)) == ["500", OPEN]


def test_only_so_many_probes_go_out() -> None:
    world = World()
    world.ask_all((500, 0), (500, 0))
    breaker = world.platform.breakers.breakers["data"]
    assert breaker.acquire(SETTINGS, NOW + 10)  # another isolate's probe, still on its way
    assert world.ask_all((200, 10)) == [OPEN]
    assert breaker.state is State.HALF_OPEN


def test_an_answer_that_was_overtaken_by_a_later_one_is_not_believed() -> None:
    world = World()
    world.ask_all((500, 0), (500, 0))
    breaker = world.platform.breakers.breakers["data"]
    breaker.state, breaker.version = State.CLOSED, 0
    world.ask_all((200, 10), (200, 10))
    # It may call, as the object says so; but it goes on asking.
    assert world.platform.breakers.calls[-2:] == ["acquire", "acquire"]


def test_a_lost_object_is_noted_in_the_log() -> None:
    world = World()
    world.platform.breakers.down = True
    asked = exchange()
    world.upstream.status = 500
    run(world.policy(asked, world.upstream))
    assert asked.log["breaker_object"] == "circuit breaker: unreachable"
