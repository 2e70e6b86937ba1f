"""What an isolate knows of purges, and whether an entry is still what it was.

Nothing is ever looked for and deleted. Every purge has a sequence, its place in the change feed. An
entry carries the sequence that was known when what it was made of was asked for, and the marks of
`contract.feed.Mark` that it bears; a later purge of one of them ends it, wherever it is kept.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from caching.stored import Facts, StoredResponse, current_age
from contract.feed import Purge

ALL: Final = "all"
_PREFIX: Final = "prefix:"
_SPAN: Final = 1e6
"""Seconds between two of the feed."""


class _Purged(NamedTuple):
    """The latest purges of a mark: sequences, 0 for none, and when the soft one was."""

    hard: float = 0.0
    soft: float = 0.0
    soft_at: float = 0.0


_NEVER: Final = _Purged()


class Purges:
    """Purges by their marks, bounded. What is forgotten raises the floor: what was stored before
    that may have been purged, and has to be validated."""

    MAX_MARKS: Final = 4096
    MAX_PREFIXES: Final = 64
    """Each is compared with every entry that is found."""

    SLACK: Final = 10.0
    """Seconds by which an entry may know more than an isolate that has looked since."""

    def __init__(self) -> None:
        self.is_behind = False
        """Whether nothing has been heard from a feed that there is: then everything may have been
        purged."""
        self._forget()

    def _forget(self) -> None:
        self.sequence = 0.0
        """What is known of the feed. Purges that it does not know yet stand between whole ones."""
        self.floor = 0.0
        self._looked_at = 0.0
        self._latest = 0.0
        self._marks: dict[str, _Purged] = {}
        self._prefixes: dict[str, _Purged] = {}

    def learn(self, sequence: float, purge: Purge, at: float) -> None:
        """A purge of the feed, or with a sequence from `provisional` one of our own."""
        for mark in purge.marks:
            marks, most = self._marks, self.MAX_MARKS
            if mark.startswith(_PREFIX):
                marks, most = self._prefixes, self.MAX_PREFIXES
            before = marks.pop(mark, _NEVER)
            if not purge.soft:
                marks[mark] = before._replace(hard=max(before.hard, sequence))
            elif sequence > before.soft:
                marks[mark] = before._replace(soft=sequence, soft_at=at)
            else:
                marks[mark] = before
            while len(marks) > most:
                oldest = marks.pop(next(iter(marks)))
                self.distrust(max(oldest.hard, oldest.soft))
        self._latest = max(self._latest, sequence)

    def provisional(self, now: float) -> float:
        """The sequence of a purge that the feed does not know: what is asked for from now on knows
        of it, and what others have stored before they hear of it does not. They have such ones of
        their own, so that between two of the feed the time puts all of them in order."""
        behind = math.floor(self.sequence) + now % _SPAN / _SPAN
        self.sequence = max(behind, math.nextafter(self.sequence, math.inf))
        return self.sequence

    def distrust(self, before: float) -> None:
        """Purges up to this sequence may have been missed."""
        self.floor = max(self.floor, before)
        self._latest = max(self._latest, before)

    def heard(self, sequence: int, at: float) -> None:
        """All purges of the feed up to `sequence` have been told, at that time."""
        self.sequence = max(self.sequence, float(sequence))
        self._looked_at = at
        self.is_behind = False

    def restart(self) -> None:
        """The feed has begun anew: sequences mean something else."""
        self._forget()
        self.is_behind = True

    def spare(self, facts: Facts) -> bool:
        """Whether nothing was purged since what `facts` are about was asked for: most often so, and
        known without a look at the marks."""
        return self._latest <= facts.known <= self.sequence and not self.is_behind

    def judge(
        self, stored: StoredResponse, marks: Sequence[str], now: float
    ) -> StoredResponse | None:
        """`stored` as it may be used, which bears its tags and `marks`; None where it is gone."""
        facts = stored.facts
        if self.spare(facts):
            return stored
        known = facts.known
        if int(known) > int(self.sequence) and facts.response_time < self._looked_at - self.SLACK:
            return None  # of a feed that is no more
        stale_since = None
        for purged in self._named(facts, marks):
            if purged.hard > known:
                return None
            if purged.soft > known and (stale_since is None or purged.soft_at < stale_since):
                stale_since = purged.soft_at
        if self.is_behind or known < self.floor:
            return _with(stored, replace(facts, validate=True))
        if stale_since is None:
            return stored
        age = current_age(facts, min(now, stale_since))
        return _with(stored, replace(facts, lifetime=min(facts.lifetime, age)))

    def _named(self, facts: Facts, marks: Sequence[str]) -> Iterable[_Purged]:
        known = self._marks
        for mark in (ALL, *(f"tag:{tag}" for tag in facts.tags), *marks):
            purged = known.get(mark)
            if purged is not None:
                yield purged
        for prefix, purged in self._prefixes.items():
            address = f"url:{prefix.removeprefix(_PREFIX)}"
            if any(mark.startswith(address) for mark in marks):
                yield purged


def _with(stored: StoredResponse, facts: Facts) -> StoredResponse:
    return replace(stored, facts=facts)
