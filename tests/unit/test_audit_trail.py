"""The audit log's rows, on a real SQLite: their order, their bound, and what a reader is told."""

import sqlite3
from collections.abc import Iterable
from typing import Any

import pytest

from contract.audit import Entries, EntriesRequest, Phase, Record
from state.audit_trail import AuditTrail


class Log:
    """A trail that keeps five actions and three refusals."""

    def __init__(self) -> None:
        self._database = sqlite3.connect(":memory:")
        self.trail = self.opened()
        self._now = 100.0

    def opened(self) -> AuditTrail:
        def execute(query: str, *values: Any) -> Iterable[tuple[Any, ...]]:
            return self._database.execute(query, values).fetchall()

        return AuditTrail(execute, max_actions=5, max_refusals=3)

    def act(self, *names: str, phase: Phase = Phase.INTENT) -> None:
        for name in names:
            self._now += 1
            self.trail.append(record(name, phase), self._now)

    def read(self, after: int | None = None, limit: int = 50) -> Entries:
        return self.trail.entries(EntriesRequest(after=after, limit=limit))

    def names(self, after: int | None = None, limit: int = 50) -> str:
        return " ".join(one.record.action for one in self.read(after, limit).entries)


def record(name: str, phase: Phase = Phase.INTENT) -> Record:
    return Record(
        phase=phase, action=name, method="POST", target="/-/x", request_id="r", address="-"
    )


READS = [
    # after, limit, what is read
    (None, 50, "a b c d"),
    (None, 2, "c d"),
    (0, 2, "a b"),
    (2, 50, "c d"),
    (4, 50, ""),
    (99, 50, ""),
]


@pytest.mark.parametrize(("after", "limit", "expected"), READS)
def test_it_is_read_from_its_end_or_from_a_place(
    after: int | None, limit: int, expected: str
) -> None:
    log = Log()
    log.act("a", "b", "c", "d")
    assert log.names(after, limit) == expected


def test_the_oldest_go_first_and_a_reader_can_tell() -> None:
    log = Log()
    log.act("a", "b", "c", "d", "e", "f", "g")
    told = log.read()
    assert log.names() == "c d e f g"
    assert (told.oldest, told.newest) == (3, 7)
    assert [one.sequence for one in told.entries] == [3, 4, 5, 6, 7]
    assert [one.at for one in told.entries] == [103.0, 104.0, 105.0, 106.0, 107.0]


def test_many_refusals_drive_out_no_action() -> None:
    log = Log()
    log.act("a", "b")
    log.act(*"123456789", phase=Phase.REFUSED)
    log.act("c")
    assert log.names() == "a b 7 8 9 c"


def test_it_goes_on_where_it_was() -> None:
    log = Log()
    assert log.read() == Entries(entries=(), oldest=0, newest=0)
    log.act("a", "b", "c", "d", "e", "f")
    log.act("x", phase=Phase.REFUSED)
    before = log.read()
    log.trail = log.opened()
    assert log.read() == before
    log.act("g")
    assert (log.names(), log.read().newest) == ("c d e f x g", 8)
