"""The penalty box and the guard at the door: who is refused for how long, and what is forgotten."""

from typing import Any

import pytest
from msgspec.structs import replace

from application import Application
from contract.limits import Ban, LeaseAnswer, LeaseRequest
from contract.problems import Problem
from limiting.address_guard import AddressGuard
from limiting.penalties import Penalty, PenaltyBox
from limiting.settings import AddressGuardSettings, PenaltySettings
from tests.unit.fakes import FakePlatform, exchange, run
from tests.unit.tables import route, table
from tests.unit.test_limits_of_a_route import START, Route

PENALTY = Penalty(refusals=3, within=10, ban=60, longest=200)


def test_so_many_refusals_in_a_time_bring_a_ban() -> None:
    box = PenaltyBox()
    assert [box.strike("a", PENALTY, 100 + second) for second in (0, 1)] == [0, 0]
    assert box.banned_for("a", 102) == 0
    assert box.strike("a", PENALTY, 102) == 60
    assert box.banned_for("a", 110) == 52
    assert box.banned_for("b", 110) == 0
    assert box.banned_for("a", 162) == 0


def test_refusals_that_are_far_apart_bring_none() -> None:
    box = PenaltyBox()
    assert not any(box.strike("a", PENALTY, 6 * turn) for turn in range(100))


def test_each_ban_is_twice_as_long_up_to_the_longest() -> None:
    box, now, lengths = PenaltyBox(), 0.0, []
    for _ in range(5):
        length = max(box.strike("a", PENALTY, now) for _ in range(3))
        lengths.append(length)
        now += length
    assert lengths == [60, 120, 200, 200, 200]
    # Having behaved for as long as the longest, one begins anew.
    now += 200
    assert max(box.strike("a", PENALTY, now) for _ in range(3)) == 60


def test_what_is_kept_is_bounded() -> None:
    box = PenaltyBox()
    for number in range(3 * PenaltyBox.MAX_KEYS):
        box.strike(str(number), PENALTY, 0)
    assert len(box._records) == PenaltyBox.MAX_KEYS


def test_who_is_banned_asks_nobody_and_is_told_how_long() -> None:
    penalty = PenaltySettings(refusals=3, ban="10m")
    one = Route(FakePlatform(), few={"quota": 1, "mode": "exact", "penalty": penalty})
    one.ask()
    waits = [int(one.refused().headers["retry-after"]) for _ in range(3)]
    assert waits[:2] == [120, 120]
    assert waits[2] == 600
    asked = len(one.platform.limiters.asked)
    assert one.refused().headers["retry-after"] == "600"
    assert len(one.platform.limiters.asked) == asked
    one.ask("198.51.100.7")  # another caller
    one.platform.clock.now += 600
    one.ask()


EXACT = {"quota": 1, "mode": "exact"}
LEASED = {"quota": 40}


@pytest.mark.parametrize("members", [EXACT, LEASED], ids=["exact", "leased"])
def test_a_ban_holds_in_each_isolate_that_asks(members: dict[str, Any]) -> None:
    shared = FakePlatform()
    limit = {**members, "penalty": PenaltySettings(refusals=3, ban="10m")}
    here, there = Route(shared, few=limit), Route(shared, few=limit)
    assert asks(there, 2) >= 1
    asks(here, 50)
    asked = len(shared.limiters.asked)
    assert here.refused().headers["retry-after"] == "600"
    shared.clock.now += 300  # by which all leases are over, and there would be permits again
    assert there.refused().headers["retry-after"] == "300"
    assert len(shared.limiters.asked) == asked + 1
    # It asked once, and has it from there now; and nobody else is refused.
    assert there.refused().headers["retry-after"] == "300"
    assert len(shared.limiters.asked) == asked + 1
    there.ask("198.51.100.7")
    shared.clock.now += 301
    there.ask()


def asks(one: Route, requests: int) -> int:
    """How many of so many are admitted."""
    found = 0
    for _ in range(requests):
        try:
            one.ask()
            found += 1
        except Problem:
            pass
    return found


def test_a_ban_elsewhere_makes_the_next_one_here_longer() -> None:
    box = PenaltyBox()
    box.learn("a", 60, 2, 100)
    box.learn("a", 30, 1, 100)
    assert box.banned_for("a", 101) == 59
    assert max(box.strike("a", PENALTY, 170) for _ in range(3)) == 200
    assert box.number("a") == 3


def test_bans_in_a_row_are_counted_over_all_isolates() -> None:
    shared = FakePlatform()
    limit = {**EXACT, "penalty": PenaltySettings(refusals=2, ban="10m", max="10h")}
    one, other = Route(shared, few=limit), Route(shared, few=limit)
    waits = []
    for isolate in (one, one, other):
        asks(isolate, 4)
        waits.append(int(one.refused().headers["retry-after"]))
        assert other.refused().headers["retry-after"] == str(waits[-1])
        shared.clock.now += waits[-1]
    assert waits == [600, 1200, 2400]


