"""The change feed as plain data: one growing sequence, bounded, and a pointer that is only moved by
those who know which one stands.

It has no storage and no clock. Every method that would change it gives the new entry; the caller
writes that down, and then has it taken in, so that what is in memory never runs ahead of storage.
"""

from collections import deque
from collections.abc import Iterable, Reversible
from itertools import takewhile
from typing import Final

import msgspec

from contract.feed import (
    CHANGES,
    AppendRequest,
    Changes,
    Entry,
    PointerRequest,
    TablePointer,
)

MAX_POINTERS: Final = 1000
"""Pointers that are kept: the history."""

MAX_ENTRIES: Final = 1000
"""Changes of other kinds that are kept."""

MAX_PURGES: Final = 1000
"""Purges that are kept. Of those that say the same only the latest is."""

MAX_ANSWERED: Final = 200
"""Changes in one answer. Whoever has missed more had better forget everything."""


class ChangeLog:
    """Pointers and changes in order of their sequence, the oldest first."""

    def __init__(
        self,
        pointers: Iterable[TablePointer] = (),
        entries: Iterable[Entry] = (),
        dropped: int = 0,
        purges: Iterable[Entry] = (),
        purges_dropped: int = 0,
    ) -> None:
        """`dropped` is the sequence of the latest change that is no longer kept, `purges_dropped`
        that of the latest purge."""
        self._pointers = deque(pointers)
        self._entries = deque(entries)
        self._dropped = dropped
        # By what they say: dicts keep the order in which they came.
        self._purges = {bytes(entry.change): entry for entry in purges}
        self.purges_dropped = purges_dropped

    @property
    def sequence(self) -> int:
        """That of the newest entry; 0 where there never was one."""
        newest = [self._dropped, self.purges_dropped]
        if self._pointers:
            newest.append(self._pointers[-1].sequence)
        if self._entries:
            newest.append(self._entries[-1].sequence)
        if self._purges:
            newest.append(next(reversed(self._purges.values())).sequence)
        return max(newest)

    @property
    def pointer(self) -> TablePointer | None:
        """The one that stands."""
        return self._pointers[-1] if self._pointers else None

    def since(self, sequence: int | None) -> Changes:
        """What is newer than `sequence`. None: where the log stands, and all purges."""
        now, pointer = self.sequence, self.pointer
        purges, before = self._purged_since(sequence or 0)
        if sequence is None:
            return Changes(
                sequence=now, pointer=pointer, entries=tuple(purges), purged_before=before
            )
        if pointer is not None and pointer.sequence <= sequence:
            pointer = None
        entries = _newer(self._entries, sequence)
        missed = sequence < self._dropped or len(entries) > MAX_ANSWERED
        told = purges if missed else sorted([*entries, *purges], key=lambda one: one.sequence)
        return Changes(
            sequence=now,
            pointer=pointer,
            entries=tuple(told),
            missed=missed,
            purged_before=before,
        )

    def _purged_since(self, sequence: int) -> tuple[list[Entry], int]:
        """The purges that are newer, as many as are told at once, and `purged_before`."""
        purges = _newer(self._purges.values(), sequence)
        before = self.purges_dropped if sequence < self.purges_dropped else 0
        if len(purges) > MAX_ANSWERED:
            before = purges[-MAX_ANSWERED - 1].sequence
        return purges[-MAX_ANSWERED:], before

    def history(self, limit: int) -> tuple[TablePointer, ...]:
        """The latest `limit` pointers, the newest first."""
        return tuple(self._pointers)[: -limit - 1 : -1]

    def moved(self, request: PointerRequest, now: float) -> TablePointer | None:
        """The pointer that `request` asks for; None where another one stands than it expects."""
        standing = self.pointer
        if request.expected != (standing.sequence if standing is not None else 0):
            return None
        running = request.candidate is not None and request.percent > 0
        return TablePointer(
            sequence=self.sequence + 1,
            current=request.current,
            candidate=request.candidate if running else None,
            percent=request.percent if running else 0,
            parent=request.parent,
            built_in=request.built_in,
            author=request.author,
            subject=request.subject,
            note=request.note,
            override=request.override,
            at=now,
        )

    def appended(self, request: AppendRequest, now: float) -> Entry:
        """The entry for a change. Raises `msgspec.ValidationError` where it is none of its kind."""
        change = msgspec.json.decode(request.change, type=CHANGES[request.kind])
        return Entry(
            sequence=self.sequence + 1,
            at=now,
            kind=request.kind,
            change=msgspec.Raw(msgspec.json.encode(change)),
        )

    def take_pointer(self, pointer: TablePointer) -> int | None:
        """Take in what `moved` gave; the sequence of a pointer that is no longer kept."""
        self._pointers.append(pointer)
        if len(self._pointers) <= MAX_POINTERS:
            return None
        return self._pointers.popleft().sequence

    def take_purge(self, entry: Entry) -> list[int]:
        """Take in a purge that `appended` gave; the sequences of purges that are no longer kept."""
        said, gone = bytes(entry.change), []
        before = self._purges.pop(said, None)
        if before is not None:
            gone.append(before.sequence)
        self._purges[said] = entry
        if len(self._purges) > MAX_PURGES:
            oldest = self._purges.pop(next(iter(self._purges)))
            self.purges_dropped = oldest.sequence
            gone.append(oldest.sequence)
        return gone

    def take_entry(self, entry: Entry) -> int | None:
        """Take in what `appended` gave; the sequence of a change that is no longer kept."""
        self._entries.append(entry)
        if len(self._entries) <= MAX_ENTRIES:
            return None
        self._dropped = self._entries.popleft().sequence
        return self._dropped


def _newer(entries: Reversible[Entry], sequence: int) -> list[Entry]:
    """Those after `sequence` of `entries`, which are in order; the oldest first."""
    newer = list(takewhile(lambda entry: entry.sequence > sequence, reversed(entries)))
    newer.reverse()
    return newer
