"""Messages of the change feed: what isolates ask the `ChangeFeed` object, and what it tells them.

One feed carries everything that an isolate has to hear of: which table answers, and what it is to
forget. A change travels as its kind and its JSON, so that a gateway passes over kinds of a newer
state Worker that it does not know.
"""

from enum import StrEnum
from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Meta

FEED: Final = "feed"
"""The name of the one object."""

TableId = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a compiled table's JSON, as hexadecimal digits."""

Percent = Annotated[int, Meta(ge=0, le=100)]
Words = Annotated[str, Meta(max_length=500)]
Name = Annotated[str, Meta(max_length=100)]


class TablePointer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which table answers: one entry of the history. Never changed, only followed by another."""

    sequence: int
    """Its place in the feed; grows with every change of any kind."""
    current: TableId
    candidate: TableId | None = None
    """A table that answers `percent` of the clients instead of `current`."""
    percent: Percent = 0
    parent: TableId
    """The table that answered before."""
    built_in: TableId
    """The table that was built into the gateway which accepted this. One with another table built
    in has been deployed anew since then, and does not follow this pointer."""
    author: Name
    """Who says that they published it."""
    subject: Name
    """The verified caller that did."""
    note: Words = ""
    override: Words = ""
    """Why it was published although tests or the audit spoke against it."""
    at: float
    """Unix seconds."""


class PointerRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Move the pointer, if the one that stands has the sequence `expected` (0: there is none)."""

    expected: int
    current: TableId
    candidate: TableId | None = None
    percent: Percent = 0
    parent: TableId
    built_in: TableId
    author: Name
    subject: Name
    note: Words = ""
    override: Words = ""


class PointerAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The pointer that stands now. Where it was not `accepted`, it is the one that came first."""

    accepted: bool
    pointer: TablePointer | None = None


class Kind(StrEnum):
    """What a change is about. Table pointers are not among them: they have a history."""

    REVOCATION = "revocation"
    PURGE = "purge"


class Revocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Forget what was verified of this credential: the `jti` of a token, the `sid` of all tokens
    of a family, the id of an API key or of a session."""

    credential_id: Annotated[str, Meta(min_length=1, max_length=200)]


MAX_MARK: Final = 1000
"""Characters."""

Mark = Annotated[str, Meta(pattern=r"^(?:all$|(?:tag|url|prefix):.)", max_length=MAX_MARK)]
"""What a purge names: `all`, `tag:NAME`, `url:HOST/PATH` (with every query), `url:HOST/PATH?QUERY`
or `prefix:HOST/PATH`."""


class Purge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stored answers that bear any of these marks are out of date, where what they were made of was
    asked for by somebody who did not know of this yet."""

    marks: Annotated[tuple[Mark, ...], Meta(min_length=1, max_length=32)]
    soft: bool = False
    """They are stale from now on, and not gone."""


CHANGES: Final[dict[str, type[msgspec.Struct]]] = {
    Kind.REVOCATION: Revocation,
    Kind.PURGE: Purge,
}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A change in the log; `change` is the JSON of what `CHANGES` has for its kind."""

    sequence: int
    at: float
    kind: str
    change: msgspec.Raw


class AppendRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Put a change into the log."""

    kind: Kind
    change: msgspec.Raw


class SinceRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ask what is newer than `sequence`; None from an isolate that remembers nothing yet, which is
    told of all purges that are kept, as what is stored may be older than it."""

    sequence: int | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is newer. `sequence` is that of the newest entry, and what to ask with next time."""

    sequence: int
    pointer: TablePointer | None = None
    """The pointer that stands, where it is newer than what was asked with; else None."""
    entries: tuple[Entry, ...] = ()
    missed: bool = False
    """The log does not reach back that far: forget everything that a change could have named.
    Purges are apart from this."""
    purged_before: int = 0
    """Purges up to this sequence may be missing among `entries`."""


class HistoryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for the latest `limit` pointers."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 20


class History(msgspec.Struct, frozen=True, kw_only=True):
    """Pointers, the newest first."""

    pointers: tuple[TablePointer, ...]


class ChangeFeedRpc(Protocol):
    """The RPC methods of the `ChangeFeed` object, with JSON of the Structs above."""

    def since(self, request: str) -> str: ...

    def move_pointer(self, request: str) -> str: ...

    def append(self, request: str) -> str: ...

    def history(self, request: str) -> str: ...

    def ping(self) -> str: ...
