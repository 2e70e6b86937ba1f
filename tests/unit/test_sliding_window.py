"""The sliding-window counter: what it admits, what it says is left, and when it says to return."""

import math
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.limits import LimitDecision
from contract.sliding_window import SlidingWindow

START = 1_800_000_000.0
"""A multiple of all window lengths below: the beginning of a window."""


class Check(NamedTuple):
    """A request for `cost` permits, `at` seconds after the start, and the answer to it."""

    at: float
    cost: int
    admitted: bool
    remaining: int
    reset: float


CASES = {
    "a quota is used up one by one": (
        (3, 60),
        [
            Check(0, 1, True, 2, 60),
            Check(15, 1, True, 1, 45),
            Check(30, 1, True, 0, 30),
            Check(30, 1, False, 0, 30 + 20),
        ],
    ),
    "a refused request takes nothing": (
        (2, 60),
        [
            Check(0, 2, True, 0, 60),
            Check(1, 1, False, 0, 59 + 30),
            Check(2, 1, False, 0, 58 + 30),
            Check(90, 1, True, 0, 30),
        ],
    ),
    "costs count, and what does not fit leaves the rest to others": (
        (10, 60),
        [
            Check(0, 7, True, 3, 60),
            Check(0, 4, False, 3, 60 + 60 / 7),
            Check(0, 3, True, 0, 60),
        ],
    ),
    "the previous window fades": (
        (10, 60),
        [
            Check(59, 10, True, 0, 1),
            Check(60, 1, False, 0, 6),
            Check(66, 1, True, 0, 54),
            Check(90, 5, False, 4, 6),
            Check(90, 4, True, 0, 30),
        ],
    ),
    "after two windows nothing counts": (
        (5, 60),
        [Check(0, 5, True, 0, 60), Check(120, 5, True, 0, 60)],
    ),
    "a cost above the quota is never admitted": (
        (5, 60),
        [Check(0, 6, False, 5, 60), Check(600, 6, False, 5, 60)],
    ),
    "a clock that steps back is not followed": (
        (2, 60),
        [
            Check(70, 1, True, 1, 50),
            Check(10, 1, True, 0, 50),
            Check(10, 1, False, 0, 50 + 30),
        ],
    ),
    "windows may be shorter than a second": (
        (1, 0.5),
        [
            Check(0.0, 1, True, 0, 0.5),
            Check(0.25, 1, False, 0, 0.75),
            Check(1.0, 1, True, 0, 0.5),
        ],
    ),
}


@pytest.mark.parametrize(("limit", "checks"), CASES.values(), ids=CASES)
def test_admits_as_the_table_says(limit: tuple[int, float], checks: list[Check]) -> None:
    quota, length = limit
    window = SlidingWindow()
    for check in checks:
        decision = window.check(quota, length, check.cost, START + check.at)
        found = Check(check.at, check.cost, decision.admitted, decision.remaining, decision.reset)
        assert found[:4] == check[:4]
        assert found.reset == pytest.approx(check.reset, abs=1e-5)


quotas = st.integers(1, 50)
lengths = st.sampled_from([0.5, 1.0, 10.0, 60.0, 3600.0])
traffic = st.lists(
    st.tuples(st.floats(-2.0, 2.0, allow_nan=False), st.integers(1, 5)), min_size=1, max_size=60
)
"""Steps of the clock in windows, some of them back; and the cost of the request that follows."""


def run_traffic(
    window: SlidingWindow, quota: int, length: float, steps: list[tuple[float, int]]
) -> list[tuple[float, int, LimitDecision]]:
    """What was decided: (time as the window sees it, cost, decision)."""
    now = START
    decided = []
    for step, cost in steps:
        now = max(START, now + step * length / 4)
        decision = window.check(quota, length, cost, now)
        decided.append((window.latest, cost, decision))
    return decided


@given(quotas, lengths, traffic)
def test_never_admits_more_than_the_quota_in_one_fixed_window(
    quota: int, length: float, steps: list[tuple[float, int]]
) -> None:
    admitted: dict[int, int] = {}
    for at, cost, decision in run_traffic(SlidingWindow(), quota, length, steps):
        index = int(at // length)
        admitted[index] = admitted.get(index, 0) + cost * decision.admitted
    assert max(admitted.values()) <= quota


@given(quotas, lengths, traffic)
def test_a_refused_request_succeeds_at_reset_and_not_before(
    quota: int, length: float, steps: list[tuple[float, int]]
) -> None:
    window = SlidingWindow()
    run_traffic(window, quota, length, steps)
    now, cost = window.latest, min(3, quota)
    decision = window.check(quota, length, cost, now)
    if decision.admitted:
        return
    early, late = msgspec.structs.replace(window), msgspec.structs.replace(window)
    shade = length * 1e-4  # Unix seconds as floats resolve a quarter of a microsecond
    assert late.check(quota, length, cost, now + decision.reset + shade).admitted
    if decision.reset > shade:
        assert not early.check(quota, length, cost, now + decision.reset - shade).admitted


@given(quotas, lengths, traffic)
def test_every_answer_can_be_sent_and_makes_sense(
    quota: int, length: float, steps: list[tuple[float, int]]
) -> None:
    for _, _, decision in run_traffic(SlidingWindow(), quota, length, steps):
        assert 0 <= decision.remaining <= quota
        assert 0 <= decision.reset <= 2 * length
        assert math.isfinite(decision.reset)
        sent = msgspec.json.encode(decision)
        assert msgspec.json.decode(sent, type=LimitDecision) == decision


@given(quotas, lengths, traffic)
def test_a_stored_window_goes_on_where_it_was(
    quota: int, length: float, steps: list[tuple[float, int]]
) -> None:
    kept, stored = SlidingWindow(), SlidingWindow()
    now = START
    for step, cost in steps:
        now = max(START, now + step * length / 4)
        stored = msgspec.json.decode(msgspec.json.encode(stored), type=SlidingWindow)
        expected = kept.check(quota, length, cost, now)
        assert stored.check(quota, length, cost, now) == expected
