"""The penalty box and the guard at the door: who is refused for how long, and what is forgotten."""

import pytest

from application import Application
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
