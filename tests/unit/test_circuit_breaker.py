"""The circuit breaker: every transition, what does not count, how long it waits, what it keeps."""

from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.circuit_breaker import (
    MAX_EVENTS,
    BreakerSettings,
    CircuitBreaker,
    Mode,
    State,
)
from contract.outcome_window import BUCKETS, Aged, Outcome, Outcomes, Tally

START = 1_800_000_000.0
SETTINGS = BreakerSettings(
    failure_rate_threshold=50.0,
    slow_call_rate_threshold=75.0,
    minimum_calls=4,
    window=8,
    wait_open=10.0,
    max_wait_open=60.0,
    wait_jitter=0.0,
    reset_after=100.0,
    probes=2,
    probe_timeout=30.0,
)
TIMED = msgspec.structs.replace(SETTINGS, window_time=20.0)

CLOSED, OPEN, HALF_OPEN = State.CLOSED, State.OPEN, State.HALF_OPEN
FORCED_OPEN, FORCED_CLOSED = State.FORCED_OPEN, State.FORCED_CLOSED


class Calls(NamedTuple):
    """A report of calls in order: `0` good, `1` failed, `2` slow, `3` both; `age` seconds old."""

    at: float
    calls: str
    age: float = 0.0


class Ask(NamedTuple):
    """A request to call, and the answer to it."""

    at: float
    granted: bool


class Probe(NamedTuple):
    """What came of the probe with this permit; None: nothing that counts."""

    at: float
    permit: int
    outcome: Outcome | None = Outcome.GOOD


class Force(NamedTuple):
    """An operator's word."""

    at: float
    mode: Mode


Step = Calls | Ask | Probe | Force
BAD, SLOW = Outcome.FAILED, Outcome.SLOW
OPENED: list[tuple[Step, State]] = [(Calls(0, "1111"), OPEN)]
PROBING: list[tuple[Step, State]] = [
    *OPENED,
    (Ask(10, True), HALF_OPEN),
    (Ask(10, True), HALF_OPEN),
]

