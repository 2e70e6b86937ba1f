"""`/-/tables`: publish a table, see which one answers and what answered before.

Documents are put first, under the hash of their content; then the pointer is moved by those who say
which one they have seen.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from admin.endpoint import Asked, Endpoint, answer, fields, number
from application import SHORT
from contract.feed import Name, Percent, PointerRequest, TableId, TablePointer, Words
from contract.operators import PUBLISH
from contract.problems import (
    ADMIN_UNAVAILABLE,
    CONFLICT,
    INVALID_CONTENT,
    MALFORMED_REQUEST,
    NOT_FOUND,
    Problem,
)
from messages import Response
from policies.plugin import Plugin
from ports import ChangeFeed, TableArchive
from routing.check import Finding, check_bindings
from routing.table import Table
from tables.document import MAX_DOCUMENT, Unusable, identify, read_document, told
from tables.live import Tables

_TIMEOUT: Final = 5.0
"""Seconds for each call to the feed and to the archive: a publisher can wait, unlike a client."""
_MAX_CHANGE: Final = 16 * 1024
_METADATA_NOTE: Final = 100
_RETRY_AFTER: Final = "5"
_SHOWN: Final = 20
_POINTER: Final = ("expected", "current", "candidate", "percent", "author", "note", "override")


class PointerChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /-/tables/pointer."""

    expected: Annotated[int, Meta(ge=0)]
    """The sequence of the pointer that stands; 0 where there is none."""
    current: TableId
    candidate: TableId | None = None
    percent: Percent = 0
    author: Name
    note: Words = ""
    override: Words = ""


class Status(Struct, kw_only=True):
    """The body of GET /-/tables."""

    live: str
    """The table that answers those who do not get the candidate."""
    pointer: TablePointer | None
    followed: bool
    """Whether the pointer counts here: not where another table has been deployed since."""
    built_in: str
    max_age: float
    """Seconds after which every isolate has heard of a change."""
    isolate: Mapping[str, Any]


_change: Final = msgspec.json.Decoder(PointerChange)


