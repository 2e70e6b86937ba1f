"""The circuit-breaker policy: when a service is left alone, and what that costs in calls."""

from collections.abc import Coroutine
from typing import Any

import pytest

from breakers.settings import CircuitBreakerSettings, Results, compiled
from breakers.talk import Talk
from breakers.view import TELL_EVERY, BreakerView, BreakerViews
from contract.breaker import BreakerName
from contract.breaker_directory import WishRequest
from contract.circuit_breaker import CircuitBreaker, Mode, State
from contract.problems import (
    AUTH_UNAVAILABLE,
    MALFORMED_REQUEST,
    REQUEST_TIMEOUT,
    UPSTREAM_BUSY,
    UPSTREAM_INVALID,
    UPSTREAM_NOT_CONFIGURED,
    UPSTREAM_TIMEOUT,
    UPSTREAM_UNREACHABLE,
    Problem,
)
from messages import Exchange, Response
from pipeline import NeverSent
from policies.circuit_breaker import CircuitBreakerPolicy
from tests.unit.fakes import NOW, FakePlatform, FakeStream, exchange, json_response, run

SETTINGS = CircuitBreakerSettings(minimum_calls=2, window=4, wait_open="10s", wait_jitter=0)
NAME = BreakerName("data", "local")

Work = Coroutine[Any, Any, None]


class Upstream:
    """The rest of the pipeline: answers with `status`, after `takes` seconds of the clock. 0 stands
    for a time-out, -1 for no connection, -2 for a defect of ours; a problem is raised as it is."""

    def __init__(self, platform: FakePlatform) -> None:
        self.status: int | Problem = 200
        self.takes = 0.0
        self.asked = 0
        self._clock = platform.clock

    async def __call__(self, _exchange: Exchange) -> Response:
        self.asked += 1
        self._clock.now += self.takes
        match self.status:
            case 0:
                raise Problem(UPSTREAM_TIMEOUT)
            case -1:
                raise Problem(UPSTREAM_UNREACHABLE)
            case -2:
                raise KeyError("ours")
            case Problem() as problem:
                raise problem
            case status:
                return json_response(b"{}", status)


class World:
    """An isolate's policy, the object that it talks to, and the service behind it."""

    def __init__(
        self, settings: CircuitBreakerSettings = SETTINGS, platform: FakePlatform | None = None
    ) -> None:
        self.platform = platform or FakePlatform()
        self.objects = self.platform.breakers
        self.objects.directory.enlist(NAME, NOW)
        self.objects.listed.add(NAME.object)
        self.upstream = Upstream(self.platform)
        self.view = BreakerView(NAME, compiled(settings, "10s"))
        talk = Talk(self.objects, self.platform.time, self.platform.pause, self.platform.log)
        self.policy = CircuitBreakerPolicy("data", settings, self.view, talk)

    def ask(
        self, later: float = 0, deferred: list[Work] | None = None, body: FakeStream | None = None
    ) -> str:
        """The answer's status, or the code of the problem."""
        self.platform.clock.now = NOW + later
        asked = exchange(now=NOW + later, deferred=deferred, body=body)
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

    @property
    def breaker(self) -> CircuitBreaker:
        return self.objects.breakers[NAME.object]


OPEN, LATE, GONE = "upstream-unavailable", "upstream-timeout", "upstream-unreachable"

