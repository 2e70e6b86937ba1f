"""What does not answer in time is left alone: by the clock, one request a second finds out."""

import pytest

from ports import Unavailable
from resting import REST, Rest, Rests
from tests.unit.fakes import NOW, Clock

LATE = 0.5
"""Seconds after which a call is given up."""


class Thing:
    """Something that is asked, and whose calls take as long as they do by the clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.rest = Rest("thing", lambda: self.clock.now)
        self.calls = 0
        self.hangs = False

    def ask(self) -> str:
        began = self.clock.now
        try:
            with self.rest.asking():
                self.calls += 1
                if self.hangs:
                    self.clock.now += LATE
                    raise Unavailable("thing", timed_out=True)
        except Unavailable as failure:
            return f"{failure}" if self.clock.now == began else "late"
        return "answered"


ALONE = "thing: left alone, as it did not answer a moment ago"


def test_an_outage_costs_one_request_a_second_its_deadline_and_the_others_nothing() -> None:
    thing = Thing()
    assert thing.ask() == "answered"
    thing.hangs = True
    end = thing.clock.now + 60
    seen: list[str] = []
    while thing.clock.now < end:
        seen.append(thing.ask())
        thing.clock.now += 0.01
    assert 60 / (REST + LATE + 0.02) - 1 <= seen.count("late") <= 60 / (REST + LATE) + 1
    assert set(seen) == {"late", ALONE}
    assert seen.count(ALONE) > 3000
    assert thing.calls == seen.count("late") + 1


def test_it_is_asked_again_by_all_as_soon_as_one_was_answered() -> None:
    thing = Thing()
    thing.hangs = True
    assert [thing.ask(), thing.ask()] == ["late", ALONE]
    thing.hangs = False
    thing.clock.now += REST - 0.01
    assert thing.ask() == ALONE
    thing.clock.now += 0.01
    assert [thing.ask() for _ in range(3)] == ["answered"] * 3


def test_nobody_waits_with_the_one_that_finds_out() -> None:
    thing = Thing()
    thing.hangs = True
    thing.ask()
    thing.clock.now += REST
    with thing.rest.asking():
        assert thing.ask() == ALONE
    assert thing.rest.is_doubted is False


def test_one_that_finds_out_and_is_gone_holds_up_nobody_for_longer_than_a_rest() -> None:
    thing = Thing()
    thing.hangs = True
    thing.ask()
    thing.clock.now += REST
    with pytest.raises(GeneratorExit), thing.rest.asking():
        raise GeneratorExit
    assert thing.ask() == ALONE
    thing.hangs = False
    thing.clock.now += REST
    assert thing.ask() == "answered"


def test_what_fails_at_once_is_asked_by_all() -> None:
    thing = Thing()
    for _ in range(3):
        with pytest.raises(Unavailable, match="broken"), thing.rest.asking():
            raise Unavailable("thing", reason="broken")
    assert thing.ask() == "answered"
    # Also where it did not answer before: it does again, after a fashion.
    thing.hangs = True
    thing.ask()
    thing.clock.now += REST
    with pytest.raises(Unavailable), thing.rest.asking():
        raise Unavailable("thing", reason="broken")
    assert not thing.rest.is_doubted


def test_a_late_answer_among_others_that_come_is_no_outage() -> None:
    thing = Thing()

    def unlucky() -> None:
        with thing.rest.asking():
            thing.clock.now += 0.1
            assert thing.ask() == "answered"
            thing.clock.now += 0.4
            raise Unavailable("thing", timed_out=True)

    with pytest.raises(Unavailable, match="timed out"):
        unlucky()
    assert thing.ask() == "answered"


@pytest.mark.parametrize("back", [0.5, 10.0, 1e6])
def test_a_clock_that_is_set_back_holds_up_nobody(back: float) -> None:
    thing = Thing()
    thing.hangs = True
    thing.ask()
    thing.hangs = False
    thing.clock.now += 2 * REST - back
    assert thing.ask() == "answered"
    thing.hangs = True
    # What was answered by the clock as it was hides what hangs now no longer than that.
    thing.clock.now -= back
    assert [thing.ask() for _ in range(3)][::2] == ["late", ALONE]


class Things:
    """Several of them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.rests = Rests("thing", lambda: self.clock.now)
        self.hanging: set[str] = set()
        self.asked: list[str] = []

    def ask(self, name: str, *, anyway: bool = False) -> bool:
        """Whether it was left alone."""
        try:
            with self.rests.asking(name, anyway=anyway):
                self.asked.append(name)
                if name in self.hanging:
                    self.clock.now += LATE
                    raise Unavailable("thing", timed_out=True)
        except Unavailable as failure:
            return not failure.timed_out
        return False


def test_one_that_is_stuck_says_nothing_of_the_others() -> None:
    things = Things()
    things.hanging = {"a"}
    assert [things.ask(name) for name in "abab"] == [False, False, True, False]
    assert (things.rests.is_doubted("a"), things.rests.is_doubted("b")) == (True, False)


def test_where_all_are_stuck_one_request_a_second_pays_and_not_one_for_each() -> None:
    things = Things()
    names = [f"{number:02x}" for number in range(256)]
    things.hanging = set(names)
    end = things.clock.now + 60
    number = 0
    while things.clock.now < end:
        things.ask(names[number % len(names)])
        number += 1
        things.clock.now += 0.01
    assert len(things.asked) <= 60 / (REST + LATE) + 2
    things.hanging = set()
    things.clock.now += REST
    assert not any(things.ask(name) for name in names)


def test_one_that_answers_ends_the_doubt_about_all_but_those_that_were_late() -> None:
    things = Things()
    things.hanging = {"a", "b"}
    things.ask("a")
    things.ask("b")
    assert things.ask("c")
    things.clock.now += REST
    assert not things.ask("c")
    assert not things.ask("d")
    assert not things.ask("a"), "its own rest is over as well"
    assert things.ask("a")
    assert not things.ask("c")


def test_some_are_asked_anyway_and_what_comes_of_it_is_learnt() -> None:
    things = Things()
    things.hanging = {"a"}
    things.ask("a")
    things.hanging = set()
    assert things.ask("a")
    assert not things.ask("a", anyway=True)
    assert not things.ask("a")


def test_readings_begin_anywhere() -> None:
    thing = Thing()
    thing.clock.now = 0.0
    thing.hangs = True
    assert (thing.ask(), thing.ask()) == ("late", ALONE)
    thing.clock.now = NOW
    assert thing.ask() == "late"
