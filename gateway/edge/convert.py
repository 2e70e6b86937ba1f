"""Values across the border: header fields, bodies, requests and responses, JavaScript ↔ Python.

Header fields cross once each way, as one JSON text: that costs a third of a proxy for each field.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import js
import msgspec
from pyodide.ffi import jsnull, to_js

from edge.driver import settle
from messages import Body, BodyTooLarge, Headers, Request, Response

_Response = js.Response.new
_parse = js.JSON.parse
_stringify = js.JSON.stringify
_array_from = getattr(js.Array, "from")
_decode_fields = msgspec.json.Decoder(list[tuple[str, str]]).decode
_encode = msgspec.json.Encoder().encode

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
            step = await settle(reader.read())
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


def init_to_js(request: Request) -> Any:
    """The `init` of a fetch that sends `request`; redirects are returned, never followed.

    As an object and not as pairs, which costs less: workerd has joined repeated fields already.
    """
    init = _parse(
        _encode(
            {"method": request.method, "headers": dict(request.headers), "redirect": "manual"}
        ).decode()
    )
    if request.body is not None:
        init.body = _body_to_js(request.body)
    return init


def response_from_js(response: Any) -> Response:
    """A response whose body stays where it is until somebody reads it."""
    headers = headers_from_js(response.headers)
    source = response.body
    body = None if source is jsnull else JsStream(source, content_length(headers))
    return Response(
        response.status, headers, body, origin=Origin(response, tuple(headers), body)
    )


class Origin(NamedTuple):
    """The JavaScript response that a `Response` came from, and what it was then."""

    response: Any
    fields: tuple[tuple[str, str], ...]
    body: Body


def response_to_js(response: Response) -> Any:
    """A new JavaScript response.

    Where only header fields differ from the response that came from JavaScript, it is copied there
    and the difference applied; that costs less than to carry everything over again.
    """
    origin = response.origin
    if origin is not None and origin.body is response.body:
        difference = _difference(origin.fields, response.headers)
        if response.status == origin.response.status and len(difference) <= _FEW:
            copy = _Response(origin.response.body, origin.response)
            fields = copy.headers
            for name, value in difference:
                if value is None:
                    fields.delete(name)
                else:
                    fields.append(name, value)
            return copy
    init = {"status": response.status, "headers": list(response.headers)}
    body = None if response.status in _WITHOUT_BODY else response.body
    return _Response(jsnull if body is None else _body_to_js(body), _parse(_encode(init).decode()))


def _difference(
    before: Sequence[tuple[str, str]], after: Headers
) -> list[tuple[str, str | None]]:
    """Names to delete (with `None`) and fields to append, to get from `before` to `after`."""
    kept = set(after)
    gone = {field[0] for field in before if field not in kept}
    changed = gone.union(field[0] for field in after if field not in before)
    known = {field[0] for field in before}
    return [
        *((name, None) for name in changed & known),
        *(field for field in after if field[0] in changed),
    ]


def content_length(headers: Headers) -> int | None:
    """The declared length, where it is one."""
    declared = headers.get("content-length")
    return int(declared) if declared is not None and declared.isdigit() else None


def _body_to_js(body: Any) -> Any:
    return to_js(body) if isinstance(body, bytes) else body.source
