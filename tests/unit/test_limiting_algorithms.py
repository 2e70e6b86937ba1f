"""Algorithms without leases: what they admit, say is left, and when they say to come back."""

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.limiting.authority import Authority
from contract.limiting.limit import Limit
from contract.limiting.sliding_log import SlidingLog
from contract.limits import LeaseAnswer, LeaseRequest
from tests.unit.test_limiting_model import LIMITS as MODEL

START = 1_800_000_000.0
"""A multiple of all window lengths below: the beginning of a window."""


class Check(NamedTuple):
    """A request for `cost` permits, `at` seconds after the start, and the answer to it."""

    at: float
    cost: int
    admitted: bool
    remaining: int
    reset: float


MONTH_LEFT = datetime(2027, 2, 1, tzinfo=UTC).timestamp() - START


def window(quota: int, length: float) -> Limit:
    return Limit(algorithm="sliding_window", quota=quota, window=length)


CASES = {
    "a quota is used up one by one": (
        window(3, 60),
        [
            Check(0, 1, True, 2, 60),
            Check(15, 1, True, 1, 45),
            Check(30, 1, True, 0, 30),
            Check(30, 1, False, 0, 30 + 20),
        ],
    ),
    "a refused request takes nothing": (
        window(2, 60),
        [
            Check(0, 2, True, 0, 60),
            Check(1, 1, False, 0, 59 + 30),
            Check(2, 1, False, 0, 58 + 30),
            Check(90, 1, True, 0, 30),
        ],
    ),
    "costs count, and what does not fit leaves the rest to others": (
        window(10, 60),
        [
            Check(0, 7, True, 3, 60),
            Check(0, 4, False, 3, 60 + 60 / 7),
            Check(0, 3, True, 0, 60),
        ],
    ),
    "the previous window fades": (
        window(10, 60),
        [
            Check(59, 10, True, 0, 1),
            Check(60, 1, False, 0, 6),
            Check(66, 1, True, 0, 54),
            Check(90, 5, False, 4, 6),
            Check(90, 4, True, 0, 30),
        ],
    ),
    "after two windows nothing counts": (
        window(5, 60),
        [Check(0, 5, True, 0, 60), Check(120, 5, True, 0, 60)],
    ),
    "a cost above the quota is never admitted": (
        window(5, 60),
        [Check(0, 6, False, 5, 60), Check(600, 6, False, 5, 60)],
    ),
    "a clock that steps back is not followed": (
        window(2, 60),
        [
            Check(70, 1, True, 1, 50),
            Check(10, 1, True, 0, 50),
            Check(10, 1, False, 0, 50 + 30),
        ],
    ),
    "windows may be shorter than a second": (
        window(1, 0.5),
        [
            Check(0.0, 1, True, 0, 0.5),
            Check(0.25, 1, False, 0, 0.75),
            Check(1.0, 1, True, 0, 0.5),
        ],
    ),
    "a log forgets each permit by itself": (
        Limit(algorithm="sliding_log", quota=2, window=60),
        [
            Check(0, 1, True, 1, 60),
            Check(20, 1, True, 0, 60),
            Check(59, 1, False, 0, 1),
            Check(60, 1, True, 0, 60),
            Check(61, 1, False, 0, 19),
        ],
    ),
    "a bucket has a burst, and flows in at its rate": (
        Limit(algorithm="token_bucket", quota=60, window=60, burst=3),
        [
            Check(0, 2, True, 1, 2),
            Check(0, 2, False, 1, 1),
            Check(1, 2, True, 0, 3),
            Check(1.5, 1, False, 0, 0.5),
            Check(2, 1, True, 0, 3),
            Check(600, 4, False, 3, 60),
            Check(600, 3, True, 0, 3),
        ],
    ),
    "a fixed window begins anew": (
        Limit(algorithm="fixed_window", quota=2, window=60),
        [
            Check(59, 2, True, 0, 1),
            Check(59.5, 1, False, 0, 0.5),
            Check(60, 2, True, 0, 60),
            Check(61, 1, False, 0, 59),
        ],
    ),
    "a month has its quota": (
        Limit(algorithm="calendar", quota=2, period="month"),
        [
            Check(0, 2, True, 0, MONTH_LEFT),
            Check(MONTH_LEFT - 1, 1, False, 0, 1),
            Check(MONTH_LEFT, 1, True, 1, 28 * 86400),
        ],
    ),
}


