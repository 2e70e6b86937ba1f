"""Values across the border: header fields, bodies, requests and responses, JavaScript ↔ Python.

Header fields cross once each way, as one JSON text: that costs a third of a proxy for each field.
"""

from typing import Any

import js
import msgspec
from pyodide.ffi import jsnull, to_js

from edge.driver import settle
from messages import BodyTooLarge, Headers, Request, Response

_Request = js.Request
_Response = js.Response
_parse = js.JSON.parse
_stringify = js.JSON.stringify
_array_from = getattr(js.Array, "from")
_decode_fields = msgspec.json.Decoder(list[tuple[str, str]]).decode
_encode = msgspec.json.Encoder().encode


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


def request_to_js(request: Request, url: str) -> Any:
    """Redirects are returned to the client, never followed by the gateway."""
    init = _parse(
        _encode(
            {"method": request.method, "headers": list(request.headers), "redirect": "manual"}
        ).decode()
    )
    if request.body is not None:
        init.body = _body_to_js(request.body)
    return _Request.new(url, init)


def response_from_js(response: Any) -> Response:
    """A response whose body stays where it is until somebody reads it."""
    headers = headers_from_js(response.headers)
    source = response.body
    body = None if source is jsnull else JsStream(source, content_length(headers))
    return Response(response.status, headers, body, origin=response)


def response_to_js(response: Response) -> Any:
    init = {"status": response.status, "headers": list(response.headers)}
    body = None if response.status in (101, 204, 205, 304) else response.body
    return _Response.new(
        jsnull if body is None else _body_to_js(body), _parse(_encode(init).decode())
    )


def content_length(headers: Headers) -> int | None:
    """The declared length, where it is one."""
    declared = headers.get("content-length")
    return int(declared) if declared is not None and declared.isdigit() else None


def _body_to_js(body: Any) -> Any:
    return to_js(body) if isinstance(body, bytes) else body.source