class TablesEndpoints:
    """What can be done with tables. Feed and archive are None where nothing is bound."""

    def __init__(
        self,
        tables: Tables,
        feed: ChangeFeed | None,
        archive: TableArchive | None,
        is_bound: Callable[[str], bool],
    ) -> None:
        """`is_bound` knows the gateway's service bindings."""
        self._tables = tables
        self._feed = feed
        self._archive = archive
        self._is_bound = is_bound

    def endpoints(self) -> tuple[Endpoint, ...]:
        """All of them."""
        return (
            Endpoint("tables.status", "GET", "tables", PUBLISH, self._status),
            Endpoint("tables.history", "GET", "tables/history", PUBLISH, self._history),
            Endpoint(
                "tables.point",
                "POST",
                "tables/pointer",
                PUBLISH,
                self._move,
                max_body=_MAX_CHANGE,
                noted=_POINTER,
            ),
            Endpoint("tables.document", "GET", "tables/{id}", PUBLISH, self._document),
            Endpoint(
                "tables.put",
                "PUT",
                "tables/{id}",
                PUBLISH,
                self._put,
                max_body=MAX_DOCUMENT,
                noted=("author", "note"),
            ),
        )

    async def _status(self, asked: Asked) -> Response:
        tables = self._tables
        pointer = (await self._bound()[0].since(None, timeout=_TIMEOUT)).pointer
        await tables.look(_TIMEOUT)  # so that what the isolate says is about now
        followed = pointer is not None and pointer.built_in == tables.built_in.id
        return answer(
            Status(
                live=self._live(pointer),
                pointer=pointer,
                followed=followed,
                built_in=tables.built_in.id,
                max_age=tables.max_age,
                isolate=tables.describe(tables.current),
            )
        )

    async def _history(self, asked: Asked) -> Response:
        limit = number(asked.query.get("limit", "20"), 1, 200)
        if limit is None:
            raise Problem(MALFORMED_REQUEST, "`limit`: expected a number from 1 to 200.")
        pointers = await self._bound()[0].history(limit, timeout=_TIMEOUT)
        return answer({"pointers": pointers, "built_in": self._tables.built_in.id})

    async def _document(self, asked: Asked) -> Response:
        return Response(200, fields(), await self._stored(_id(asked)))

    async def _put(self, asked: Asked) -> Response:
        """Store a document. It is not looked up before: a store at the edge remembers for a while
        that there was nothing, and would say so to the isolates that are to take the table."""
        id, document = _id(asked), asked.body
        if identify(document) != id:
            message = f"The content has the hash {identify(document)}, which its path has to name."
            raise Problem(INVALID_CONTENT, message)
        table = self._read(id, document)
        parameters = asked.query
        created = datetime.fromtimestamp(asked.exchange.now, UTC)
        metadata = {
            "author": parameters.get("author", "")[:_METADATA_NOTE],
            "note": parameters.get("note", "")[:_METADATA_NOTE],
            "parent": self._tables.current.table_id,
            "created": created.isoformat(timespec="seconds"),
        }
        await self._bound()[1].put(id, document, metadata, timeout=_TIMEOUT)
        return answer({"id": id, "bytes": len(document), "routes": len(table.routes)}, 201)

    async def _move(self, asked: Asked) -> Response:
        change = asked.decode(_change)
        feed, archive = self._bound()
        for id in filter(None, (change.current, change.candidate)):
            self._read(id, await self._stored(id))
        standing = (await feed.since(None, timeout=_TIMEOUT)).pointer
        built_in = self._tables.built_in
        moved = await feed.move_pointer(
            PointerRequest(
                expected=change.expected,
                current=change.current,
                candidate=change.candidate,
                percent=change.percent,
                parent=self._live(standing),
                built_in=built_in.id,
                author=change.author,
                subject=asked.subject[:100],
                note=change.note,
                override=change.override,
            ),
            timeout=_TIMEOUT,
        )
        if not moved.accepted or moved.pointer is None:
            raise _conflict(change.expected, moved.pointer)
        asked.result["sequence"] = str(moved.pointer.sequence)
        asked.exchange.log["published"] = moved.pointer.sequence
        # Whoever answered must obey; the others will have looked within `max_age`.
        await self._tables.look(_TIMEOUT)
        if standing is None or standing.built_in != built_in.id:
            # The way back to the built-in table shall be there when another one was deployed.
            metadata = {"author": "deploy", "note": "built in"}
            storing = archive.put(built_in.id, built_in.document, metadata, timeout=_TIMEOUT)
            asked.exchange.defer(storing)
        return answer({"pointer": moved.pointer, "max_age": self._tables.max_age}, 201)

    def _live(self, pointer: TablePointer | None) -> str:
        """The table that answers where `pointer` stands."""
        built_in = self._tables.built_in.id
        return pointer.current if pointer and pointer.built_in == built_in else built_in

    def _bound(self) -> tuple[ChangeFeed, TableArchive]:
        if self._feed is None or self._archive is None:
            detail = "This gateway has no binding CHANGE_FEED or TABLES."
            raise Problem(ADMIN_UNAVAILABLE, detail, headers={"retry-after": _RETRY_AFTER})
        return self._feed, self._archive

    async def _stored(self, id: str) -> bytes:
        """The document called `id`. Raises `Problem` where the archive does not show it."""
        if id == self._tables.built_in.id:
            return self._tables.built_in.document
        document = await self._bound()[1].get(id, timeout=_TIMEOUT)
        if document is None:
            message = f"There is no table {id[:SHORT]}…, or it is not to be seen here yet."
            raise Problem(NOT_FOUND, message)
        return document

    def _read(self, id: str, document: bytes) -> Table:
        """The table in `document`, if this gateway can answer by it. Raises `Problem`."""
        try:
            table = read_document(id, document)
        except Unusable as wrong:
            raise _refused(id, wrong.detail, wrong.findings) from None
        named = {one.binding for one in table.services.values() if one.binding is not None}
        findings = check_bindings(table, [name for name in named if self._is_bound(name)])
        for position, route in enumerate(table.routes):
            if route.plugin is not None:
                try:
                    Plugin(route.plugin)
                except Exception as error:
                    findings.append(Finding(("routes", position, "plugin"), str(error)))
        if findings:
            raise _refused(id, told(tuple(findings)), tuple(findings))
        return table


def _refused(id: str, detail: str, findings: tuple[Finding, ...]) -> Problem:
    errors = [
        {"path": ".".join(map(str, one.path)), "message": one.message} for one in findings[:_SHOWN]
    ]
    message = f"The table {id[:SHORT]} cannot be taken: {detail[:1000]}"
    return Problem(INVALID_CONTENT, message, errors=errors)


def _conflict(expected: int, pointer: TablePointer | None) -> Problem:
    if pointer is None:
        return Problem(CONFLICT, f"Expected the pointer {expected}, but nothing is published yet.")
    at = datetime.fromtimestamp(pointer.at, UTC).isoformat(timespec="seconds")
    note = f" ({pointer.note!r})" if pointer.note else ""
    message = (
        f"{pointer.author} was first: published {pointer.current[:SHORT]} as {pointer.sequence} "
        f"at {at.replace('+00:00', 'Z')}{note}, after the {expected} that you have seen."
    )
    return Problem(CONFLICT, message, pointer=pointer)


def _id(asked: Asked) -> str:
    """The id of a table in the path. Raises `Problem` where it is none."""
    id = asked.path["id"]
    if len(id) != 64 or not set(id) <= set("0123456789abcdef"):
        raise Problem(NOT_FOUND, "The id of a table has 64 hexadecimal digits.")
    return id
