"""Request paths and path templates: one normal form, so that no spelling slips past a rule.

The normal form follows RFC 3986, section 6.2.2: unreserved characters are never percent-encoded,
hex digits are upper case. What could mean another path to somebody behind us (dot segments, empty
segments, an encoded slash or backslash, control characters) is refused, not repaired.
"""

import re
from collections.abc import Mapping

from contract.problems import MALFORMED_REQUEST, Problem

MAX_PATH = 4096
"""Characters. Longer targets have no honest use in an API."""

_PLAIN = re.compile(r"(?:/[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)+")
_SEGMENT = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+")
_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_AMBIGUOUS = frozenset(b"/\\") | frozenset(range(0x20)) | {0x7F}


def normalise_path(raw: str) -> str:
    """The normal form of `raw`. Raises `Problem` (malformed-request) where there is none."""
    if len(raw) <= MAX_PATH and (raw == "/" or _PLAIN.fullmatch(raw)):
        return raw
    if len(raw) > MAX_PATH:
        raise _malformed(f"The path is longer than {MAX_PATH} characters.")
    if not raw.startswith("/"):
        raise _malformed("The path does not begin with a slash.")
    segments, slash = (raw[1:-1], "/") if raw.endswith("/") else (raw[1:], "")
    return "/" + "/".join(_segment(part) for part in segments.split("/")) + slash


def _segment(raw: str) -> str:
    if raw == "":
        raise _malformed("The path has an empty segment.")
    if not _SEGMENT.fullmatch(raw):
        raise _malformed("The path has a character that has to be percent-encoded.")
    decoded = _ENCODED.sub(_decode, raw)
    if decoded in (".", ".."):
        raise _malformed("The path has a dot segment.")
    return decoded


def _decode(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    if code in _AMBIGUOUS:
        raise _malformed(f"The path has the encoded character {match[0].upper()}.")
    return chr(code) if code in _UNRESERVED else match[0].upper()


def _malformed(detail: str) -> Problem:
    return Problem(MALFORMED_REQUEST, detail)


class PathTemplate:
    """A path with `{parameters}`, taken apart once so that filling it in is one join."""

    __slots__ = ("parameters", "segments", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.segments = text[1:].split("/")
        self.parameters = tuple(
            segment[1:-1] for segment in self.segments if segment.startswith("{")
        )

    @property
    def shape(self) -> tuple[str, ...]:
        """The segments without the parameters' names: equal where two match the same paths."""
        return tuple("{}" if segment.startswith("{") else segment for segment in self.segments)

    def renamed(self, names: Mapping[str, str]) -> "PathTemplate":
        """The same path with each parameter under the name that `names` gives it."""
        return PathTemplate(self.fill({old: f"{{{new}}}" for old, new in names.items()}))

    def fill(self, values: Mapping[str, str]) -> str:
        """The path with `values` (percent-encoded already) in place of the parameters."""
        if not self.parameters:
            return self.text
        return "".join(
            "/" + (values[segment[1:-1]] if segment.startswith("{") else segment)
            for segment in self.segments
        )
