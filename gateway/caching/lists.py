"""Lists of header fields (RFC 9110, section 5.6.1): members between commas, quoted text whole."""

import re
from collections.abc import Iterable
from typing import Final

TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110, section 5.6.2."""

_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SPECIAL: Final = re.compile('[",]')
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def members(lines: Iterable[str]) -> list[str]:
    """The members of a field that came in `lines`, without white space; empty ones are none.

    A quote that nobody closes is a character like any other: it hides no member behind it.
    """
    value = ",".join(lines)
    if '"' not in value:
        return [member for part in value.split(",") if (member := part.strip(" \t"))]
    found: list[str] = []
    start = at = 0
    closed = True
    while (special := _SPECIAL.search(value, at)) is not None:
        at = special.end()
        if special[0] == ",":
            found.append(value[start : at - 1])
            start = at
        elif closed:
            quoted = _QUOTED.match(value, at - 1)
            closed = quoted is not None
            at = quoted.end() if quoted is not None else at
    found.append(value[start:])
    return [member for part in found if (member := part.strip(" \t"))]


def names(lines: Iterable[str]) -> list[str]:
    """The members that are names of fields, in lower case."""
    return [member.lower() for member in members(lines) if TOKEN.fullmatch(member)]


def unquoted(value: str) -> str:
    """The text of a quoted string (RFC 9110, section 5.6.4); any other value as it is."""
    if _QUOTED.fullmatch(value):
        return _ESCAPED.sub(r"\1", value[1:-1])
    return value
