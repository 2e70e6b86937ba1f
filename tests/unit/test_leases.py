"""Leases of the cache: one fetches, others wait, and nobody waits for ever."""

import pytest

from contract import cache_lease
from contract.cache_lease import FlightAnswer, FlightRequest, Leases, Outcome, ReleaseRequest, Turn

KEY = "0" * 32
NOW = 1_800_000_000.0


class Objects:
    """Leases, and what those who asked were told."""

    def __init__(self) -> None:
        self.leases = Leases(100)
        self.told: dict[str, FlightAnswer] = {}

    def ask(
        self,
        who: str,
        at: float = 0.0,
        *,
        wait: float = 5.0,
        key: str = KEY,
        fallback: bool = False,
    ) -> Turn | None:
        request = FlightRequest(key=key, seconds=1.0, wait=wait, has_fallback=fallback)
        self.leases.acquire(request, lambda answer: self.told.update({who: answer}), NOW + at)
        return self.turn(who)

    def end(self, who: str, outcome: Outcome, at: float = 0.5) -> None:
        request = ReleaseRequest(key=KEY, token=self.told[who].token, outcome=outcome)
        self.leases.release(request, NOW + at)

    def turn(self, who: str) -> Turn | None:
        return self.told[who].turn if who in self.told else None


ENDS = [
    # outcome, what the next in line hears, those after it, and who comes then
    (Outcome.STORED, Turn.STORED, Turn.STORED, Turn.LEAD),
    (Outcome.UNSTORABLE, Turn.ALONE, Turn.ALONE, Turn.ALONE),
    (Outcome.FAILED, Turn.LEAD, None, None),
]


@pytest.mark.parametrize(("outcome", "second", "third", "fourth"), ENDS)
def test_those_who_wait_hear_what_came_of_it(
    outcome: Outcome, second: Turn, third: Turn | None, fourth: Turn | None
) -> None:
    objects = Objects()
    assert [objects.ask(who) for who in "abc"] == [Turn.LEAD, None, None]
    objects.end("a", outcome)
    assert [objects.turn("b"), objects.turn("c")] == [second, third]
    assert objects.ask("d", 0.6) == fourth


def test_who_can_answer_a_failure_hears_of_it() -> None:
    objects = Objects()
    objects.ask("a")
    objects.ask("b", fallback=True)
    objects.ask("c")
    objects.ask("d", fallback=True)
    objects.end("a", Outcome.FAILED)
    assert [objects.turn(who) for who in "bcd"] == [Turn.FAILED, Turn.LEAD, Turn.FAILED]


def test_the_next_one_leads_when_a_lease_runs_out() -> None:
    objects = Objects()
    for who in "abc":
        objects.ask(who)
    assert objects.leases.settle(KEY, NOW + 0.9) == NOW + 1.0
    assert objects.turn("b") is None
    objects.leases.settle(KEY, NOW + 1.0)
    assert [objects.turn("b"), objects.turn("c")] == [Turn.LEAD, None]
    # The one that is late has no say any more.
    objects.end("a", Outcome.STORED, 1.1)
    assert objects.turn("c") is None
    objects.end("b", Outcome.STORED, 1.2)
    assert objects.turn("c") == Turn.STORED


def test_nobody_waits_beyond_the_deadline() -> None:
    objects = Objects()
    objects.ask("a")
    objects.ask("b", wait=0.5)
    assert objects.ask("c", wait=0.0) == Turn.LATE
    assert objects.leases.settle(KEY, NOW) == NOW + 0.5
    objects.leases.settle(KEY, NOW + 0.5)
    assert objects.turn("b") == Turn.LATE


def test_keys_do_not_wait_for_each_other() -> None:
    objects = Objects()
    assert objects.ask("a") == objects.ask("b", key="1" * 32) == Turn.LEAD


def test_after_an_unusable_answer_nobody_waits_for_as_long_as_a_lease() -> None:
    objects = Objects()
    objects.ask("a")
    objects.end("a", Outcome.UNSTORABLE, 0.0)
    assert objects.ask("b", 0.9) == Turn.ALONE
    assert objects.ask("c", 1.0) == Turn.LEAD


def test_everything_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_lease, "MAX_LEASES", 2)
    monkeypatch.setattr(cache_lease, "MAX_WAITING", 1)
    objects = Objects()
    assert [objects.ask("a"), objects.ask("b"), objects.ask("c")] == [Turn.LEAD, None, Turn.LATE]
    assert objects.ask("d", key="1" * 32) == Turn.LEAD
    assert objects.ask("e", key="2" * 32) == Turn.ALONE
    # What has run out makes room.
    objects.leases.settle(KEY, NOW + 6)
    assert objects.ask("f", 6.0, key="2" * 32) == Turn.LEAD


def test_what_is_handed_on_again_and_again_keeps_nothing_else_in_mind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A service that fails for many who wait, and what others have left behind meanwhile."""
    monkeypatch.setattr(cache_lease, "MAX_LEASES", 3)
    objects = Objects()
    for who in ("a", "b", "c"):
        objects.ask(who, wait=50.0)
    for number in ("1", "2"):
        assert objects.ask(number, key=number * 32) == Turn.LEAD
    objects.end("a", Outcome.FAILED, 0.9)
    objects.end("b", Outcome.FAILED, 1.8)
    assert objects.ask("d", 2.0, key="3" * 32) == Turn.LEAD
    assert objects.turn("c") == Turn.LEAD
