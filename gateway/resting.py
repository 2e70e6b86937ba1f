"""Leaving alone what does not answer: for a moment nobody asks it, then one request finds out, and
no other waits with it.

Only being late counts. What fails at once costs nobody any time, and may be about one request
alone: that somebody can ask for something that fails must not keep all others from asking.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from ports import Unavailable

Clock = Callable[[], float]
"""Seconds, of which only differences count."""

REST: Final = 1.0
"""Seconds."""

_NEVER: Final = -math.inf


class Rest:
    """Of one thing that is asked."""

    __slots__ = ("_answered", "_clock", "_dependency", "_until", "is_doubted")

    def __init__(self, dependency: str, clock: Clock) -> None:
        """`dependency`: what it is called."""
        self._dependency = dependency
        self._clock = clock
        self._answered = _NEVER
        self._until = _NEVER
        self.is_doubted = False
        """Whether it was late, and has not answered since: whoever asks now finds out for all."""

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around the call. Raises `Unavailable` where it is left alone."""
        began = self._clock()
        if self.is_left_alone(began):
            raise left_alone(self._dependency)
        self.begin(began)
        try:
            yield
        except Unavailable as failure:
            self.learn(began, self._clock(), is_late=failure.timed_out)
            raise
        self.learn(began, self._clock(), is_late=False)

    def is_left_alone(self, now: float) -> bool:
        """Whether nobody is to ask. A clock that was set back means nothing."""
        return self.is_doubted and now < self._until <= now + REST

    def begin(self, now: float) -> None:
        """Somebody asks. Where it is doubted, nobody else does meanwhile: not for longer than a
        rest, as who asks may be gone before an answer."""
        if self.is_doubted:
            self._until = now + REST

    def learn(self, began: float, now: float, *, is_late: bool) -> None:
        """What came of a call that `began` then. A late one among others that were answered
        meanwhile was unlucky."""
        if not is_late:
            self._answered, self.is_doubted = now, False
        elif not began < self._answered <= now:
            self._until, self.is_doubted = now + REST, True


class Rests:
    """Of many things of one kind, which may be in different places.

    Each is left alone by itself: that one is stuck says nothing of the others. Where two have been
    late and none has answered since, all are, so that one request pays and not one for each.
    """

    def __init__(self, dependency: str, clock: Clock) -> None:
        self._dependency = dependency
        self._clock = clock
        self._all = Rest(dependency, clock)
        self._each: dict[str, Rest] = {}
        self._late: set[str] = set()
        """Who was, since any has answered."""

    def is_doubted(self, name: str) -> bool:
        """Whether who asks it now finds out for others."""
        return self._all.is_doubted or (name in self._each and self._each[name].is_doubted)

    @contextmanager
    def asking(self, name: str, *, anyway: bool = False) -> Iterator[None]:
        """Around a call of the one with this name. Raises `Unavailable` where it is left alone,
        unless it has to be asked `anyway`."""
        began = self._clock()
        each = self._each.get(name)
        if each is None:
            each = self._each[name] = Rest(self._dependency, self._clock)
        both = (self._all, each)
        if not anyway and any(rest.is_left_alone(began) for rest in both):
            raise left_alone(self._dependency)
        for rest in both:
            rest.begin(began)
        try:
            yield
        except Unavailable as failure:
            self._learn(name, each, began, is_late=failure.timed_out)
            raise
        self._learn(name, each, began, is_late=False)

    def _learn(self, name: str, each: Rest, began: float, *, is_late: bool) -> None:
        now = self._clock()
        each.learn(began, now, is_late=is_late)
        if is_late:
            self._late.add(name)
        else:
            self._late.clear()
        if not is_late or len(self._late) > 1:
            self._all.learn(began, now, is_late=is_late)


def left_alone(dependency: str) -> Unavailable:
    """What somebody is told who may not ask."""
    return Unavailable(dependency, reason="left alone, as it did not answer a moment ago")
