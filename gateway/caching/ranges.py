"""Parts of a stored complete response (RFC 9110, section 14). One range; of several, the whole."""

import re
from typing import Final, NamedTuple

_ONE: Final = re.compile(r"bytes=[ \t]*(?:(\d+)-(\d*)|-(\d+))[ \t]*", re.IGNORECASE | re.ASCII)
_MOST_DIGITS: Final = 18


class Part(NamedTuple):
    """Bytes `first` to `last`, both included, of `length`."""

    first: int
    last: int
    length: int

    @property
    def content_range(self) -> str:
        return f"bytes {self.first}-{self.last}/{self.length}"


class Unsatisfiable(NamedTuple):
    """Nothing of the range is there: 416."""

    length: int

    @property
    def content_range(self) -> str:
        return f"bytes */{self.length}"


def part_of(value: str, length: int) -> Part | Unsatisfiable | None:
    """What Range asks of a body of `length` bytes; None where the field is to be ignored: another
    unit, several ranges, or one that is written badly (section 14.2)."""
    match = _ONE.fullmatch(value.strip(" \t"))
    if match is None:
        return None
    start, end, suffix = match.groups()
    if any(len(number or "") > _MOST_DIGITS for number in match.groups()):
        return None
    if suffix is not None:
        size = min(int(suffix), length)
        return Part(length - size, length - 1, length) if size else Unsatisfiable(length)
    first = int(start)
    if end and int(end) < first:
        return None
    if first >= length:
        return Unsatisfiable(length)
    return Part(first, min(int(end), length - 1) if end else length - 1, length)
