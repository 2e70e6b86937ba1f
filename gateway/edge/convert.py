"""Values across the border: header fields, bodies, requests and responses, JavaScript ↔ Python.

Header fields cross once each way, as one JSON text: that costs a third of a proxy for each field.
Streams cross as they are.
"""

from functools import cache
from typing import Any, Final, NamedTuple

import js
import msgspec
from pyodide.ffi import JsException, jsnull, to_js

from edge.driver import Rejected, invoke, settled, within
from messages import BodyBroken, BodyTooLarge, Headers, Request, Response
from policies.dispatch import without_inside_fields

_new_response = js.Response.new
_new_request = js.Request.new
# Methods as functions of their object: one crossing for a call instead of two.
_call = js.Function.prototype.call
_append_field = _call.bind(js.Headers.prototype.append)
_delete_field = _call.bind(js.Headers.prototype.delete)
_parse = js.JSON.parse
_stringify = js.JSON.stringify
_array_from = getattr(js.Array, "from")
_decode_fields = msgspec.json.Decoder(list[tuple[str, str]]).decode
_encode = msgspec.json.Encoder().encode

_SPELLING: Final = {
    "cache-status": "Cache-Status",
    "deprecation": "Deprecation",
    "idempotency-replayed": "Idempotency-Replayed",
    "ratelimit": "RateLimit",
    "ratelimit-policy": "RateLimit-Policy",
    "sunset": "Sunset",
    "x-request-id": "X-Request-Id",
}
"""How the gateway's own fields are spelled where people read them; workerd knows the older ones."""

_WITHOUT_BODY: Final = (101, 204, 205, 304)
_SWITCHING: Final = 101
_PATIENCE: Final = 30.0
"""Seconds without a piece of a body after which whoever reads it gives up."""
_FEW: Final = 3
"""Differences in header fields up to which they are applied one by one, each in a crossing of its
own; more of them, as security headers are, go across at once with all the others."""


class JsStream:
    """A body that is still a JavaScript ReadableStream."""

    __slots__ = ("arrived", "length", "patience", "source")

    def __init__(self, source: Any, length: int | None) -> None:
        self.source = source
        self.length = length
        self.arrived: float | None = None
        self.patience = _PATIENCE
        """Seconds that a reader waits for each piece."""

    async def read(self, limit: int) -> bytes:
        """Read to the end. Raises `BodyTooLarge` once more than `limit` bytes have come, and
        `BodyBroken`, also where nothing comes for too long."""
        reader = self.source.getReader()
        parts: list[bytes] = []
        total = 0
        while True:
            try:
                step = await within(self.patience, invoke(reader.read, reader))
            except (JsException, Rejected) as error:
                reason = str(error)[:200]
                raise BodyBroken(reason, timed_out=reason.startswith("TimeoutError")) from None
            if step is None:
                invoke(reader.cancel, reader)
                raise BodyBroken("nothing came for too long", timed_out=True)
            if step.done:
                return b"".join(parts)
            part: bytes = step.value.to_bytes()
            total += len(part)
            if total > limit:
                reader.cancel()
                raise BodyTooLarge
            parts.append(part)

    async def discard(self) -> None:
        """Tell the sender that nobody reads on."""
        await settled(invoke(self.source.cancel, self.source))


def _fields_of(message: Any) -> list[tuple[str, str]]:
    """The header fields, names in lower case, Set-Cookie fields one by one."""
    return _decode_fields(_stringify(_array_from(message.headers)))


class Origin(NamedTuple):
    """The JavaScript response that a value came from, and what it was then."""

    source: Any
    fields: list[tuple[str, str]]
    body: JsStream | None
    status: int
    is_coded: bool
    """Whether its body was left in its coding; its copies remember that."""


@cache
def keeps_codings() -> bool:
    """Whether the runtime can leave a body in its coding: then it knows the option for that, and
    refuses a value that is none. Otherwise every body is decoded when it is read."""
    try:
        _new_request("https://nowhere.invalid/", _parse('{"encodeResponseBody": "?"}'))
    except JsException:
        return True
    return False


def request_from_js(request: Any) -> Request:
    """A request as the client sent it, with a body that nobody has read."""
    method = request.method
    headers = Headers(_fields_of(request))
    scheme, _, rest = request.url.partition("://")
    target, _, query = rest.partition("#")[0].partition("?")
    host, slash, path = target.partition("/")
    source = jsnull if method in ("GET", "HEAD") else request.body
    body = None if source is jsnull else JsStream(source, _content_length(headers))
    return Request(method, slash + path, query, headers, body, host=host, scheme=scheme)


