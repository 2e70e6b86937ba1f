"""Values across the border: header fields, bodies, requests and responses, JavaScript ↔ Python.

Header fields cross once each way, as one JSON text: that costs a third of a proxy for each field.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import js
import msgspec
from pyodide.ffi import jsnull, to_js

from messages import BodyTooLarge, Headers, Request, Response
from policies.dispatch import may_leave

_new_request = js.Request.new
_new_response = js.Response.new
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
    "ratelimit": "RateLimit",
    "ratelimit-policy": "RateLimit-Policy",
    "sunset": "Sunset",
    "x-request-id": "X-Request-Id",
}
"""How the gateway's own fields are spelled where people read them; workerd knows the older ones."""

_WITHOUT_BODY = (101, 204, 205, 304)
_FEW = 6
"""Differences in header fields up to which they are applied one by one."""


class JsStream:
    """A body that is still a JavaScript ReadableStream."""

    __slots__ = ("length", "source")

    def __init__(self, source: Any, length: int | None) -> None:
        self.source = source
        self.length = length

    async def read(self, limit: int) -> bytes:
        """Read to the end. Raises `BodyTooLarge` once more than `limit` bytes have come."""
        reader = self.source.getReader()
        parts: list[bytes] = []
        total = 0
        while True:
            step = await reader.read()
            if step.done:
                return b"".join(parts)
            part: bytes = step.value.to_bytes()
            total += len(part)
            if total > limit:
                reader.cancel()
                raise BodyTooLarge
            parts.append(part)


def headers_from_js(fields: Any) -> Headers:
    """A JavaScript Headers object, names in lower case, Set-Cookie fields one by one."""
    return Headers(_decode_fields(_stringify(_array_from(fields))))


class Origin(NamedTuple):
    """The JavaScript request or response that a value came from, and what it was then."""

    source: Any
    fields: tuple[tuple[str, str], ...]
    body: JsStream | None


def request_to_js(request: Request, url: str) -> Any:
    """A JavaScript Request for `url`. Redirects are returned to the client, never followed.

    Where only header fields differ from the request that came in, that one is copied and the
    difference applied: it costs less than to carry everything over again.
    """
    origin = request.origin
    if origin is not None and origin.body is request.body:
        difference = _difference(origin.fields, request.headers)
        if len(difference) <= _FEW:
            copy = _new_request(url, origin.source)
            _amend(copy.headers, difference)
            return copy
    # An object and not pairs, which costs less: workerd has joined repeated fields already.
    init = _parse(
        _encode(
            {"method": request.method, "headers": dict(request.headers), "redirect": "manual"}
        ).decode()
    )
    if request.body is not None:
        init.body = _body_to_js(request.body)
    return _new_request(url, init)


def response_from_js(response: Any, wanted: Callable[[str], bool] = may_leave) -> Response:
    """A response with the fields that are `wanted` by name, and a body that nobody has read."""
    fields = tuple(headers_from_js(response.headers))
    source = response.body
    body = None if source is jsnull else JsStream(source, None)
    return Response(
        response.status,
        Headers([field for field in fields if wanted(field[0])]),
        body,
        origin=Origin(response, fields, body),
    )


def response_to_js(response: Response) -> Any:
    """A new JavaScript response, by copy and difference where that is possible."""
    origin = response.origin
    if origin is not None and origin.body is response.body:
        difference = _difference(origin.fields, response.headers)
        if len(difference) <= _FEW and response.status == origin.source.status:
            copy = _copy_of(origin)
            _amend(copy.headers, difference)
            return copy
    spelled = [(_SPELLING.get(name, name), value) for name, value in response.headers]
    init = {"status": response.status, "headers": spelled}
    body = None if response.status in _WITHOUT_BODY else response.body
    return _new_response(
        jsnull if body is None else _body_to_js(body), _parse(_encode(init).decode())
    )


def _copy_of(origin: Origin) -> Any:
    return _new_response(jsnull if origin.body is None else origin.body.source, origin.source)


def _difference(
    before: tuple[tuple[str, str], ...], after: Headers
) -> list[tuple[str, str | None]]:
    """Names to delete (with `None`) and fields to append, to get from `before` to `after`."""
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


def content_length(headers: Headers) -> int | None:
    """The declared length, where it is one."""
    declared = headers.get("content-length")
    return int(declared) if declared is not None and declared.isdigit() else None


def _body_to_js(body: Any) -> Any:
    return to_js(body) if isinstance(body, bytes) else body.source
