"""Messages of the audit log: what operators did at the gateway, as the `AuditLog` object keeps it.

An action leaves two entries: an intent before anything is done, and the outcome after. Entries are
never changed. No secret is among them: parameters are those that an endpoint names.
"""

from enum import StrEnum
from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Meta

AUDIT: Final = "audit"
"""The name of the one object."""

MAX_ACTIONS: Final = 10_000
"""Intents and outcomes that are kept; the oldest go first."""

MAX_REFUSALS: Final = 1_000
"""Refused attempts that are kept. They are counted apart, so that whoever makes many of them drives
out no action."""

MAX_LISTED: Final = 200

Short = Annotated[str, Meta(max_length=300)]
Noted = Annotated[dict[str, Annotated[str, Meta(max_length=500)]], Meta(max_length=20)]


class Phase(StrEnum):
    """What an entry says."""

    INTENT = "intent"
    OUTCOME = "outcome"
    REFUSED = "refused"
    """Nobody who may: 401, 403 or 429, and nothing was done."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry, before it has its place in the log."""

    phase: Phase
    action: Short
    """The endpoint's name, such as `tables.point`; empty where there is none."""
    method: Short
    target: Short
    """The path that was asked for."""
    request_id: Short
    address: Short
    """The client's, as Cloudflare saw it."""
    subject: Short = ""
    """The verified caller; empty where there was none."""
    credential_id: Short = ""
    parameters: Noted = {}
    """Of an intent: what was asked for, as far as the endpoint names it."""
    intent: int = 0
    """Of an outcome: the sequence of its intent."""
    status: int = 0
    """Of an outcome and of a refusal: that of the answer."""
    result: Noted = {}
    """Of an outcome: what came of it, such as the id of a new key; or the code of the problem."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the log. `at` is in Unix seconds, by the object's clock."""

    sequence: int
    at: float
    record: Record


class EntriesRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ask for `limit` entries: those that follow `after`, or the latest where that is None."""

    after: Annotated[int, Meta(ge=0)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LISTED)] = 50


class Entries(msgspec.Struct, frozen=True, kw_only=True):
    """Entries in order of their sequence. `oldest` and `newest` are sequences of the whole log, 0
    where it is empty: who has read up to less than `oldest` - 1 may have missed some."""

    entries: tuple[AuditEntry, ...]
    oldest: int
    newest: int


class AuditLogRpc(Protocol):
    """The RPC methods of the `AuditLog` object, with JSON of the Structs above."""

    def append(self, request: str) -> str: ...

    def entries(self, request: str) -> str: ...

    def ping(self) -> str: ...