def request_to_js(request: Request, content: Any = None) -> Any:
    """The second argument of fetch, with `content` in place of the body where there is one.

    Redirects are returned to the client, never followed.
    """
    init = {"method": request.method, "headers": _named(request.headers), "redirect": "manual"}
    if request.keeps_coding:
        init["encodeResponseBody"] = "manual"
    crossed = _parse(_encode(init).decode())
    if content is not None:
        crossed.body = content
    elif request.body is not None:
        crossed.body = _body_to_js(request.body)
    return crossed


def _named(headers: Headers) -> dict[str, str]:
    """The fields by name: an object costs workerd much less than pairs.

    It has joined those that a client repeats; here are those that a table has added to them
    (RFC 9110, section 5.3).
    """
    fields = dict(headers)
    if len(fields) < len(headers):
        fields = {}
        for name, value in headers:
            fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def response_from_js(response: Any, *, inside: bool = False, is_coded: bool = False) -> Response:
    """A response with a body that nobody has read; with fields of the gateway's own if `inside`.

    `is_coded`: the runtime was told to leave its coding alone, if it has one.
    """
    status = response.status
    fields = _fields_of(response)
    source = response.body
    body = None if source is jsnull else JsStream(source, None)
    is_coded = is_coded and any(name == "content-encoding" for name, _ in fields)
    return Response(
        status,
        Headers(fields if inside else without_inside_fields(fields)),
        body,
        origin=Origin(response, fields, body, status, is_coded),
        is_coded=is_coded,
    )


def cut_off(response: Response, end: Any) -> Response:
    """`response`, whose body breaks off when the AbortSignal `end` fires.

    The runtime passes it on by itself: a signal that is given to fetch has no say about bodies.
    """
    origin: Origin = response.origin
    if origin.body is None:
        return response
    through = js.IdentityTransformStream.new()
    return with_stream(response, origin.body.source.pipeThrough(through, _with_signal(end)))


def with_stream(response: Response, stream: Any) -> Response:
    """`response`, whose body is `stream` now: in a JavaScript response of its own, as the body of
    the one that came is spoken for, so that a cache could not clone it."""
    origin: Origin = response.origin
    source = _new_response(stream, origin.source)
    response.body = body = JsStream(source.body, None)
    response.origin = origin._replace(source=source, body=body)
    return response


def _with_signal(signal: Any) -> Any:
    options = js.Object.new()
    options.signal = signal
    return options


def response_to_js(response: Response) -> Any:
    """A new JavaScript response.

    Where only header fields differ from the one that came in, that one is copied and the difference
    applied: it costs less than to carry everything over again.
    """
    origin, is_coded = response.origin, response.is_coded
    if (
        origin is not None
        and origin.body is response.body
        and origin.status == response.status
        and origin.is_coded == is_coded
    ):
        difference = _difference(origin.fields, response.headers)
        # A copy alone keeps the WebSocket of an upgrade, and knows what the runtime has done about
        # the coding, whatever we have told it.
        if len(difference) <= _FEW or is_coded or response.status == _SWITCHING:
            copy = _copy_of(origin)
            _amend(copy.headers, difference)
            return copy
    pairs = [(_SPELLING.get(name, name), value) for name, value in response.headers]
    fields = dict(pairs)
    # An object costs workerd much less than pairs, which only a repeated field needs.
    crossed = fields if len(fields) == len(pairs) else pairs
    init: dict[str, Any] = {"status": response.status, "headers": crossed}
    if is_coded:
        init["encodeBody"] = "manual"
    body = None if response.status in _WITHOUT_BODY else response.body
    return _new_response(
        jsnull if body is None else _body_to_js(body), _parse(_encode(init).decode())
    )


def _copy_of(origin: Origin) -> Any:
    return _new_response(jsnull if origin.body is None else origin.body.source, origin.source)


def _difference(before: list[tuple[str, str]], after: Headers) -> list[tuple[str, str | None]]:
    """Names to delete (with `None`) and fields to append, to get from `before` to `after`."""
    if after.begins_with(before):
        added = after[len(before) :]
        names = {name for name, _ in added}
        if not any(field[0] in names for field in before):
            return added  # type: ignore[return-value]  # (a value is no None)
    kept = set(after)
    changed = {field[0] for field in before if field not in kept}
    known = set(before)
    changed.update([field[0] for field in kept if field not in known])
    if not changed:
        return []
    names = {field[0] for field in before}
    return [
        *((name, None) for name in changed & names),
        *(field for field in after if field[0] in changed),
    ]


def _amend(fields: Any, difference: list[tuple[str, str | None]]) -> None:
    for name, value in difference:
        if value is None:
            _delete_field(fields, name)
        else:
            _append_field(fields, _SPELLING.get(name, name), value)


def _content_length(headers: Headers) -> int | None:
    """The declared length, where it is one."""
    declared = headers.get("content-length")
    return int(declared) if declared is not None and declared.isdigit() else None


def _body_to_js(body: Any) -> Any:
    return to_js(body) if isinstance(body, bytes) else body.source
