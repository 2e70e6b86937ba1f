"""JSON bodies as documents: when a body is one, how it is read and written, what becomes untrue.

Numbers come out as they went in: 1.10 stays 1.10. Of members of one object with the same name the
last one counts, as RFC 8259, section 4, leaves open. A half of a surrogate pair, a number with an
absurd exponent and deep nesting are refused.
"""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from contract.nesting import MAX_DEPTH, is_too_deep
from messages import Headers
from transforms.entity_tags import mark_tag

_OF_THE_OLD_BYTES: Final = (
    "content-length",
    "content-digest",
    "repr-digest",
    "digest",
    "content-md5",
    "accept-ranges",
    "content-range",
    "content-encoding",
)

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")

encode = _encoder.encode


class NotJson(ValueError):
    """A body that cannot be read as JSON: a sentence that says where or why."""


def decode(content: bytes) -> Any:
    """The document. Raises `NotJson`."""
    if is_too_deep(content):
        raise NotJson(f"The body is nested more than {MAX_DEPTH} levels deep.")
    try:
        return _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotJson(f"{error}."[:200]) from None
    except InvalidOperation:
        raise NotJson("The body has a number that nothing can hold.") from None


def is_json(headers: Headers) -> bool:
    """Whether the body is `application/json` or has the suffix `+json` (RFC 6839)."""
    media_type = (headers.get("content-type") or "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def forget_old_bytes(headers: Headers, mark: str | None = None) -> None:
    """Drop what was said of the bytes of a body that is not the same any more.

    A strong ETag (RFC 9110, section 8.8.1) promises that all bytes are the same, which only their
    author can: it becomes weak, unless it is marked as that of what was made of them
    (`transforms.entity_tags`).
    """
    headers.remove(*_OF_THE_OLD_BYTES)
    tag = headers.get("etag")
    if mark is not None:
        mark_tag(headers, mark)
    elif tag is not None and tag.startswith('"'):
        headers.set("etag", f"W/{tag}")
