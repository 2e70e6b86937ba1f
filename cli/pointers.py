"""What the history of pointers says: which table answered before, and how a pointer is shown."""

from datetime import UTC, datetime
from typing import Any, Final

SHORT: Final = 12
_LEAST: Final = 6
"""Digits by which an id may be named."""


class NoSuchTable(Exception):
    """The history does not know it; the text says what it knows."""


def answered(history: dict[str, Any], status: dict[str, Any]) -> list[str]:
    """The tables that have answered, the latest last, none twice in a row."""
    pointers = history["pointers"][::-1]
    ids: list[str] = [pointers[0]["parent"]] if pointers else []
    ids += [pointer["current"] for pointer in pointers]
    ids.append(status["live"])
    return [id for number, id in enumerate(ids) if number == 0 or ids[number - 1] != id]


def target(wanted: str, history: dict[str, Any], status: dict[str, Any]) -> str:
    """The id that `wanted` means: `-1` the table before, `-2` the one before that, or the first
    digits of an id. Raises `NoSuchTable`.

    While a candidate is running, `-1` is the table that it would have replaced.
    """
    before = answered(history, status)
    if wanted.startswith("-"):
        steps = int(wanted[1:]) if wanted[1:].isdecimal() else 0
        pointer = status["pointer"]
        if status["followed"] and pointer and pointer.get("candidate"):
            steps -= 1
            if steps == 0:
                return before[-1]
        if not 1 <= steps < len(before):
            raise NoSuchTable(_how_far(len(before) - 1, wanted))
        return before[-1 - steps]
    known: dict[str, None] = dict.fromkeys([*before, *_candidates(history), history["built_in"]])
    found = [id for id in known if id.startswith(wanted.lower())]
    if len(wanted) < _LEAST or len(found) != 1:
        reason = "is more than one" if len(found) > 1 else "is not in the history"
        shown = ", ".join(id[:SHORT] for id in list(known)[-10:])
        raise NoSuchTable(f"`{wanted[:64]}` {reason}; expected -1, or {_LEAST} digits of: {shown}")
    return found[0]


def _how_far(back: int, wanted: str) -> str:
    if back == 0:
        return "no other table was published, so there is none to go back to; see gateway history"
    tables = "one table" if back == 1 else f"{back} tables"
    return f"the history goes back {tables}, not `{wanted[:64]}`"


def moment(at: float) -> str:
    """Unix seconds, for people."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _candidates(history: dict[str, Any]) -> list[str]:
    return [one["candidate"] for one in history["pointers"] if one.get("candidate")]
