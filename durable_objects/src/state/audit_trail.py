"""The audit log's rows: appended, read, and dropped at the old end. It has no clock of its own.

Actions and refused attempts are counted apart, and share one growing sequence.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from contract.audit import (
    MAX_ACTIONS,
    MAX_REFUSALS,
    AuditEntry,
    Entries,
    EntriesRequest,
    Phase,
    Record,
)

Execute = Callable[..., Iterable[tuple[Any, ...]]]
"""Runs one SQL statement with its values: the rows that it gives."""

_ACTIONS: Final = "actions"
_REFUSALS: Final = "refusals"
_TABLES: Final = (_ACTIONS, _REFUSALS)
_ALL: Final = f"(SELECT * FROM {_ACTIONS} UNION ALL SELECT * FROM {_REFUSALS})"  # noqa: S608

_decode_record = msgspec.json.Decoder(Record).decode
_encode = msgspec.json.Encoder().encode


class AuditTrail:
    """Rows in a SQLite database."""

    def __init__(
        self, execute: Execute, max_actions: int = MAX_ACTIONS, max_refusals: int = MAX_REFUSALS
    ) -> None:
        self._execute = execute
        self._limits = {_ACTIONS: max_actions, _REFUSALS: max_refusals}
        for table in _TABLES:
            execute(
                f"CREATE TABLE IF NOT EXISTS {table}"
                " (sequence INTEGER PRIMARY KEY, at REAL, record TEXT)"
            )
        self._counts = {
            table: self._number(f"SELECT count(*) FROM {table}")  # noqa: S608
            for table in _TABLES
        }
        # The newest row is never dropped, so no sequence is given twice.
        self._newest = self._number(f"SELECT coalesce(max(sequence), 0) FROM {_ALL}")  # noqa: S608

    def append(self, record: Record, now: float) -> AuditEntry:
        """Write `record` down as the newest entry."""
        table = _REFUSALS if record.phase is Phase.REFUSED else _ACTIONS
        sequence = self._newest + 1
        text = _encode(record).decode()
        self._execute(f"INSERT INTO {table} VALUES (?, ?, ?)", sequence, now, text)  # noqa: S608
        self._newest = sequence
        self._counts[table] += 1
        excess = self._counts[table] - self._limits[table]
        if excess > 0:
            self._execute(
                f"DELETE FROM {table} WHERE sequence IN"  # noqa: S608
                f" (SELECT sequence FROM {table} ORDER BY sequence LIMIT ?)",
                excess,
            )
            self._counts[table] -= excess
        return AuditEntry(sequence=sequence, at=now, record=record)

    def entries(self, request: EntriesRequest) -> Entries:
        """What `request` asks for."""
        if request.after is None:
            query = f"SELECT * FROM {_ALL} ORDER BY sequence DESC LIMIT ?"  # noqa: S608
            rows = list(self._execute(query, request.limit))[::-1]
        else:
            query = f"SELECT * FROM {_ALL} WHERE sequence > ? ORDER BY sequence LIMIT ?"  # noqa: S608
            rows = list(self._execute(query, request.after, request.limit))
        return Entries(
            entries=tuple(
                AuditEntry(sequence=int(sequence), at=float(at), record=_decode_record(text))
                for sequence, at, text in rows
            ),
            oldest=self._number(f"SELECT coalesce(min(sequence), 0) FROM {_ALL}"),  # noqa: S608
            newest=self._newest,
        )

    def _number(self, query: str) -> int:
        ((number,),) = self._execute(query)
        return int(number)
