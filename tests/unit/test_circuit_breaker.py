"""The circuit breaker: every transition, what does not count, and how many probes go out."""

from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.circuit_breaker import BreakerSettings, CircuitBreaker, State

START = 1_800_000_000.0
SETTINGS = BreakerSettings(
    failure_rate_threshold=50.0,
    minimum_calls=4,
    window=8,
    wait_open=10.0,
    probes=2,
    probe_timeout=30.0,
)

CLOSED, OPEN, HALF_OPEN = State.CLOSED, State.OPEN, State.HALF_OPEN


class Good(NamedTuple):
    """A report of so many successes."""

    at: float
    calls: int = 1


class Bad(NamedTuple):
    """A report of so many failures."""

    at: float
    calls: int = 1


class Probe(NamedTuple):
    """The outcome of a call that was let through in half-open."""

    at: float
    good: bool


class Ask(NamedTuple):
    """A request to call, and the answer to it."""

    at: float
    permitted: bool


Event = Good | Bad | Probe | Ask

# Name: what happens, and the state that each event leaves behind.
CASES: dict[str, list[tuple[Event, State]]] = {
    "a closed breaker permits calls": [(Ask(0, True), CLOSED), (Good(0, 100), CLOSED)],
    "too few calls are no rate": [(Bad(0, 3), CLOSED), (Ask(0, True), CLOSED)],
    "closed opens at the threshold": [(Good(0, 2), CLOSED), (Bad(0, 2), OPEN)],
    "closed stays closed below the threshold": [(Good(0, 3), CLOSED), (Bad(0, 2), CLOSED)],
    "only the last calls count": [
        (Bad(0, 3), CLOSED),
        (Good(0, 8), CLOSED),
        (Bad(0, 3), CLOSED),
        (Bad(0, 1), OPEN),
    ],
    "a report larger than the window counts as a full window": [(Bad(0, 1000), OPEN)],
    "open refuses until the wait is over": [
        (Bad(0, 4), OPEN),
        (Ask(0, False), OPEN),
        (Ask(9.9, False), OPEN),
        (Ask(10, True), HALF_OPEN),
    ],
    "open does not count late reports": [
        (Bad(0, 4), OPEN),
        (Good(5, 50), OPEN),
        (Bad(5, 50), OPEN),
        (Probe(5, True), OPEN),
        (Ask(10, True), HALF_OPEN),
    ],
    "half-open lets as many probes through as the settings say": [
        (Bad(0, 4), OPEN),
        (Ask(10, True), HALF_OPEN),
        (Ask(10, True), HALF_OPEN),
        (Ask(10, False), HALF_OPEN),
    ],
    "half-open closes when all probes succeeded": [
        (Bad(0, 4), OPEN),
        (Ask(10, True), HALF_OPEN),
        (Ask(10, True), HALF_OPEN),
        (Probe(11, True), HALF_OPEN),
        (Ask(11, False), HALF_OPEN),
        (Probe(11, True), CLOSED),
    ],
    "a success gives no place back": [
        (Bad(0, 4), OPEN),
        (Ask(10, True), HALF_OPEN),
        (Probe(11, True), HALF_OPEN),
        (Ask(11, True), HALF_OPEN),
        (Ask(11, False), HALF_OPEN),
    ],
    "half-open opens again at one bad probe, and waits anew": [
        (Bad(0, 4), OPEN),
        (Ask(10, True), HALF_OPEN),
        (Probe(12, False), OPEN),
        (Ask(21.9, False), OPEN),
        (Ask(22, True), HALF_OPEN),
    ],
    "half-open does not count calls from before": [
        (Bad(0, 4), OPEN),
        (Ask(10, True), HALF_OPEN),
        (Bad(11, 50), HALF_OPEN),
        (Good(11, 50), HALF_OPEN),
    ],
    "half-open does not count a probe that nobody sent": [
        (Bad(0, 4), OPEN),
        (Ask(10, True), HALF_OPEN),
        (Probe(11, True), HALF_OPEN),
        (Probe(11, True), HALF_OPEN),
    ],
    "a probe that never reports gives its place back": [
        (Bad(0, 4), OPEN),
        (Ask(10, True), HALF_OPEN),
        (Ask(10, True), HALF_OPEN),
        (Ask(39.9, False), HALF_OPEN),
        (Ask(40, True), HALF_OPEN),
    ],
    "closed does not count a late probe, and starts with a clean window": [
        (Bad(0, 4), OPEN),
        (Ask(10, True), HALF_OPEN),
        (Ask(10, True), HALF_OPEN),
        (Probe(11, True), HALF_OPEN),
        (Probe(11, True), CLOSED),
        (Probe(11, False), CLOSED),
        (Bad(12, 3), CLOSED),
        (Bad(12, 1), OPEN),
    ],
}


