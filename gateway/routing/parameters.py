"""Types of path parameters: what `{id:int}` and its like accept, and in which order they are tried.

Values are looked at as they stand in a normalised path. No type accepts a character that would be
percent-encoded there, so what fits is the same text encoded or not.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, NamedTuple

Accepts = Callable[[str], object]
"""Truthy for a segment that fits."""


class ParameterType(NamedTuple):
    """A type: its test for one segment, texts that fit, and texts that nearly do."""

    name: str
    accepts: Accepts
    examples: tuple[str, ...]
    near_misses: tuple[str, ...]


_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _is_date(segment: str) -> bool:
    """Whether the calendar has this day; the year 0000 is in none."""
    if not _DATE.fullmatch(segment):
        return False
    try:
        date.fromisoformat(segment)
    except ValueError:
        return False
    return True


TYPES: Final[Mapping[str, ParameterType]] = {
    entry.name: entry
    for entry in (
        ParameterType(
            "int",
            re.compile(r"-?[0-9]{1,18}").fullmatch,
            ("42", "-7"),
            ("", "4x", "1" * 19, "--1", "+1", "1.0"),
        ),
        ParameterType(
            "uuid",
            re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}").fullmatch,
            ("6f1d4c3a-9b2e-4f70-8a51-0c9d2e7b6a18", "6F1D4C3A-9B2E-4F70-8A51-0C9D2E7B6A18"),
            ("", "6f1d4c3a9b2e4f708a510c9d2e7b6a18", "6f1d4c3a-9b2e-4f70-8a51-0c9d2e7b6a1g"),
        ),
        ParameterType(
            "date",
            _is_date,
            ("2026-06-01", "2024-02-29"),
            ("", "2026-02-29", "2026-13-01", "20260601", "2026-W23-1", "0000-01-01"),
        ),
        ParameterType(
            "slug",
            re.compile(r"[a-z0-9-]+").fullmatch,
            ("new-plan", "a1"),
            ("", "New", "a_b", "a.b", "a%20b"),
        ),
    )
}
"""By name, in the order in which they are tried where several stand at one place: the one that
accepts less comes first. `slug` accepts what the others do (a UUID in lower case at least), and a
parameter without a type comes after all of them."""

LITERAL_RANK: Final = 0
"""Where a literal segment stands in that order."""
RANKS: Final[Mapping[str, int]] = {
    **{name: rank for rank, name in enumerate(TYPES, LITERAL_RANK + 1)},
    "": LITERAL_RANK + 1 + len(TYPES),
}
"""Where a parameter stands, by the name of its type; `""` is a parameter without one."""

UNTYPED_EXAMPLES: Final = ("x1", "A.b~c", "a%20b")


def examples(type: str) -> tuple[str, ...]:
    """Segments that a parameter of this type accepts; `""` for one without a type."""
    return TYPES[type].examples if type else UNTYPED_EXAMPLES


def split_parameter(segment: str) -> tuple[str, str]:
    """Name and type of `{name:type}`; the type of `{name}` is `""`.

    Raises `ValueError` for a type that does not exist.
    """
    name, _, type = segment[1:-1].partition(":")
    if type and type not in TYPES:
        raise ValueError(f"expected one of the types {', '.join(TYPES)}, found `{type}`")
    return name, type