STORIES = [
    # what the service does and when, what the client gets
    ([(200, 0)] * 3, ["200"] * 3),
    # One failure is not enough to judge by.
    ([(500, 0), (200, 0)], ["500", "200"]),
    ([(500, 0), (500, 0), (200, 1)], ["500", "500", OPEN]),
    ([(0, 0), (0, 0), (200, 1)], [LATE, LATE, OPEN]),
    ([(-1, 0), (-1, 0), (200, 1)], [GONE, GONE, OPEN]),
    ([(503, 0), (0, 0), (200, 9.9)], ["503", LATE, OPEN]),
    # The client's own mistakes are no failures of the service.
    ([(404, 0), (429, 0), (400, 0), (200, 0)], ["404", "429", "400", "200"]),
    # Open, half-open with a good probe, closed.
    ([(500, 0), (500, 0), (200, 10), (200, 10)], ["500", "500", "200", "200"]),
    # Open, half-open with a bad probe, open once more and for longer.
    (
        [(500, 0), (500, 0), (500, 10), (200, 29), (200, 30)],
        ["500", "500", "500", OPEN, "200"],
    ),
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
    world.objects.down = True
    assert world.ask_all(*steps) == answers


@pytest.mark.parametrize(
    ("record", "ignore", "result", "failed"),
    [
        (("5xx",), (), 503, True),
        (("5xx",), (), 404, False),
        (("5xx",), ("501",), 501, None),
        (("5xx", "429"), (), 429, True),
        (("5xx",), (), "timeout", False),
        (("timeout",), (), "timeout", True),
        (("5xx",), ("4xx", "connection"), "connection", None),
        (("5xx",), ("4xx",), 404, None),
    ],
)
def test_what_is_a_failure(
    record: tuple[str, ...], ignore: tuple[str, ...], result: int | str, failed: bool | None
) -> None:
    results = Results(CircuitBreakerSettings(record=record, ignore=ignore))
    assert results.failed(result) is failed


@pytest.mark.parametrize(
    "problem",
    [
        Problem(MALFORMED_REQUEST),  # its body broke off
        Problem(REQUEST_TIMEOUT),  # or did not come
        Problem(UPSTREAM_BUSY),
        Problem(UPSTREAM_NOT_CONFIGURED),
        Problem(AUTH_UNAVAILABLE),  # nobody could sign who is calling
        NeverSent(UPSTREAM_TIMEOUT),
    ],
)
def test_a_call_that_was_never_made_is_no_outcome(problem: Problem) -> None:
    world = World()
    world.ask_all((500, 0))
    world.upstream.status = problem
    deferred: list[Work] = []
    for _ in range(5):
        assert world.ask(deferred=deferred) == problem.type.code
    assert not deferred
    assert world.view.take(NOW).outcomes.calls == ""


def test_an_answer_that_cannot_be_used_is_a_failure() -> None:
    world = World()
    world.upstream.status = Problem(UPSTREAM_INVALID)
    assert [world.ask(), world.ask(), world.ask(1)] == ["upstream-invalid"] * 2 + [OPEN]


def test_while_closed_no_request_waits_for_a_call() -> None:
    """One request in five seconds tells, behind its answer, what all have counted."""
    world, deferred = World(), list[Work]()
    for n in range(100):
        assert world.ask(n / 100, deferred) == "200"
    assert world.objects.calls == []
    assert len(deferred) == 1
    run(deferred.pop())
    assert world.objects.calls == ["report"]
    assert world.breaker.window.tally(NOW).calls == 4  # the window's size
    assert world.ask(TELL_EVERY, deferred) == "200"
    assert (world.objects.calls, len(deferred)) == (["report"], 0)
    assert world.ask(TELL_EVERY + 1, deferred) == "200"
    assert (world.objects.calls, len(deferred)) == (["report"], 1)
    run(deferred.pop())


def test_failures_of_a_moment_are_told_together_and_once() -> None:
    settings = CircuitBreakerSettings(minimum_calls=100, window=100)
    world, deferred = World(settings), list[Work]()
    world.upstream.status = 500
    for _ in range(50):
        world.ask(0, deferred)
    assert len(deferred) == 1
    run(deferred.pop())
    assert world.objects.calls == ["report"]
    world.ask(1, deferred)
    run(deferred.pop())
    assert world.breaker.window.tally(NOW).failures == 51


def test_what_was_not_answered_is_not_told_again() -> None:
    world = World()
    world.objects.down = True
    world.ask_all((500, 0))
    world.objects.down = False
    world.ask_all((200, 0), (200, 6))
    assert world.breaker.window.tally(NOW).failures == 0


def test_a_teller_that_was_cancelled_is_replaced() -> None:
    world, deferred = World(), list[Work]()
    world.upstream.status = 500
    world.ask(0, deferred)
    deferred.pop().close()
    world.ask(1, deferred)
    assert deferred == []
    world.ask(20, deferred)
    run(deferred.pop())
    assert world.breaker.state is State.OPEN


def test_while_open_a_refusal_costs_no_call_and_says_when_to_come_back() -> None:
    world = World()
    world.ask_all((500, 0), (500, 0))
    calls = len(world.objects.calls)
    asked = exchange(now=NOW + 2.5)
    with pytest.raises(Problem) as refused:
        run(world.policy(asked, world.upstream))
    assert refused.value.headers == {"retry-after": "8"}
    assert asked.log["breaker"] == "open"
    assert len(world.objects.calls) == calls
    assert world.upstream.asked == 2


def test_an_isolate_learns_from_the_object_what_others_have_seen() -> None:
    world = World()
    World(platform=world.platform).ask_all((500, 0), (500, 0))
    # Its first call brings back the news, whatever came of it.
    assert world.ask_all((200, 1), (200, 1)) == ["200", OPEN]


def test_outcomes_from_before_a_transition_do_not_count_after_it() -> None:
    world, deferred = World(), list[Work]()
    world.ask_all((200, 0))
    world.upstream.status = 500
    for _ in range(3):
        world.ask(1, deferred)
    other = World(platform=world.platform)
    other.ask_all((500, 2), (500, 2), (200, 12), (200, 12))
    assert world.breaker.state is State.CLOSED
    run(deferred.pop())
    assert world.breaker.state is State.CLOSED
    assert world.breaker.window.tally(NOW).failures == 0


def test_only_so_many_probes_go_out_and_a_refusal_holds_for_a_moment() -> None:
    world = World()
    world.ask_all((500, 0), (500, 0))
    probe = world.breaker.acquire(world.view.settings, NOW + 10)  # another isolate's, on its way
    assert probe.granted
    assert world.ask_all((200, 10)) == [OPEN]
    calls = len(world.objects.calls)
    assert world.ask_all((200, 10.5), (200, 10.9)) == [OPEN, OPEN]
    assert len(world.objects.calls) == calls
    assert world.breaker.state is State.HALF_OPEN


PROBES = [
    # how the probe ends, what the breaker is then
    (200, State.CLOSED),
    (500, State.OPEN),
    (0, State.OPEN),
    (501, State.HALF_OPEN),  # ignored: its place is free again
    (-2, State.HALF_OPEN),
]


@pytest.mark.parametrize(("status", "state"), PROBES)
def test_every_end_of_a_probe_is_told(status: int, state: State) -> None:
    settings = CircuitBreakerSettings(minimum_calls=2, wait_jitter=0, ignore=("501",))
    world = World(settings)
    world.ask_all((500, 0), (500, 0))
    world.upstream.status = status
    try:
        world.ask(10)
    except KeyError:
        assert status == -2
    assert (world.breaker.state, world.breaker.permits) == (state, {})


def test_slow_calls_open_it() -> None:
    settings = CircuitBreakerSettings(
        minimum_calls=2, slow_call_rate_threshold=50, slow_call_duration_threshold="2s"
    )
    world = World(settings)
    world.upstream.takes = 1.9
    assert world.ask_all((200, 0), (200, 2), (200, 4)) == ["200"] * 3
    world.upstream.takes = 2.0
    assert world.ask_all((200, 6), (200, 8), (200, 10), (200, 12)) == ["200", "200", "200", OPEN]


@pytest.mark.parametrize(
    ("arrived", "is_slow"),
    [
        (None, False),  # nobody knows how long the client took
        (1.5, False),
        (0.5, True),
    ],
)
def test_the_time_that_a_client_takes_to_send_is_not_the_services(
    arrived: float | None, is_slow: bool
) -> None:
    settings = CircuitBreakerSettings(minimum_calls=1, slow_call_duration_threshold="1s")
    world = World(settings)
    body = FakeStream(b"sent")
    body.arrived = None if arrived is None else NOW + arrived
    world.upstream.takes = 2
    world.ask(body=body)
    assert (world.ask(body=body) == OPEN) is is_slow


def test_in_a_window_of_time_outcomes_carry_their_age() -> None:
    settings = CircuitBreakerSettings(
        sliding_window_type="time_based", window_time="20s", minimum_calls=3
    )
    world, deferred = World(settings), list[Work]()
    world.upstream.status = 500
    world.ask(0, deferred)
    world.ask(15, deferred)
    world.platform.clock.now = NOW + 19.9
    while deferred:
        run(deferred.pop())
    assert world.breaker.window.tally(NOW + 20.1).calls == 1
    assert world.ask_all((500, 22), (200, 23)) == ["500", "200"]
    assert world.breaker.state is State.CLOSED


def test_an_isolate_that_is_alone_goes_on_from_what_is_known() -> None:
    world = World()
    world.ask_all((500, 0), (500, 0))
    world.objects.down = True
    assert world.ask_all((200, 9), (500, 10), (200, 11)) == [OPEN, "500", OPEN]
    assert [line["to"] for line in world.platform.lines if "to" in line] == ["half-open", "open"]


def test_the_object_decides_again_as_soon_as_it_answers() -> None:
    world = World()
    world.objects.down = True
    assert world.ask_all((500, 0), (500, 0), (200, 1)) == ["500", "500", OPEN]
    world.objects.down = False
    assert world.ask_all((200, 6), (200, 6)) == [OPEN, "200"]


def test_an_answer_that_was_overtaken_by_a_later_one_is_not_believed() -> None:
    world = World()
    world.ask_all((500, 0), (500, 0))
    world.breaker.state, world.breaker.version = State.CLOSED, 0
    world.ask_all((200, 10))
    assert world.view.state is State.OPEN


def test_a_lost_object_is_noted_in_the_log() -> None:
    world = World()
    world.objects.down = True
    world.ask_all((500, 0), (500, 0))
    lines = world.platform.lines
    assert [line["what"] for line in lines] == [
        "the object does not answer",
        "the isolate judged alone",
    ]
    assert lines[0]["error"] == "circuit breaker: unreachable"
    asked = exchange(now=NOW + 10)
    run(world.policy(asked, world.upstream))
    assert asked.log["breaker_object"] == "circuit breaker: unreachable"


FORCED = [
    # what an operator says while the service fails, what clients get
    (Mode.OPEN, ["200", OPEN]),
    (Mode.CLOSED, ["200", "200"]),
]


@pytest.mark.parametrize(("mode", "answers"), FORCED)
def test_what_an_operator_wants_is_heard(mode: Mode, answers: list[str]) -> None:
    world = World()
    world.ask_all((200, 0))
    world.breaker.force(mode, NOW, "because")
    assert world.ask_all((200, 6), (200, 6)) == answers
    assert world.view.state == f"forced-{mode}"


def test_a_client_is_not_told_that_a_service_failed_which_an_operator_took_away() -> None:
    world = World()
    world.ask_all((200, 0))
    world.breaker.force(Mode.OPEN, NOW, "because")
    world.ask_all((200, 6))
    with pytest.raises(Problem, match="was taken out of use") as refused:
        run(world.policy(exchange(now=NOW + 7), world.upstream))
    assert refused.value.headers == {"retry-after": "30"}


def test_while_open_an_operator_is_heard_before_the_wait_is_over() -> None:
    world = World()
    world.ask_all((500, 0), (500, 0))
    world.breaker.force(Mode.CLOSED, NOW, "because")
    assert world.ask_all((200, 6), (200, 6)) == [OPEN, "200"]


def test_the_first_isolate_of_a_region_lists_its_breaker_and_hears_what_is_wanted() -> None:
    world = World()
    world.objects.listed.clear()
    world.objects.directory.seen.clear()
    wish = WishRequest(upstream="data", mode=Mode.OPEN, reason="migration", by="ada")
    world.objects.directory.want(wish, NOW)
    assert world.ask_all((200, 0), (200, 1), (200, 1)) == ["200", "200", OPEN]
    assert world.objects.calls == ["report", "enlist", "force", "report"]
    assert world.objects.directory.listing(NOW).names == (NAME,)
    assert world.objects.listed == {NAME.object}


def test_views_outlive_tables_and_are_bounded() -> None:
    views = BreakerViews()
    settings, other = compiled(SETTINGS, "10s"), compiled(CircuitBreakerSettings(), "10s")
    first = views.view(NAME, settings)
    assert views.view(BreakerName("data", "local"), compiled(SETTINGS, "10s")) is first
    assert views.view(NAME, other) is not first
    for number in range(BreakerViews.MAX_VIEWS):
        views.view(BreakerName(f"s{number}", "local"), settings)
    assert views.view(NAME, settings) is not first
