"""`ChangeFeed`: the log of changes that every isolate reads, and the pointer to the table.

A row for each entry, so that a publication writes one row and not the whole history. What a caller
was told is on disk (see `state.record` for the output gate), so a pointer survives a crash.
"""

import time
from typing import Any, Final

import msgspec
from workers import DurableObject

from contract.change_log import ChangeLog
from contract.feed import (
    AppendRequest,
    Entry,
    History,
    HistoryRequest,
    Kind,
    PointerAnswer,
    PointerRequest,
    SinceRequest,
    TablePointer,
)

_decode_since = msgspec.json.Decoder(SinceRequest).decode
_decode_move = msgspec.json.Decoder(PointerRequest).decode
_decode_append = msgspec.json.Decoder(AppendRequest).decode
_decode_history = msgspec.json.Decoder(HistoryRequest).decode
_decode_pointer = msgspec.json.Decoder(TablePointer).decode
_decode_entry = msgspec.json.Decoder(Entry).decode
_encode = msgspec.json.Encoder().encode

_TABLES: Final = ("pointers", "changes", "purges")
_DROPPED: Final = "dropped"
_PURGES_DROPPED: Final = "purges-dropped"


class ChangeFeed(DurableObject):  # type: ignore[misc]
    """The one object of its class is named by `contract.feed.FEED`."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        # The raw storage: its calls take and give plain values.
        self._storage = ctx._ctx.storage  # noqa: SLF001
        self._run = self._storage.sql.exec
        for name in _TABLES:
            self._run(
                f"CREATE TABLE IF NOT EXISTS {name} (sequence INTEGER PRIMARY KEY, entry TEXT)"
            )
        self._log = ChangeLog(
            [_decode_pointer(text) for text in self._rows("pointers")],
            [_decode_entry(text) for text in self._rows("changes")],
            int(self._storage.kv.get(_DROPPED) or 0),
            [_decode_entry(text) for text in self._rows("purges")],
            int(self._storage.kv.get(_PURGES_DROPPED) or 0),
        )

    def since(self, request: str) -> str:
        """A JSON `SinceRequest` in, a JSON `Changes` out."""
        return _text(self._log.since(_decode_since(request).sequence))

    def move_pointer(self, request: str) -> str:
        """Compare and set: a JSON `PointerRequest` in, a JSON `PointerAnswer` out."""
        pointer = self._log.moved(_decode_move(request), time.time())
        if pointer is None:
            return _text(PointerAnswer(accepted=False, pointer=self._log.pointer))
        self._write("pointers", pointer.sequence, _text(pointer))
        dropped = self._log.take_pointer(pointer)
        if dropped is not None:
            self._run("DELETE FROM pointers WHERE sequence <= ?", dropped)
        return _text(PointerAnswer(accepted=True, pointer=pointer))

    def append(self, request: str) -> str:
        """A JSON `AppendRequest` in, the JSON `Entry` out."""
        entry = self._log.appended(_decode_append(request), time.time())
        if entry.kind == Kind.PURGE:
            self._write("purges", entry.sequence, _text(entry))
            for gone in self._log.take_purge(entry):
                self._run("DELETE FROM purges WHERE sequence = ?", gone)
            self._storage.kv.put(_PURGES_DROPPED, self._log.purges_dropped)
            return _text(entry)
        self._write("changes", entry.sequence, _text(entry))
        dropped = self._log.take_entry(entry)
        if dropped is not None:
            self._storage.kv.put(_DROPPED, dropped)
            self._run("DELETE FROM changes WHERE sequence <= ?", dropped)
        return _text(entry)

    def history(self, request: str) -> str:
        """A JSON `HistoryRequest` in, a JSON `History` out."""
        return _text(History(pointers=self._log.history(_decode_history(request).limit)))

    def ping(self) -> str:
        """Answer "ok" if SQLite works."""
        return "ok" if self._run("SELECT 1 AS one").one().one == 1 else "storage failed"

    def _rows(self, table: str) -> list[str]:
        rows = self._run(f"SELECT entry FROM {table} ORDER BY sequence")  # noqa: S608  (ours)
        return [row.entry for row in rows.toArray()]

    def _write(self, table: str, sequence: int, text: str) -> None:
        self._run(f"INSERT INTO {table} VALUES (?, ?)", sequence, text)  # noqa: S608  (ours)


def _text(message: msgspec.Struct) -> str:
    return _encode(message).decode()
