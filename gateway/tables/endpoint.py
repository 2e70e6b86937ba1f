"""`/-/tables`: publish a table, see which one answers and what answered before.

Part of no version and of no table, so that no table can lock its publishers out. Whoever calls has
to show a credential with the scope `tables:admin`. Documents are put first, under the hash of their
content; then the pointer is moved by those who say which one they have seen.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta, Struct

from application import SHORT
from contract.feed import Name, Percent, PointerRequest, TableId, TablePointer, Words
from contract.names import ADMIN_PREFIX
from contract.nesting import is_too_deep
from contract.problems import (
    CONFLICT,
    CONTENT_TOO_LARGE,
    INVALID_CONTENT,
    INVALID_JSON,
    MALFORMED_REQUEST,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    PUBLISHING_UNAVAILABLE,
    Problem,
)
from messages import BodyTooLarge, Exchange, Headers, Response, read_body
from policies.authenticate import Authenticate
from policies.plugin import Plugin
from ports import ChangeFeed, TableArchive, Unavailable
from routing.check import Finding, check_bindings
from routing.table import Table
from tables.document import MAX_DOCUMENT, Unusable, identify, read_document, told
from tables.live import Tables

PATH: Final = f"{ADMIN_PREFIX}tables"
SCOPE: Final = "tables:admin"

_TIMEOUT: Final = 5.0
"""Seconds for each call to the feed and to the archive: a publisher can wait, unlike a client."""
_MAX_CHANGE: Final = 16 * 1024
_METADATA_NOTE: Final = 100
_RETRY_AFTER: Final = "5"
_SHOWN: Final = 20

_Method = Callable[[Exchange], Awaitable[Response]]


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


_decode_change = msgspec.json.Decoder(PointerChange).decode


class TablesEndpoint:
    """Answers what is below `ADMIN_PREFIX`."""

    def __init__(
        self,
        tables: Tables,
        authenticate: Authenticate,
        feed: ChangeFeed | None,
        archive: TableArchive | None,
        is_bound: Callable[[str], bool],
    ) -> None:
        """`authenticate` asks for `SCOPE`; `is_bound` knows the gateway's service bindings."""
        self._tables = tables
        self._authenticate = authenticate
        self._feed = feed
        self._archive = archive
        self._is_bound = is_bound

    async def __call__(self, exchange: Exchange) -> Response:
        """Raises `Problem`."""
        return await self._authenticate(exchange, self._answer)

    async def _answer(self, exchange: Exchange) -> Response:
        methods = self._methods(exchange.request.path)
        method = methods.get(exchange.request.method)
        if method is None:
            raise Problem(METHOD_NOT_ALLOWED, headers={"allow": ", ".join(methods)})
        try:
            return await method(exchange)
        except Unavailable as failure:
            exchange.log["publishing"] = str(failure)
            detail = f"The {failure.dependency} does not answer."
            raise _unavailable(detail) from failure

    def _methods(self, path: str) -> dict[str, _Method]:
        match path.removeprefix(PATH).split("/"):
            case [""] if path == PATH:
                return {"GET": self._status}
            case ["", "pointer"]:
                return {"POST": self._move}
            case ["", "history"]:
                return {"GET": self._history}
            case ["", id] if len(id) == 64 and set(id) <= set("0123456789abcdef"):
                return {"GET": self._document, "PUT": self._put}
        raise Problem(NOT_FOUND, f"There is nothing at {path[:200]}; see {PATH}.")

    async def _status(self, exchange: Exchange) -> Response:
        tables = self._tables
        pointer = (await self._bound()[0].since(None, timeout=_TIMEOUT)).pointer
        await tables.look(_TIMEOUT)  # so that what the isolate says is about now
        followed = pointer is not None and pointer.built_in == tables.built_in.id
        return _json(
            Status(
                live=self._live(pointer),
                pointer=pointer,
                followed=followed,
                built_in=tables.built_in.id,
                max_age=tables.max_age,
                isolate=tables.describe(tables.current),
            )
        )

    async def _history(self, exchange: Exchange) -> Response:
        limit = _parameters(exchange).get("limit", "20")
        if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:4]) <= 200:
            raise Problem(MALFORMED_REQUEST, "`limit`: expected a number from 1 to 200.")
        pointers = await self._bound()[0].history(int(limit), timeout=_TIMEOUT)
        return _json({"pointers": pointers, "built_in": self._tables.built_in.id})

    async def _document(self, exchange: Exchange) -> Response:
        return Response(200, _fields(), await self._stored(_last_segment(exchange)))

    async def _put(self, exchange: Exchange) -> Response:
        """Store a document. It is not looked up before: a store at the edge remembers for a while
        that there was nothing, and would say so to the isolates that are to take the table."""
        id, document = _last_segment(exchange), await _body(exchange, MAX_DOCUMENT)
        if identify(document) != id:
            message = f"The content has the hash {identify(document)}, which its path has to name."
            raise Problem(INVALID_CONTENT, message)
        table = self._read(id, document)
        parameters = _parameters(exchange)
        metadata = {
            "author": parameters.get("author", "")[:_METADATA_NOTE],
            "note": parameters.get("note", "")[:_METADATA_NOTE],
            "parent": self._tables.current.table_id,
            "created": datetime.fromtimestamp(exchange.now, UTC).isoformat(timespec="seconds"),
        }
        await self._bound()[1].put(id, document, metadata, timeout=_TIMEOUT)
        return _json({"id": id, "bytes": len(document), "routes": len(table.routes)}, 201)

    async def _move(self, exchange: Exchange) -> Response:
        body = await _body(exchange, _MAX_CHANGE)
        if is_too_deep(body):
            raise Problem(INVALID_CONTENT, "The body is nested too deeply.")
        try:
            change = _decode_change(body)
        except msgspec.ValidationError as error:
            raise Problem(INVALID_CONTENT, f"{error}.") from None
        except (msgspec.DecodeError, ValueError) as error:
            raise Problem(INVALID_JSON, f"{error}.") from None
        feed, archive = self._bound()
        for id in filter(None, (change.current, change.candidate)):
            self._read(id, await self._stored(id))
        standing = (await feed.since(None, timeout=_TIMEOUT)).pointer
        built_in = self._tables.built_in
        answer = await feed.move_pointer(
            PointerRequest(
                expected=change.expected,
                current=change.current,
                candidate=change.candidate,
                percent=change.percent,
                parent=self._live(standing),
                built_in=built_in.id,
                author=change.author,
                subject=exchange.principal.subject[:100] if exchange.principal else "-",
                note=change.note,
                override=change.override,
            ),
            timeout=_TIMEOUT,
        )
        if not answer.accepted or answer.pointer is None:
            raise _conflict(change.expected, answer.pointer)
        exchange.log["published"] = answer.pointer.sequence
        # Whoever answered must obey; the others will have looked within `max_age`.
        await self._tables.look(_TIMEOUT)
        if standing is None or standing.built_in != built_in.id:
            # The way back to the built-in table shall be there when another one was deployed.
            metadata = {"author": "deploy", "note": "built in"}
            exchange.defer(archive.put(built_in.id, built_in.document, metadata, timeout=_TIMEOUT))
        return _json({"pointer": answer.pointer, "max_age": self._tables.max_age}, 201)

    def _live(self, pointer: TablePointer | None) -> str:
        """The table that answers where `pointer` stands."""
        built_in = self._tables.built_in.id
        return pointer.current if pointer and pointer.built_in == built_in else built_in

    def _bound(self) -> tuple[ChangeFeed, TableArchive]:
        if self._feed is None or self._archive is None:
            raise _unavailable("This gateway has no binding CHANGE_FEED or TABLES.")
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


def _unavailable(detail: str) -> Problem:
    return Problem(PUBLISHING_UNAVAILABLE, detail, headers={"retry-after": _RETRY_AFTER})


async def _body(exchange: Exchange, limit: int) -> bytes:
    try:
        return await read_body(exchange.request.body, limit)
    except BodyTooLarge:
        raise Problem(CONTENT_TOO_LARGE, f"The limit is {limit} bytes.") from None


def _parameters(exchange: Exchange) -> dict[str, str]:
    return dict(parse_qsl(exchange.request.query[:4000], max_num_fields=10))


def _last_segment(exchange: Exchange) -> str:
    return exchange.request.path.rpartition("/")[2]


def _fields() -> Headers:
    return Headers([("content-type", "application/json"), ("cache-control", "no-store")])


def _json(document: Any, status: int = 200) -> Response:
    return Response(status, _fields(), msgspec.json.encode(document))