# Name: what happens, and the state that each step leaves behind.
CASES: dict[str, list[tuple[Step, State]]] = {
    "a closed breaker lets calls out": [(Ask(0, True), CLOSED), (Calls(0, "0" * 100), CLOSED)],
    "too few calls are no rate": [(Calls(0, "111"), CLOSED), (Ask(0, True), CLOSED)],
    "closed opens at the failure rate": [(Calls(0, "00"), CLOSED), (Calls(0, "11"), OPEN)],
    "closed stays closed below it": [(Calls(0, "000"), CLOSED), (Calls(0, "11"), CLOSED)],
    "closed opens at the slow-call rate": [(Calls(0, "0222"), OPEN)],
    "closed stays closed below that": [(Calls(0, "00222"), CLOSED)],
    "a call may be slow and fail": [(Calls(0, "0033"), OPEN)],
    "slow calls are no failures": [(Calls(0, "1002"), CLOSED), (Calls(0, "2"), CLOSED)],
    "only the last calls count": [
        (Calls(0, "111"), CLOSED),
        (Calls(0, "00000000"), CLOSED),
        (Calls(0, "111"), CLOSED),
        (Calls(0, "1"), OPEN),
    ],
    "in their order": [(Calls(0, "111" + "0" * 8), CLOSED), (Calls(0, "111"), CLOSED)],
    "open refuses until the wait is over": [
        *OPENED,
        (Ask(0, False), OPEN),
        (Ask(9.9, False), OPEN),
        (Ask(10, True), HALF_OPEN),
    ],
    "open does not count late reports": [*OPENED, (Calls(5, "0" * 50), OPEN), (Probe(5, 1), OPEN)],
    "half-open lets as many probes out as the settings say": [
        *PROBING,
        (Ask(10, False), HALF_OPEN),
    ],
    "half-open closes when they come back": [
        *PROBING,
        (Probe(11, 1), HALF_OPEN),
        (Ask(11, False), HALF_OPEN),
        (Probe(11, 2), CLOSED),
    ],
    "half-open opens as soon as the failure rate is certain": [
        *PROBING,
        (Probe(12, 1, BAD), OPEN),
        (Ask(31.9, False), OPEN),
        (Ask(32, True), HALF_OPEN),
    ],
    "one slow probe of two is below the slow-call rate": [
        *PROBING,
        (Probe(12, 1, SLOW), HALF_OPEN),
        (Probe(12, 2), CLOSED),
    ],
    "half-open opens at the slow-call rate": [
        *PROBING,
        (Probe(12, 1, SLOW), HALF_OPEN),
        (Probe(12, 2, SLOW), OPEN),
    ],
    "half-open does not count calls from before": [
        *PROBING,
        (Calls(11, "1" * 50), HALF_OPEN),
        (Calls(11, "0" * 50), HALF_OPEN),
    ],
    "half-open does not count a probe that nobody sent, nor one twice": [
        *PROBING,
        (Probe(11, 7), HALF_OPEN),
        (Probe(11, 1), HALF_OPEN),
        (Probe(11, 1), HALF_OPEN),
    ],
    "a probe that counts as nothing gives its place back": [
        *PROBING,
        (Probe(11, 1, None), HALF_OPEN),
        (Ask(11, True), HALF_OPEN),
        (Ask(11, False), HALF_OPEN),
    ],
    "a probe that never reports gives its place back": [
        *PROBING,
        (Ask(39.9, False), HALF_OPEN),
        (Ask(40, True), HALF_OPEN),
        (Probe(41, 1), HALF_OPEN),
        (Probe(41, 3), HALF_OPEN),
    ],
    "a probe of an earlier half-open does not count in a later one": [
        *PROBING,
        (Probe(11, 2, BAD), OPEN),
        (Ask(31, True), HALF_OPEN),
        (Probe(32, 1), HALF_OPEN),
        (Probe(32, 1, BAD), HALF_OPEN),
    ],
    "closed starts with a clean window": [
        *PROBING,
        (Probe(11, 1), HALF_OPEN),
        (Probe(11, 2), CLOSED),
        (Probe(11, 2, BAD), CLOSED),
        (Calls(12, "111"), CLOSED),
        (Calls(12, "1"), OPEN),
    ],
    "forced open refuses for as long as it takes": [
        (Force(0, Mode.OPEN), FORCED_OPEN),
        (Ask(1e6, False), FORCED_OPEN),
        (Calls(1e6, "0000"), FORCED_OPEN),
    ],
    "after that probes decide": [
        (Force(0, Mode.OPEN), FORCED_OPEN),
        (Force(5, Mode.AUTO), HALF_OPEN),
        (Ask(5, True), HALF_OPEN),
        (Probe(6, 1, BAD), OPEN),
    ],
    "forced closed lets everything out": [
        (Force(0, Mode.CLOSED), FORCED_CLOSED),
        (Calls(1, "1111"), FORCED_CLOSED),
        (Ask(1, True), FORCED_CLOSED),
    ],
    "after that it starts with a clean window": [
        (Force(0, Mode.CLOSED), FORCED_CLOSED),
        (Calls(1, "1111"), FORCED_CLOSED),
        (Force(2, Mode.AUTO), CLOSED),
        (Calls(2, "111"), CLOSED),
        (Calls(2, "1"), OPEN),
    ],
    "an operator opens and closes from any state": [
        *PROBING,
        (Force(11, Mode.CLOSED), FORCED_CLOSED),
        (Probe(11, 1, BAD), FORCED_CLOSED),
        (Force(12, Mode.OPEN), FORCED_OPEN),
        (Force(12, Mode.OPEN), FORCED_OPEN),
    ],
    "an operator need not wait": [*OPENED, (Force(1, Mode.AUTO), HALF_OPEN)],
    "what is automatic already stays as it is": [
        (Force(0, Mode.AUTO), CLOSED),
        *PROBING,
        (Force(11, Mode.AUTO), HALF_OPEN),
    ],
}

TIMED_CASES: dict[str, list[tuple[Step, State]]] = {
    "calls of the last seconds count": [(Calls(0, "11"), CLOSED), (Calls(18, "11"), OPEN)],
    "older ones do not": [(Calls(0, "111"), CLOSED), (Calls(20, "111"), CLOSED)],
    "nor those that were old when they were told": [
        (Calls(0, "111", age=19.5), CLOSED),
        (Calls(1, "1"), CLOSED),
        (Calls(1, "11", age=25), CLOSED),
        (Calls(1, "1", age=5), CLOSED),
        (Calls(1, "11", age=5), OPEN),
    ],
    "however many good ones there were before": [
        (Calls(0, "0" * 900), CLOSED),
        (Calls(25, "1111"), OPEN),
    ],
    "a clock that steps back leaves nothing behind": [
        (Calls(1000, "111"), CLOSED),
        (Calls(0, "111"), CLOSED),
    ],
}


