"""JSON bodies as documents: when a body is one, how it is read and written, what becomes untrue.

Numbers come out as they went in: 1.10 stays 1.10. Of members of one object with the same name the
last one counts, as RFC 8259, section 4, leaves open. A half of a surrogate pair, a number with an
absurd exponent and deep nesting are refused.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from contract.nesting import MAX_DEPTH, is_too_deep
from messages import Headers

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

_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')

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


def forget_old_bytes(headers: Headers) -> None:
    """Drop what was said of the bytes of a body that is not the same any more.

    A strong ETag (RFC 9110, section 8.8.1) promises that all bytes are the same, which only their
    author can: it becomes weak.
    """
    headers.remove(*_OF_THE_OLD_BYTES)
    tag = headers.get("etag")
    if tag is not None and tag.startswith('"'):
        headers.set("etag", f"W/{tag}")


def restore_tags(headers: Headers) -> None:
    """Make the tags of If-Match strong again, which `forget_old_bytes` made weak on their way out.

    A weak tag never matches in If-Match (RFC 9110, section 13.1.1): without this no client could
    make a change on condition of what it has read.
    """
    field = headers.get("if-match")
    if field is not None and 'W/"' in field:
        headers.set("if-match", _TAG.sub(r"\1", field))
