"""Transform: edits JSON bodies on the way to the service and back.

Only JSON is touched; any other body streams on. A body that was edited loses the fields that
described the old bytes (Content-Length, digests, ranges).
"""

from decimal import Decimal
from typing import Any, Final

import msgspec

from contract.nesting import MAX_DEPTH, is_too_deep
from contract.problems import (
    CONTENT_TOO_LARGE,
    INVALID_JSON,
    UNSUPPORTED_MEDIA_TYPE,
    UPSTREAM_INVALID,
    Problem,
    ProblemType,
)
from messages import Body, BodyTooLarge, Exchange, Headers, Response, read_body
from pipeline import Next
from transforms.operations import Edit

_OF_THE_OLD_BYTES: Final = (
    "content-length",
    "content-digest",
    "repr-digest",
    "digest",
    "content-md5",
    "accept-ranges",
    "content-encoding",
)

# Numbers come out as they went in: 1.10 stays 1.10.
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


class Transform:
    """Applies `request` to request bodies and `response` to successful answers."""

    def __init__(self, request: Edit | None, response: Edit | None, max_body: int) -> None:
        self._request = request
        self._response = response
        self._max_body = max_body

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        request = exchange.request
        if self._request is not None and _is_json(request.headers) and request.body is not None:
            if "content-encoding" in request.headers:
                raise Problem(UNSUPPORTED_MEDIA_TYPE, "Send the body without Content-Encoding.")
            request.body = await self._edited(
                request.headers,
                request.body,
                self._request,
                invalid=INVALID_JSON,
                too_large=CONTENT_TOO_LARGE,
            )
        response = await next(exchange)
        if (
            self._response is None
            or not 200 <= response.status < 300
            or not _is_json(response.headers)
        ):
            return response
        if request.method == "HEAD":
            # What GET would send is not known without its body, so nothing is said of it.
            response.headers.remove(*_OF_THE_OLD_BYTES)
        elif response.body is not None:
            response.body = await self._edited(
                response.headers,
                response.body,
                self._response,
                invalid=UPSTREAM_INVALID,
                too_large=UPSTREAM_INVALID,
            )
            response.origin = None
        return response

    async def _edited(
        self,
        headers: Headers,
        body: Body,
        edit: Edit,
        *,
        invalid: ProblemType,
        too_large: ProblemType,
    ) -> bytes:
        try:
            content = await read_body(body, self._max_body)
            if is_too_deep(content):
                raise Problem(invalid, f"The body is nested more than {MAX_DEPTH} levels deep.")
            document: Any = _decoder.decode(content)
        except BodyTooLarge:
            raise Problem(
                too_large, f"A body that is to be transformed has at most {self._max_body} bytes."
            ) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Problem(invalid, f"{error}."[:200]) from None
        headers.remove(*_OF_THE_OLD_BYTES)
        return _encoder.encode(edit(document))


def _is_json(headers: Headers) -> bool:
    """Whether the body is `application/json` or has the suffix `+json` (RFC 6839)."""
    media_type = (headers.get("content-type") or "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")