def play(breaker: CircuitBreaker, settings: BreakerSettings, step: Step) -> None:
    """Let `step` happen; what was asked has to be answered as it says."""
    now = START + step.at
    match step:
        case Ask(_, granted):
            assert breaker.acquire(settings, now).granted is granted
        case Probe(_, permit, outcome):
            breaker.settle(settings, now, 0.0, permit, outcome)
        case Force(_, mode):
            breaker.force(mode, now, "because")
        case Calls(_, calls, age):
            breaker.record(settings, now, 0.0, told(settings, calls, age))


def told(settings: BreakerSettings, calls: str, age: float = 0.0) -> Outcomes:
    if not settings.window_time:
        return Outcomes(calls=calls)
    tally = Tally()
    for call in calls:
        tally.note(Outcome(call))
    return Outcomes(aged=(Aged(age, tally),))


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        *[pytest.param(SETTINGS, steps, id=name) for name, steps in CASES.items()],
        *[pytest.param(TIMED, steps, id=f"timed: {name}") for name, steps in TIMED_CASES.items()],
    ],
)
def test_changes_state_as_the_table_says(
    settings: BreakerSettings, steps: list[tuple[Step, State]]
) -> None:
    breaker = CircuitBreaker()
    for step, state in steps:
        before, version = breaker.state, breaker.version
        play(breaker, settings, step)
        assert breaker.state is state, step
        assert breaker.version == version + (before is not state)
        # What is kept can be read again, and is the same.
        assert msgspec.json.decode(msgspec.json.encode(breaker), type=CircuitBreaker) == breaker


REASONS: list[tuple[list[Step], str]] = [
    ([Calls(0, "0111")], "3 of 4 calls failed"),
    ([Calls(0, "0222")], "3 of 4 calls were slow"),
    ([Calls(0, "1111"), Ask(10, True)], "the wait is over"),
    ([Calls(0, "1111"), Ask(10, True), Probe(11, 1, BAD)], "1 of 2 probes failed"),
    (
        [Calls(0, "1111"), Ask(10, True), Ask(10, True), Probe(11, 1), Probe(11, 2)],
        "2 of 2 probes came back",
    ),
    ([Force(0, Mode.OPEN)], "because"),
]


@pytest.mark.parametrize(("steps", "reason"), REASONS)
def test_a_transition_says_why(steps: list[Step], reason: str) -> None:
    breaker = CircuitBreaker()
    for step in steps:
        play(breaker, SETTINGS, step)
    assert breaker.events[-1].reason == reason
    assert breaker.events[-1].after is breaker.state


RETRY_AFTER: list[tuple[str, list[Step], float, float]] = [
    ("closed", [], 0, 0),
    ("open: until the wait is over", [Calls(0, "1111")], 4, 6),
    ("open, by a clock that stepped back: no longer than the wait", [Calls(0, "1111")], -500, 10),
    ("open and the wait is over", [Calls(0, "1111")], 11, 0),
    ("half-open with a free place", [Calls(0, "1111"), Ask(10, True)], 12, 0),
    (
        "half-open: until the oldest probe is given up",
        [Calls(0, "1111"), Ask(10, True), Ask(12, True)],
        *(15, 25),
    ),
]


@pytest.mark.parametrize(
    ("steps", "at", "seconds"), [case[1:] for case in RETRY_AFTER], ids=[c[0] for c in RETRY_AFTER]
)
def test_says_when_to_return(steps: list[Step], at: float, seconds: float) -> None:
    breaker = CircuitBreaker()
    for step in steps:
        play(breaker, SETTINGS, step)
    assert breaker.retry_after(SETTINGS, START + at) == pytest.approx(seconds)


def test_a_clock_that_steps_back_begins_the_wait_anew() -> None:
    breaker = CircuitBreaker()
    for step in (Calls(0, "1111"), Ask(-500, False), Ask(-490.1, False), Ask(-490, True)):
        play(breaker, SETTINGS, step)


WAITS = [
    # seconds that it stays closed between one opening and the next; the waits that follow
    ([0, 0, 0, 0, 0], [10, 20, 40, 60, 60]),
    ([0, 99, 0], [10, 20, 40]),
    # Good for long enough, the next wait is a first one again.
    ([0, 100, 0], [10, 10, 20]),
    ([0, 0, 0, 101], [10, 20, 40, 10]),
]


