"""Durations and sizes as people write them in the table, and what they mean in numbers."""

import re
from typing import Annotated, Final

from msgspec import Meta

DURATION_PATTERN: Final = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"
"""Kubernetes Gateway API, GEP-2257: `30s`, `1m30s`, `250ms`."""

POSITIVE_DURATION_PATTERN: Final = r"^(?=.*[1-9])([0-9]{1,5}(h|m|s|ms)){1,4}$"

Duration = Annotated[
    str, Meta(pattern=DURATION_PATTERN, description="A duration such as 250ms, 30s or 1h30m.")
]
PositiveDuration = Annotated[
    str,
    Meta(
        pattern=POSITIVE_DURATION_PATTERN,
        description="A duration above zero such as 250ms, 30s or 1h30m.",
    ),
]
# One pattern, as msgspec accepts no union of a text with a pattern and a literal text.
Lifetime = Annotated[
    str,
    Meta(
        pattern=r"^(([0-9]{1,5}(h|m|s|ms)){1,4}|heuristic|stated)$",
        description="A duration such as 30s or 1h30m, `heuristic` or `stated`.",
    ),
]
ShortDuration = Annotated[
    str,
    Meta(
        pattern=r"^(?=.*[1-9])([0-9]{1,4}ms|[1-9]s|[1-5][0-9]s)$",
        description="A duration above zero and below a minute such as 250ms or 2s.",
    ),
]
Percentage = Annotated[
    str,
    Meta(pattern=r"^(100|[1-9]?[0-9])%$", description="A percentage such as 10%."),
]
Size = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,9}(B|KiB|MiB)$",
        description="A size such as 64KiB.",
    ),
]
SizeOrUnlimited = Annotated[
    str,
    Meta(
        pattern=r"^([0-9]{1,9}(B|KiB|MiB)|unlimited)$",
        description="A size such as 64KiB or 1MiB, or `unlimited`.",
    ),
]

_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024 * 1024}
_PART = re.compile(r"([0-9]+)(ms|h|m|s)")


def seconds(duration: str) -> float:
    """`1m30s` → 90.0. The text has to match `DURATION_PATTERN`."""
    return sum(int(count) * _SECONDS[unit] for count, unit in _PART.findall(duration))


def share(percentage: str) -> float:
    """`10%` → 0.1. The text has to be a percentage."""
    return int(percentage.rstrip("%")) / 100


def size_in_bytes(size: str) -> int:
    """`64KiB` → 65536. The text has to be a size."""
    digits = size.rstrip("BKMi")
    return int(digits) * _BYTES[size[len(digits) :]]
