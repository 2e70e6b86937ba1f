"""The outcomes that a circuit breaker judges by: those of the last calls, or of the last seconds.

Both windows are bounded whatever happens: one keeps a character for each of the last calls, the
other counts in a ring of `BUCKETS`. An isolate collects in the same windows, and hands over what it
has with ages instead of times, as its clock is none of the object's business.
"""

from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

BUCKETS: Final = 20
"""Parts of a window of time: its oldest outcomes leave one part at a time."""

MAX_CALLS: Final = 1000

_Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class Outcome(StrEnum):
    """What came of a call, as one character."""

    GOOD = "0"
    FAILED = "1"
    SLOW = "2"
    SLOW_FAILED = "3"

    @property
    def failed(self) -> bool:
        return self in (Outcome.FAILED, Outcome.SLOW_FAILED)

    @property
    def slow(self) -> bool:
        return self in (Outcome.SLOW, Outcome.SLOW_FAILED)


class Tally(msgspec.Struct, array_like=True):
    """Calls, and how many of them failed and how many were slow."""

    calls: _Count = 0
    failures: _Count = 0
    slow: _Count = 0

    def add(self, other: "Tally") -> None:
        """Count those of `other` as well."""
        self.calls += other.calls
        self.failures += other.failures
        self.slow += other.slow

    def note(self, outcome: Outcome) -> None:
        """Count one call."""
        self.calls += 1
        self.failures += outcome.failed
        self.slow += outcome.slow


class Aged(msgspec.Struct, array_like=True, frozen=True):
    """Calls that ended `age` seconds before they are told of."""

    age: Annotated[float, Meta(ge=0)]
    tally: Tally


class Outcomes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is handed from an isolate to an object; which member counts is up to the window."""

    calls: Annotated[str, Meta(pattern=r"^[0-3]*$", max_length=MAX_CALLS)] = ""
    """An `Outcome` for each call, the oldest first."""
    aged: Annotated[tuple[Aged, ...], Meta(max_length=BUCKETS)] = ()


class CountWindow(msgspec.Struct, tag="count"):
    """The last `size` calls."""

    size: int = 20
    calls: str = ""

    def note(self, outcome: Outcome, now: float) -> None:
        """Take in one call that ends now."""
        self.calls = (self.calls + outcome)[-self.size :]

    def add(self, outcomes: Outcomes, now: float) -> None:
        """Take in what an isolate has collected."""
        self.calls = (self.calls + outcomes.calls)[-self.size :]

    def collected(self, now: float) -> Outcomes:
        """What is in it, to be handed over."""
        return Outcomes(calls=self.calls)

    def tally(self, now: float) -> Tally:
        """All of it, counted."""
        both = self.calls.count(Outcome.SLOW_FAILED)
        return Tally(
            len(self.calls),
            self.calls.count(Outcome.FAILED) + both,
            self.calls.count(Outcome.SLOW) + both,
        )


class TimeWindow(msgspec.Struct, tag="time"):
    """The calls that ended in the last `span` seconds, in a ring of `BUCKETS` counts."""

    span: float = 10.0
    buckets: dict[int, Tally] = {}
    """By the number of their part of time since the epoch."""

    def note(self, outcome: Outcome, now: float) -> None:
        """Take in one call that ends now."""
        self._bucket(self._index(now), now).note(outcome)

    def add(self, outcomes: Outcomes, now: float) -> None:
        """Take in what an isolate has collected; what is too old by now does not count."""
        for aged in outcomes.aged:
            index = self._index(now - aged.age)
            if index > self._index(now) - BUCKETS:
                self._bucket(index, now).add(aged.tally)

    def collected(self, now: float) -> Outcomes:
        """What is in it, to be handed over. A bucket is as old as its middle."""
        self._forget(now)
        width = self.span / BUCKETS
        return Outcomes(
            aged=tuple(
                Aged(max(0.0, now - (index + 0.5) * width), tally)
                for index, tally in sorted(self.buckets.items())
            )
        )

    def tally(self, now: float) -> Tally:
        """All of it that is not too old at `now`, counted."""
        self._forget(now)
        total = Tally()
        for tally in self.buckets.values():
            total.add(tally)
        return total

    def _index(self, time: float) -> int:
        return int(time // (self.span / BUCKETS))

    def _bucket(self, index: int, now: float) -> Tally:
        bucket = self.buckets.get(index)
        if bucket is None:
            self._forget(now)
            bucket = self.buckets[index] = Tally()
        return bucket

    def _forget(self, now: float) -> None:
        """Drop what is too old, and what a clock that stepped back has left in the future."""
        last = self._index(now)
        self.buckets = {
            index: tally for index, tally in self.buckets.items() if last - BUCKETS < index <= last
        }


Window = CountWindow | TimeWindow
