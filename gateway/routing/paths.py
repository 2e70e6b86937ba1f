"""Request paths and path templates: one normal form, so that no spelling slips past a rule.

The normal form follows RFC 3986, section 6.2.2: unreserved characters are never percent-encoded,
hex digits are upper case. What could mean another path to somebody behind us (dot segments, empty
segments, an encoded slash or backslash, control characters, octets that are not UTF-8) is refused,
unless a setting says how to repair it; then the repaired path is the one that everybody sees.
"""

import re
from collections.abc import Mapping
from typing import Final

from contract.problems import MALFORMED_REQUEST, Problem
from routing.parameters import LITERAL_RANK, RANKS, split_parameter
from routing.table import PathsSettings

MAX_PATH = 4096
"""Characters. Longer targets have no honest use in an API."""

_PLAIN = re.compile(r"(?:/[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)+")
_SEGMENT = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+")
_ENCODED = re.compile(r"%([0-9A-Fa-f]{2})")
_ENCODED_OCTETS = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")
_PARAMETERS = re.compile(r"(?:;|%3B).*")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_AMBIGUOUS = frozenset(b"/\\") | frozenset(range(0x20)) | {0x7F}
_DOTS = frozenset({".", ".."})


class PathNormaliser:
    """Brings raw paths to their normal form, as the table's `paths` say.

    `case` is not its business: parameters keep their case, so the matcher compares literals.
    """

    def __init__(self, settings: PathsSettings | None = None) -> None:
        settings = settings or PathsSettings()
        self._drop_trailing_slash = settings.trailing_slash == "ignore"
        self._merge_slashes = settings.duplicate_slashes == "merge"
        self._resolve_dots = settings.dot_segments == "resolve"
        self._keep_slashes = settings.encoded_slashes == "keep"

    def __call__(self, raw: str) -> str:
        """The normal form of `raw`. Raises `Problem` (malformed-request) where there is none."""
        if len(raw) <= MAX_PATH and (raw == "/" or _PLAIN.fullmatch(raw)):
            return raw
        if len(raw) > MAX_PATH:
            raise _malformed(f"The path is longer than {MAX_PATH} characters.")
        if not raw.startswith("/"):
            raise _malformed("The path does not begin with a slash.")
        *inner, last = raw[1:].split("/")
        segments: list[str] = []
        for segment in inner:
            self._step(segments, segment)
        # What ends in a dot segment names a folder (RFC 3986, section 5.2.4).
        slash = last == "" or self._step(segments, last)
        if not segments:
            return "/"
        ending = "/" if slash and not self._drop_trailing_slash else ""
        return "/" + "/".join(segments) + ending

    def _step(self, segments: list[str], raw: str) -> bool:
        """Go on to `raw` from the folder `segments`. True where it is a dot segment."""
        if raw == "":
            # Merged before dots are resolved: `/a//..` is the folder above `/a/`, as it is nginx's.
            if not self._merge_slashes:
                raise _malformed("The path has an empty segment.")
            return False
        segment = self._segment(raw)
        if segment not in _DOTS:
            segments.append(segment)
            return False
        if not self._resolve_dots:
            raise _malformed("The path has a dot segment.")
        if segment == "..":
            if not segments:
                raise _malformed("The path leads above the root.")
            segments.pop()
        return True

    def _segment(self, raw: str) -> str:
        if not _SEGMENT.fullmatch(raw):
            raise _malformed("The path has a character that has to be percent-encoded.")
        for octets in _ENCODED_OCTETS.finditer(raw):
            _check_utf8(octets[0])
        decoded = _ENCODED.sub(self._decode, raw)
        # To somebody behind us, who decodes the slash that we keep or cuts off what follows a
        # semicolon as Java's servers do, these are dot segments. Nobody needs them resolved.
        if decoded not in _DOTS and any(
            _PARAMETERS.sub("", part) in _DOTS for part in decoded.split("%2F")
        ):
            raise _malformed("The path hides a dot segment.")
        return decoded

    def _decode(self, match: re.Match[str]) -> str:
        code = int(match[1], 16)
        if code in _AMBIGUOUS and not (code == ord("/") and self._keep_slashes):
            raise _malformed(f"The path has the encoded character {match[0].upper()}.")
        return chr(code) if code in _UNRESERVED else match[0].upper()


def _check_utf8(octets: str) -> None:
    """Overlong forms (`%C0%AE` for a dot) are no UTF-8, as lenient decoders have to be told."""
    try:
        bytes.fromhex(octets.replace("%", "")).decode()
    except UnicodeDecodeError:
        raise _malformed("The path has percent-encoded octets that are not UTF-8.") from None


def _malformed(detail: str) -> Problem:
    return Problem(MALFORMED_REQUEST, detail)


normalise_path: Final = PathNormaliser()
"""The strict normal form, of a table that says nothing about its paths."""


class PathTemplate:
    """A path with `{parameters}`, taken apart once so that filling it in is one join.

    Parameters may have types (`{id:int}`), which belong to the text and not to the names.
    """

    __slots__ = ("_format", "_named", "parameters", "segments", "text")

    def __init__(self, text: str) -> None:
        """Raises `ValueError` for a type of parameter that does not exist."""
        self.text = text
        self.segments = text[1:].split("/")
        self._named = [
            split_parameter(segment) if segment.startswith("{") else None
            for segment in self.segments
        ]
        self.parameters = tuple(named[0] for named in self._named if named)
        self._format = "".join(
            "/" + ("%s" if named else segment.replace("%", "%%"))
            for segment, named in zip(self.segments, self._named, strict=True)
        )

    @property
    def types(self) -> dict[str, str]:
        """The type of each parameter by its name; `""` where it has none."""
        return dict(named for named in self._named if named)

    @property
    def places(self) -> tuple[tuple[str, int], ...]:
        """Each parameter's name, and the number of its segment from 0."""
        return tuple((named[0], place) for place, named in enumerate(self._named) if named)

    @property
    def ranks(self) -> tuple[int, ...]:
        """What each segment is: `LITERAL_RANK`, or the rank of the parameter's type."""
        return tuple(RANKS[named[1]] if named else LITERAL_RANK for named in self._named)

    @property
    def shape(self) -> tuple[str, ...]:
        """The segments without the parameters' names: equal where two match the same paths."""
        return tuple(
            segment if named is None else (f"{{:{named[1]}}}" if named[1] else "{}")
            for segment, named in zip(self.segments, self._named, strict=True)
        )

    @property
    def untyped(self) -> "PathTemplate":
        """The same path without the types: what is written at a service."""
        return PathTemplate(self.fill({name: f"{{{name}}}" for name in self.parameters}))

    def renamed(self, names: Mapping[str, str]) -> "PathTemplate":
        """The same path with each parameter under the name that `names` gives it."""
        types = self.types
        return PathTemplate(
            self.fill(
                {
                    old: f"{{{new}:{types[old]}}}" if types[old] else f"{{{new}}}"
                    for old, new in names.items()
                    if old in types
                }
            )
        )

    def fill(self, values: Mapping[str, str]) -> str:
        """The path with `values` (percent-encoded already) in place of the parameters."""
        if not self.parameters:
            return self.text
        return self._format % tuple([values[name] for name in self.parameters])
