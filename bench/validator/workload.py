"""Times the checker with a body of about 1 kB; the same code under CPython and in workerd."""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any, Final

import msgspec

from schema.checker import Checkers
from schema.program import Program
from transforms.documents import decode

ROUNDS: Final = 15
BATCH: Final = 500
"""Checks that are timed at once: enough for workerd's clock, which counts milliseconds."""

_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 300}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^rm_[0-9a-z]+$"},
        "title": _TEXT,
        "summary": _TEXT,
        "status": {"enum": ["draft", "active", "archived"]},
        "owner": {"type": "object", "properties": {"id": _TEXT}, "required": ["id"]},
        "revision": {"type": "integer", "minimum": 1},
        "milestones": {"type": "array", "maxItems": 100, "items": {"$ref": "#/$defs/milestone"}},
    },
    "required": ["id", "title", "status", "milestones"],
    "additionalProperties": False,
    "$defs": {
        "milestone": {
            "type": "object",
            "properties": {
                "id": {"type": "string", "pattern": "^ms_[0-9a-z]+$"},
                "title": _TEXT,
                "due_on": {"anyOf": [{"type": "null"}, {"type": "string", "format": "date"}]},
                "done": {"type": "boolean"},
                "position": {"type": "integer", "minimum": 0},
            },
            "required": ["title"],
            "additionalProperties": False,
        }
    },
}


def document(*, wrong: bool = False) -> bytes:
    """A roadmap with its milestones, 1 kB; with a mistake in each milestone where that is asked."""
    milestones = [
        {
            "id": f"ms_{number}c5x9z1b3",
            "title": f"Milestone number {number} on the way to general availability",
            "due_on": "2026-11-15",
            "done": "no" if wrong else number % 2 == 0,
            "position": number,
        }
        for number in range(6)
    ]
    roadmap = {
        "id": "rm_7k2m4q6t8w",
        "title": "One gateway for every public API",
        "summary": "Consumers meet one address and one kind of error, whichever team answers.",
        "status": "active",
        "owner": {"id": "usr_platform"},
        "revision": 12,
        "milestones": milestones,
    }
    return msgspec.json.encode(roadmap)


class Timed(msgspec.Struct, kw_only=True):
    """What one runtime needs."""

    size: int
    """Bytes of the body."""
    decode_us: float
    """Microseconds to decode it, which a transform of the route would have to do as well."""
    check_us: float
    """To check it, where it fits."""
    errors_us: float
    """To check one with six errors."""
    build_ms: float
    """Milliseconds for the checker's functions, at the first use of the schema."""


def measure(program: Program) -> Timed:
    """Medians of `ROUNDS`."""
    right, wrong = document(), document(wrong=True)
    start = perf_counter()
    for _ in range(20):
        checker = Checkers(program).checker("roadmap")
    build = (perf_counter() - start) / 20
    decoded, mistaken = decode(right), decode(wrong)
    if checker.errors(decoded) or len(checker.errors(mistaken)) != 6:
        raise AssertionError("the checker does not say what it is measured for")
    return Timed(
        size=len(right),
        decode_us=_time(lambda: decode(right)),
        check_us=_time(lambda: checker.errors(decoded)),
        errors_us=_time(lambda: checker.errors(mistaken)),
        build_ms=build * 1e3,
    )


def _time(work: Callable[[], Any]) -> float:
    """Microseconds for one piece of work."""
    rounds = []
    for _ in range(ROUNDS):
        start = perf_counter()
        for _ in range(BATCH):
            work()
        rounds.append((perf_counter() - start) / BATCH)
    return median(rounds) * 1e6
