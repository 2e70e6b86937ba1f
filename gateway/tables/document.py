"""A table as it is published: JSON under the hash of its content, and never believed unseen."""

import hashlib
from typing import Final

import msgspec
from msgspec.structs import replace

from contract.nesting import is_too_deep
from routing.check import Finding, check_table
from routing.schemas import with_compiled_schemas
from routing.table import Table

MAX_DOCUMENT: Final = 2 * 1024 * 1024
"""Bytes. A table of 2,000 routes has about half a million."""

_MAX_SHOWN: Final = 20

_decode = msgspec.json.Decoder(Table).decode


class Unusable(Exception):
    """A document that is no table which this gateway could answer by.

    `reason` is one of `damaged`, `unreadable`, `invalid`; `findings` are those of `check_table`.
    """

    def __init__(self, reason: str, detail: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.findings = findings


def identify(document: bytes) -> str:
    """The id of a table: SHA-256 of its JSON, as hexadecimal digits."""
    return hashlib.sha256(document).hexdigest()


def read_document(id: str, document: bytes) -> Table:
    """The table in `document`, which has to be the one called `id`. Raises `Unusable`."""
    found = identify(document)
    if found != id:
        raise Unusable("damaged", f"expected content with the hash {id}, found {found}")
    if len(document) > MAX_DOCUMENT:
        raise Unusable("unreadable", f"a table has at most {MAX_DOCUMENT} bytes")
    if is_too_deep(document):
        raise Unusable("unreadable", "the document is nested too deeply")
    try:
        table = _decode(document)
    except (msgspec.MsgspecError, ValueError) as error:
        # A member that this gateway does not know is one: it may be what protects a route.
        raise Unusable("unreadable", str(error)) from None
    # What schemas compile to is not believed either: it is made again of the schemas themselves.
    written = replace(table, compiled_schemas=None)
    findings = tuple(check_table(written))
    if findings:
        raise Unusable("invalid", told(findings), findings)
    return with_compiled_schemas(written)


def told(findings: tuple[Finding, ...]) -> str:
    """The findings as one text."""
    lines = [f"{'.'.join(map(str, one.path))}: {one.message}" for one in findings[:_MAX_SHOWN]]
    if len(findings) > _MAX_SHOWN:
        lines.append(f"and {len(findings) - _MAX_SHOWN} more")
    return "; ".join(lines)