@pytest.mark.parametrize(("closed_for", "waits"), WAITS)
def test_the_wait_grows_while_the_upstream_comes_and_goes(
    closed_for: list[float], waits: list[float]
) -> None:
    breaker, now, seen = CircuitBreaker(), START, []
    for steady in closed_for:
        now += steady
        breaker.record(SETTINGS, now, 0.0, Outcomes(calls="1111"))
        seen.append(breaker.retry_after(SETTINGS, now))
        now += breaker.wait
        for _ in range(SETTINGS.probes):
            permit = breaker.acquire(SETTINGS, now).permit
            assert permit is not None
            breaker.settle(SETTINGS, now, 0.0, permit, Outcome.GOOD)
        assert breaker.state is CLOSED
    assert seen == pytest.approx(waits)


@pytest.mark.parametrize(("chance", "wait"), [(0.0, 3600.0), (0.5, 3780.0), (0.999, 3959.6)])
def test_a_wait_is_never_shorter_than_wait_open_and_a_little_longer_by_chance(
    chance: float, wait: float
) -> None:
    settings = BreakerSettings(wait_open=3600.0)  # longer than max_wait_open
    breaker = CircuitBreaker()
    breaker.record(settings, START, chance, Outcomes(calls="11111"))
    assert breaker.wait == pytest.approx(wait, abs=0.1)


@pytest.mark.parametrize("up", [1, 5, 20, 60])
def test_a_flapping_upstream_does_not_make_it_oscillate(up: int) -> None:
    grows, same = transitions(up, multiplier=2.0), transitions(up, multiplier=1.0)
    # Three for each wait: nine of them grow from 5 s to five minutes, and then there are twelve
    # in an hour at most.
    assert grows <= 3 * (9 + 12) < same


def transitions(up: int, multiplier: float) -> int:
    """How often it changes its state in an hour of a call a second, if the upstream works for `up`
    seconds and fails for as long."""
    settings = BreakerSettings(wait_jitter=0.0, wait_open=5.0, wait_multiplier=multiplier)
    breaker = CircuitBreaker()
    for second in range(3600):
        now = START + second
        outcome = Outcome.FAILED if second // up % 2 else Outcome.GOOD
        permission = breaker.acquire(settings, now)
        if permission.permit is not None:
            breaker.settle(settings, now, 0.0, permission.permit, outcome)
        elif permission.granted:
            breaker.record(settings, now, 0.0, Outcomes(calls=outcome))
    return breaker.version


steps = st.lists(
    st.tuples(
        st.sampled_from(["ask", "probe", "calls", "calls", "force"]),
        st.floats(-2.0, 25.0),
        st.text("0123", max_size=30),
        st.integers(0, 40),
        st.sampled_from([*Outcome, None]),
        st.sampled_from(Mode),
    ),
    max_size=120,
)


@given(steps, st.booleans(), st.floats(0, 0.999))
def test_invariants_hold_whatever_happens(
    events: list[tuple[str, float, str, int, Outcome | None, Mode]], timed: bool, chance: float
) -> None:
    settings = TIMED if timed else SETTINGS
    breaker, now = CircuitBreaker(), START
    out: list[int] = []
    """Permits that were given in the half-open that stands."""
    for kind, wait, calls, number, outcome, mode in events:
        now += wait
        state, version = breaker.state, breaker.version
        if kind == "ask":
            permission = breaker.acquire(settings, now)
            if breaker.version != version:
                out = []
            assert permission.granted or breaker.state not in (CLOSED, FORCED_CLOSED)
            assert (permission.permit is not None) == (
                permission.granted and breaker.state is HALF_OPEN
            )
            if permission.permit is not None:
                out.append(permission.permit)
                assert len(set(out)) == len(out)
        elif kind == "probe":
            breaker.settle(settings, now, chance, number, outcome)
        elif kind == "calls":
            breaker.record(settings, now, chance, told(settings, calls))
        else:
            breaker.force(mode, now, "because")
        assert len(breaker.permits) + breaker.probed.calls <= settings.probes
        assert breaker.state is HALF_OPEN or not breaker.permits
        assert breaker.version >= version
        assert (breaker.state is state) or breaker.version > version
        assert 0 <= breaker.retry_after(settings, now) <= 60 * (1 + chance)
        # Storage is bounded.
        assert len(breaker.events) <= MAX_EVENTS
        seen = breaker.window.tally(now)
        assert seen.failures <= seen.calls
        if timed:
            assert len(getattr(breaker.window, "buckets", {})) <= BUCKETS
        else:
            assert seen.calls <= settings.window
        assert len(msgspec.json.encode(breaker)) < 4096
