"""`AuditLog`: what operators did, durable before they are answered.

A row for each entry; what a caller was told is on disk (see `state.record` for the output gate).
"""

import time
from collections.abc import Iterable
from typing import Any

import msgspec
from workers import DurableObject

from contract.audit import EntriesRequest, Record
from state.audit_trail import AuditTrail

_decode_record = msgspec.json.Decoder(Record).decode
_decode_request = msgspec.json.Decoder(EntriesRequest).decode
_encode = msgspec.json.Encoder().encode


class AuditLog(DurableObject):  # type: ignore[misc]
    """The one object of its class is named by `contract.audit.AUDIT`."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        # The raw storage: its calls take and give plain values.
        run = ctx._ctx.storage.sql.exec  # noqa: SLF001

        def execute(query: str, *values: Any) -> Iterable[tuple[Any, ...]]:
            return [tuple(row) for row in run(query, *values).raw().toArray()]

        self._execute = execute
        self._trail = AuditTrail(execute)

    def append(self, request: str) -> str:
        """A JSON `Record` in, the JSON `AuditEntry` out."""
        return _encode(self._trail.append(_decode_record(request), time.time())).decode()

    def entries(self, request: str) -> str:
        """A JSON `EntriesRequest` in, a JSON `Entries` out."""
        return _encode(self._trail.entries(_decode_request(request))).decode()

    def ping(self) -> str:
        """Answer "ok" if SQLite works."""
        return "ok" if self._execute("SELECT 1") == [(1,)] else "storage failed"