@pytest.mark.parametrize(("limit", "checks"), CASES.values(), ids=CASES)
def test_admits_as_the_table_says(limit: Limit, checks: list[Check]) -> None:
    authority = Authority(name="one")
    for check in checks:
        answer = authority.answer(LeaseRequest(limit=limit, cost=check.cost), START + check.at)
        reset = answer.reset if answer.admitted else answer.wait
        assert (answer.admitted, answer.remaining) == (check.admitted, check.remaining)
        assert reset == pytest.approx(check.reset, abs=1e-5)


LIMITS = {name: limit for name, limit in MODEL.items() if name != "concurrency"}
traffic = st.lists(
    st.tuples(st.sampled_from([0.0, 0.001, 0.5, 3.0, 9.0, 20.0]), st.integers(1, 30)),
    min_size=1,
    max_size=40,
)
"""Seconds that pass, and the cost of the request that follows."""


@pytest.mark.parametrize("name", LIMITS)
@given(traffic=traffic)
def test_who_waits_as_told_is_admitted_and_not_before(
    name: str, traffic: list[tuple[float, int]]
) -> None:
    limit, authority, now = LIMITS[name], Authority(name="one"), START
    for seconds, cost in traffic:
        now += seconds
        authority.answer(LeaseRequest(limit=limit, cost=cost), now)
    kept = msgspec.json.encode(authority)

    def ask(at: float) -> LeaseAnswer:
        again = msgspec.json.decode(kept, type=Authority)
        return again.answer(LeaseRequest(limit=limit, cost=20), at)

    answer = ask(now)
    assert 0 <= answer.remaining <= limit.capacity
    if not answer.admitted:
        shade = max(answer.wait * 1e-4, 1e-4)
        assert ask(now + answer.wait + shade).admitted
        if answer.wait > 0.02:
            assert not ask(now + answer.wait - shade).admitted


def test_a_log_that_is_full_makes_of_its_two_oldest_times_the_later_one() -> None:
    limit, log = Limit(algorithm="sliding_log", quota=512, window=10.0), SlidingLog()
    for number in range(1100):  # 76 more than it keeps, which then count from 0.076 on
        log.charge(limit, 1, number / 1000, number / 1000)
    assert len(log.times) == 1024
    left = []
    for now in (10.0, 10.0755, 10.0765):
        log.expire(limit, now)
        left.append(512 - log.free(limit, now))
    assert left == [1100, 1100, 1023]


@pytest.mark.parametrize(("quota", "share", "part"), [
    (12, 0.25, 3), (13, 0.25, 4), (1, 0.25, 1), (100, 0.07, 7), (100, 1.0, 100),
])  # fmt: skip
def test_a_share_is_rounded_up_and_one_at_least(quota: int, share: float, part: int) -> None:
    limit = Limit(algorithm="token_bucket", quota=quota, window=60.0, burst=quota)
    shared = limit.share(share)
    assert (shared.quota, shared.burst) == (part, part)


def test_the_shards_of_a_limit_are_the_whole_of_it() -> None:
    limit = Limit(algorithm="token_bucket", quota=1003, window=60.0, burst=17)
    parts = [limit.shard(number, 8) for number in range(8)]
    assert sum(part.quota for part in parts) == 1003
    assert sum(part.burst for part in parts) == 17
    assert max(part.quota for part in parts) - min(part.quota for part in parts) == 1