def play(breaker: CircuitBreaker, event: Event) -> None:
    """Let `event` happen; what was permitted has to be as it says."""
    now = START + event.at
    counts: dict[str, Any]
    match event:
        case Ask(_, permitted):
            assert breaker.acquire(SETTINGS, now) is permitted
            return
        case Probe(_, good):
            counts = {"successes": int(good), "failures": int(not good), "probe": True}
        case Good(_, calls):
            counts = {"successes": calls, "failures": 0, "probe": False}
        case Bad(_, calls):
            counts = {"successes": 0, "failures": calls, "probe": False}
    breaker.record(SETTINGS, now, **counts)


@pytest.mark.parametrize("events", CASES.values(), ids=CASES)
def test_changes_state_as_the_table_says(events: list[tuple[Event, State]]) -> None:
    breaker = CircuitBreaker()
    for event, state in events:
        before, version = breaker.state, breaker.version
        play(breaker, event)
        assert breaker.state is state, event
        assert breaker.version == version + (before is not state)


RETRY_AFTER: list[tuple[str, list[Event], float, float]] = [
    ("closed", [], 0, 0),
    ("open: until the wait is over", [Bad(0, 4)], 4, 6),
    ("open and the wait is over", [Bad(0, 4)], 11, 0),
    ("half-open with a free place", [Bad(0, 4), Ask(10, True)], 12, 0),
    (
        "half-open: until the oldest probe is given up",
        [Bad(0, 4), Ask(10, True), Ask(12, True)],
        *(15, 25),
    ),
]


@pytest.mark.parametrize(
    ("events", "at", "seconds"), [case[1:] for case in RETRY_AFTER], ids=[c[0] for c in RETRY_AFTER]
)
def test_says_when_to_return(events: list[Event], at: float, seconds: float) -> None:
    breaker = CircuitBreaker()
    for event in events:
        play(breaker, event)
    assert breaker.retry_after(SETTINGS, START + at) == pytest.approx(seconds)


steps = st.lists(
    st.tuples(
        st.sampled_from(["ask", "probe", "report"]),
        st.floats(0.0, 15.0),
        st.integers(0, 5),
        st.integers(0, 5),
    ),
    max_size=80,
)


@given(steps)
def test_invariants_hold_whatever_happens(events: list[tuple[str, float, int, int]]) -> None:
    breaker = CircuitBreaker()
    now = START
    for kind, wait, successes, failures in events:
        now += wait
        before = msgspec.json.encode(breaker)
        if kind == "ask":
            permitted = breaker.acquire(SETTINGS, now)
            assert permitted or breaker.state is not CLOSED
        else:
            breaker.record(
                SETTINGS, now, successes=successes, failures=failures, probe=kind == "probe"
            )
        places = len(breaker.probes_out) + breaker.probes_good
        assert places <= SETTINGS.probes
        assert places == 0 or breaker.state is HALF_OPEN
        assert len(breaker.outcomes) <= SETTINGS.window
        assert not breaker.outcomes or breaker.state is CLOSED
        assert breaker.version >= msgspec.json.decode(before, type=CircuitBreaker).version
        assert breaker.retry_after(SETTINGS, now) >= 0