def test_who_asks_for_more_ahead_of_need_hears_of_a_ban() -> None:
    one = Route(FakePlatform(), few={"quota": 1000, "penalty": PenaltySettings(refusals=2)})
    asks(one, 20)
    limiters = one.platform.limiters
    (authority,) = limiters.authorities.values()
    told_of = replace(limiters.asked[0], cost=0, ban=Ban(600.0, 1))
    authority.answer(told_of, one.platform.clock.now)
    calls = len(limiters.asked)
    assert asks(one, 100) < 50
    assert [request.cost for request in limiters.asked[calls:]] == [0]
    assert one.refused().headers["retry-after"] == "600"


def test_one_call_tells_a_ban_and_where_it_is_lost_the_isolate_bans_alone() -> None:
    shared = FakePlatform()
    limit = {**EXACT, "penalty": PenaltySettings(refusals=2, ban="10m")}
    one, other = Route(shared, few=limit), Route(shared, few=limit)
    asks(one, 2)
    lease, asked = shared.limiters.lease, len(shared.limiters.asked)

    async def lose_bans(key: str, request: LeaseRequest, *, timeout: float) -> LeaseAnswer:
        shared.limiters.down = bool(request.ban and request.ban.seconds)
        return await lease(key, request, timeout=timeout)

    shared.limiters.lease = lose_bans  # type: ignore[method-assign]
    asks(one, 3)
    assert len(shared.limiters.asked) == asked + 2
    assert one.refused().headers["retry-after"] == "600"
    assert int(other.refused().headers["retry-after"]) < 600


def test_a_table_without_the_penalty_ends_its_bans() -> None:
    shared = FakePlatform()
    limit = {"quota": 1, "penalty": PenaltySettings(refusals=2, ban="10m")}
    one, other = Route(shared, few=limit), Route(shared, few=limit)
    asks(one, 4)
    assert other.refused().headers["retry-after"] == "600"
    shared.clock.now += 180
    assert other.refused().headers["retry-after"] == "420"
    other.limits["few"] = other._limited("few", {"quota": 1})
    other.policy = other.of("few")
    other.ask()


def test_of_a_key_with_shards_no_other_is_tried_by_who_is_banned() -> None:
    shared = FakePlatform()
    limit = {"quota": 40, "shards": 2, "penalty": PenaltySettings(refusals=2, ban="10m")}
    one, other = Route(shared, few=limit), Route(shared, few=limit)
    asks(one, 60)
    shared.clock.now += 180
    asked = len(shared.limiters.asked)
    assert other.refused().headers["retry-after"] == "420"
    assert len(shared.limiters.asked) == asked + 1


def test_the_guard_counts_each_address_for_itself_in_each_window() -> None:
    guard = AddressGuard(AddressGuardSettings(quota=2, window="10s"))
    start = START
    for address in ("192.0.2.1", "192.0.2.1", "198.51.100.7"):
        guard.check(address, start)
    with pytest.raises(Problem) as refused:
        guard.check("192.0.2.1", start + 4)
    assert refused.value.type.code == "rate-limited"
    assert 6 <= int(refused.value.headers["retry-after"]) <= 7
    assert refused.value.extensions == {"policy": "address_guard"}
    guard.check("198.51.100.7", start + 4)
    guard.check("192.0.2.1", start + 10)


def test_all_addresses_of_a_subscriber_are_one_for_the_guard() -> None:
    guard = AddressGuard(AddressGuardSettings(quota=1, window="10s"))
    guard.check("2001:db8::1", START)
    with pytest.raises(Problem):
        guard.check("2001:db8::2", START)


def test_the_guard_refuses_before_anything_else_is_looked_at() -> None:
    guarded = table(route(), address_guard={"quota": 2, "window": "1h"})
    gateway = Application(guarded, "table-1", FakePlatform())
    targets = ["/v2/things", "/nowhere", "/nowhere", "/-/health", "/..//"]
    found = [run(gateway.handle(exchange("GET", path, now=START))).status for path in targets]
    assert found[1:] == [404, 429, 429, 429]
    elsewhere = exchange("GET", "/nowhere", now=START, address="198.51.100.7")
    assert run(gateway.handle(elsewhere)).status == 404


def test_what_the_guard_keeps_is_bounded() -> None:
    guard = AddressGuard(AddressGuardSettings(quota=1, window="1h"))
    for number in range(AddressGuard.MAX_ADDRESSES + 50):
        guard.check(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", START)
    assert len(guard._counts) == AddressGuard.MAX_ADDRESSES
