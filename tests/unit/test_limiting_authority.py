"""The object's side of leases, step by step: what it grants, and how long that counts."""

from typing import Any

import msgspec
import pytest

from contract.limiting.authority import MOST_IN_FLIGHT, Authority, Lease
from contract.limiting.limit import Limit, told
from contract.limits import UNTOLD, Ban, LeaseAnswer, LeaseRequest, Report, Return

START = 1_800_000_000.0
"""The beginning of a window of ten seconds, and of one of a hundred."""

LIMITS = {
    name: Limit(algorithm=name, quota=80, window=100.0, burst=80 if name == "token_bucket" else 0)
    for name in ("sliding_window", "sliding_log", "token_bucket", "fixed_window")
}
SLIDING = ("sliding_log", "token_bucket")


class Object:
    """An authority that is asked at times after the start, and kept as JSON in between."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._kept = msgspec.json.encode(Authority(name="one"))

    def ask(self, at: float, cost: int = 1, wanted: int = 0, **more: Any) -> LeaseAnswer:
        authority = msgspec.json.decode(self._kept, type=Authority)
        request = LeaseRequest(limit=self.limit, cost=cost, wanted=wanted, **more)
        answer = authority.answer(request, START + at)
        self._kept = msgspec.json.encode(authority)
        return answer

    def left(self, at: float) -> int:
        """How many permits there are for somebody who asks for nothing."""
        return self.ask(at, cost=0).remaining


@pytest.mark.parametrize("name", LIMITS)
def test_a_lease_is_a_quarter_of_what_is_left_and_none_near_the_limit(name: str) -> None:
    one = Object(LIMITS[name])
    sizes = []
    while (answer := one.ask(1, wanted=1000)).admitted:
        sizes.append(answer.permits)
    assert sizes[:3] == [19, 14, 11]
    assert sizes[-4:] == [0] * 4
    assert sum(sizes) + len(sizes) == 80
    assert sorted(sizes, reverse=True) == sizes
    assert one.left(1) == 0


@pytest.mark.parametrize("name", LIMITS)
def test_no_more_is_leased_than_is_wanted(name: str) -> None:
    assert Object(LIMITS[name]).ask(1, wanted=3).permits == 3


@pytest.mark.parametrize(("name", "life"), [
    ("sliding_window", 25.0), ("sliding_log", 10.0), ("token_bucket", 10.0), ("fixed_window", 25.0),
])  # fmt: skip
def test_a_lease_lives_a_part_of_the_window_and_ends_with_it(name: str, life: float) -> None:
    one = Object(LIMITS[name])
    assert one.ask(1, wanted=5).life == pytest.approx(told(life))
    slides = name in SLIDING
    assert one.ask(95, wanted=5).life == pytest.approx(told(life if slides else 5.0))


@pytest.mark.parametrize("name", SLIDING)
def test_a_lease_that_nobody_returned_counts_until_a_window_after_its_life(name: str) -> None:
    one = Object(LIMITS[name])
    assert one.ask(1, cost=0, wanted=10).permits == 10
    # Used at the end of its life, at 11, and now the whole quota at once: never 90 in a window.
    if name == "sliding_log":
        assert [one.left(at) for at in (10.9, 60, 110.9, 111)] == [70, 70, 70, 80]
    else:
        # Nothing flows in before the permits can no longer be used, and then 0.8 each second.
        assert [one.left(at) for at in (10.9, 20.9, 33.6)] == [70, 70, 80]


@pytest.mark.parametrize("name", SLIDING)
def test_what_was_used_of_a_returned_lease_counts_from_its_last_use(name: str) -> None:
    one = Object(LIMITS[name])
    lease = one.ask(1, cost=0, wanted=10).lease
    told_of = Return(lease, used=4, age=5.0)  # used at 6.07 at the latest
    assert one.ask(7, cost=0, returns=(told_of,)).remaining == 76
    if name == "sliding_log":
        assert [one.left(at) for at in (106, 106.2)] == [76, 80]
    else:
        assert [one.left(at) for at in (8.6, 11.2)] == [78, 80]


@pytest.mark.parametrize("name", SLIDING)
def test_what_was_used_before_somebody_elses_use_and_told_after_it_changes_nothing_for_that(
    name: str,
) -> None:
    one = Object(LIMITS[name])
    lease = one.ask(1, cost=0, wanted=10).lease
    assert one.ask(9, cost=20).admitted
    told_of = Return(lease, used=10, age=2.0)  # used at 3.04 at the latest
    assert one.ask(9, cost=0, returns=(told_of,)).remaining == 50
    if name == "sliding_log":
        assert [one.left(at) for at in (103, 103.1, 108.9, 109)] == [50, 60, 60, 80]
    else:
        # Of what had not flowed in at 9 nothing did before.
        assert [one.left(at) for at in (10.2, 10.3, 46.4, 46.6)] == [50, 51, 79, 80]


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("other", LIMITS)
def test_counts_of_another_algorithm_are_no_counts_and_what_is_out_stays_out(
    name: str, other: str
) -> None:
    """Objects bear the algorithm in their names, so that only a mistake brings them another."""
    one = Object(LIMITS[other])
    assert one.ask(1, cost=40).admitted
    assert one.ask(1, cost=0, wanted=10).permits == 10
    one.limit = LIMITS[name]
    assert one.left(1) == (30 if name == other else 70)


@pytest.mark.parametrize("name", LIMITS)
def test_a_return_counts_once_and_only_for_the_lease_that_it_names(name: str) -> None:
    one = Object(LIMITS[name])
    first, second = (one.ask(1, cost=0, wanted=8) for _ in range(2))
    told_of = Return(first.lease, used=0)
    for _ in range(3):
        assert one.ask(1, cost=0, returns=(told_of,)).remaining == 72
    for lease in ("", "two.2", "one.7", second.lease + "0"):
        assert one.ask(1, cost=0, returns=(Return(lease),)).remaining == 72
    # Nobody can return more than there was.
    assert one.ask(1, cost=0, returns=(Return(second.lease, used=-5),)).remaining == 80


@pytest.mark.parametrize("name", LIMITS)
def test_a_permit_that_was_asked_for_alone_can_be_held_and_given_back(name: str) -> None:
    one = Object(LIMITS[name])
    held = one.ask(1, cost=30, hold=True)
    assert (held.admitted, held.permits, held.remaining) == (True, 0, 50)
    assert one.ask(1.2, cost=0, returns=(Return(held.lease),)).remaining == 80
    kept = one.ask(2, cost=30, hold=True)
    assert kept.lease != held.lease
    assert one.left(2.1) == 50
    # Too late: somebody has asked meanwhile, for whom it had been used.
    one.left(59)
    late = one.ask(60, cost=0, returns=(Return(kept.lease),)).remaining
    assert late == (50 if name != "token_bucket" else 80)


@pytest.mark.parametrize("name", LIMITS)
def test_what_was_spent_without_asking_is_charged_once_even_beyond_the_limit(name: str) -> None:
    one = Object(LIMITS[name])
    assert one.ask(1, cost=30).admitted
    reports = [Report("isolate.1", 20), Report("isolate.2", 20), Report("isolate.3", 20)]
    # Each is told again, also after others.
    told_of = [reports[number] for number in (0, 0, 1, 0, 1, 2, 2)]
    remaining = [one.ask(1, cost=0, report=report).remaining for report in told_of]
    assert remaining == [30, 30, 10, 10, 10, 0, 0]
    assert not one.ask(1).admitted


@pytest.mark.parametrize("name", LIMITS)
def test_what_is_free_is_told_in_even_parts_to_those_that_may_spend_leases(name: str) -> None:
    one = Object(LIMITS[name])

    def share(holder: str, at: float = 1, wanted: int = 4, **more: Any) -> tuple[int, int]:
        answer = one.ask(at, wanted=wanted, holder=holder, **more)
        return answer.share, answer.remaining

    assert share("a") == (75, 75)
    assert share("b") == (35, 70)
    assert share("b") == (32, 65)  # two leases are not two holders
    # Nobody can spend a permit that was asked for alone, or is held for one request.
    assert share("c", wanted=0) == (21, 64)
    assert share("c", wanted=0, hold=True) == (21, 63)
    assert share("a", wanted=0) == (31, 62)
    assert share("d", cost=70) == (20, 62)  # refused
    assert one.ask(1, wanted=4).share == UNTOLD
    # Each lease of gateways that do not say who they are is somebody's: now there are three.
    assert share("b", wanted=0) == (18, 56)
    assert share("a", at=99.9, wanted=0)[0] == one.left(99.9)  # all leases have ended


def test_a_ban_is_told_to_who_asks_and_refuses_him_whatever_is_left() -> None:
    one = Object(LIMITS["fixed_window"])
    assert one.ask(1, ban=Ban()).ban is None
    told_of = one.ask(2, cost=0, ban=Ban(50.0, 2))
    assert (told_of.admitted, told_of.ban) == (True, Ban(50.0, 2))
    refused = one.ask(12, wanted=5, ban=Ban())
    assert (refused.admitted, refused.wait, refused.ban) == (False, 40.0, Ban(40.0, 2))
    # Nothing is handed out ahead of need either.
    renewal = one.ask(12, cost=0, wanted=5, ban=Ban())
    assert (renewal.permits, renewal.ban) == (0, Ban(40.0, 2))
    # Beside one that is longer a later one brings nothing; where it is the limit, its wait counts.
    assert one.ask(13, cost=0, ban=Ban(10.0, 1)).ban == Ban(39.0, 2)
    assert one.ask(14, cost=80, ban=Ban()).wait == 86.0
    # Limits without bans know of none, nor gateways that have never heard of any.
    assert one.ask(15).ban is None
    assert one.ask(15).admitted
    assert one.ask(52, ban=Ban()).admitted
    assert one.ask(53, cost=0, ban=Ban(10.0, 1)).ban == Ban(10.0, 1)


def test_a_ban_is_kept_until_it_is_over() -> None:
    authority = Authority(name="one")
    request = LeaseRequest(limit=LIMITS["sliding_log"], cost=0, ban=Ban(9000.0, 1))
    authority.answer(request, START)
    assert authority.idle_at == START + 9000


def test_leases_that_were_stored_before_there_were_holders_are_read() -> None:
    authority = Authority(name="one", leases=[Lease(1, 5, START, START + 9, START + 19, "a")])
    stored = msgspec.json.decode(msgspec.json.encode(authority))
    stored["leases"][0].pop()
    kept = msgspec.convert(stored, Authority)
    answer = kept.answer(LeaseRequest(limit=LIMITS["fixed_window"], holder="b"), START + 1)
    assert (answer.share, answer.remaining) == (37, 74)


def test_what_an_object_keeps_is_bounded_and_what_finds_no_room_is_charged_at_once() -> None:
    one = Object(Limit(algorithm="fixed_window", quota=1000, window=100.0))
    names = [one.ask(1, hold=True, report=Report(f"isolate.{number}", 0)).lease
             for number in range(300)]  # fmt: skip
    authority = msgspec.json.decode(one._kept, type=Authority)
    assert (len(authority.leases), len(authority.reports)) == (256, 32)
    assert [bool(name) for name in names] == [True] * 256 + [False] * 44
    assert one.ask(1, cost=0, wanted=5).permits == 0
    assert one.left(1) == 700


def test_places_in_flight_are_no_more_than_can_be_kept() -> None:
    limit = Limit(algorithm="concurrency", quota=2 * MOST_IN_FLIGHT, window=5.0)
    authority, request = Authority(name="one"), LeaseRequest(limit=limit)
    admitted = [authority.answer(request, START).admitted for _ in range(MOST_IN_FLIGHT + 2)]
    assert admitted == [True] * MOST_IN_FLIGHT + [False] * 2


def test_places_in_flight_count_until_they_are_given_back_or_expire() -> None:
    one = Object(Limit(algorithm="concurrency", quota=3, window=5.0))
    leases = [one.ask(at).lease for at in (0, 1, 2)]
    refused = one.ask(3)
    assert (refused.admitted, refused.wait) == (False, 1.0)
    assert one.ask(3, cost=0, returns=(Return(leases[1]), Return(leases[1]))).remaining == 1
    assert [one.left(at) for at in (4.9, 5.0, 6.9, 7.0)] == [1, 2, 2, 3]
    # Of two, one is still in flight.
    both = one.ask(8, cost=2).lease
    assert one.ask(9, cost=0, returns=(Return(both, used=1),)).remaining == 2
    assert [one.left(at) for at in (12.9, 13.0)] == [2, 3]


@pytest.mark.parametrize("name", LIMITS)
def test_who_leases_and_is_refused_comes_back_when_there_is_something_to_lease(name: str) -> None:
    limit = LIMITS[name]
    one, other = Object(limit), Object(limit)
    for each in (one, other):
        assert each.ask(1, cost=80).admitted
    alone, several = one.ask(1).wait, other.ask(1, wanted=5).wait
    assert several == alone if name in ("fixed_window", "sliding_log") else several > alone
    assert not one.ask(1 + alone - 0.01).admitted
    assert one.ask(1 + alone + 0.01).admitted
    assert other.ask(1 + several + 0.01).admitted


@pytest.mark.parametrize("name", LIMITS)
def test_a_cost_beyond_the_quota_is_refused_for_ever(name: str) -> None:
    refused = Object(LIMITS[name]).ask(1, cost=81)
    assert (refused.admitted, refused.wait) == (False, 100.0)


@pytest.mark.parametrize("name", LIMITS)
def test_a_clock_that_steps_back_is_not_followed(name: str) -> None:
    one = Object(LIMITS[name])
    assert one.ask(50, cost=80).admitted
    assert not one.ask(-5000).admitted


@pytest.mark.parametrize("name", [*LIMITS, "concurrency"])
def test_when_nothing_counts_any_more_is_known(name: str) -> None:
    limit = LIMITS.get(name, Limit(algorithm="concurrency", quota=80, window=100.0))
    authority = Authority(name="one")
    authority.answer(LeaseRequest(limit=limit, cost=1, wanted=9, hold=True), START)
    idle = authority.idle_at
    assert START + 10 < idle <= START + 400
    assert authority.answer(LeaseRequest(limit=limit, cost=0), idle).remaining == 80
