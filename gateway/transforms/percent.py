"""Percent-encoding (RFC 3986, section 2.1) of values that a template puts into a URL or a field."""

import re
from typing import Final

_RESERVED: Final = re.compile(r"[^A-Za-z0-9._~-]+")
_OUTSIDE_OF_FIELDS: Final = re.compile(r"[^\x20-\x7e]+|^ +| +$")
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")


def encode(text: str) -> str:
    """`text` with everything but unreserved characters encoded: one segment, or one parameter."""
    return _RESERVED.sub(_escaped, text)


def encode_for_field(text: str) -> str:
    """`text` with all encoded that no header field can hold: controls, line ends, other scripts."""
    return _OUTSIDE_OF_FIELDS.sub(_escaped, text)


def decode(text: str) -> str | None:
    """The text that `text` stands for; `None` where its bytes are no UTF-8."""
    if "%" not in text:
        return text
    try:
        return _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), text.encode()).decode()
    except UnicodeDecodeError:
        return None


def decode_parameter(text: str) -> str | None:
    """The same for a name or value of a query, in which `+` is a space."""
    return decode(text.replace("+", " "))


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode())
