"""How a body changed, as lines to read: JSON is laid out first, so that members are compared."""

import json
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any, Final

MAX_LINES: Final = 60
_LONGEST: Final = 160


def body_diff(before: str | None, after: str | None, *, context: int = 2) -> list[str]:
    """Lines that begin with a space, `-` or `+`, `MAX_LINES` at most; none without a change."""
    old, new = body_lines(before, by_name=True), body_lines(after, by_name=True)
    changed = unified_diff(old, new, lineterm="", n=context)
    return _cut([line for line in changed if not line.startswith(("---", "+++"))])


def body_lines(body: str | None, *, by_name: bool = False) -> list[str]:
    """The lines of a body; a JSON body is laid out, if asked for with members in one order."""
    if not body:
        return []
    try:
        document = json.loads(body, parse_float=_Number, parse_int=_Number)
    except (ValueError, RecursionError):
        return [line[:_LONGEST] for line in body.splitlines()]
    return [line[:_LONGEST] for line in "".join(_pieces(document, "", by_name)).splitlines()]


def shown_body(body: str | None) -> list[str]:
    """The lines of a body, `MAX_LINES` at most."""
    return _cut(body_lines(body))


class _Number(str):
    """A number as it was spelled, so that 1.10 does not look like 1.1."""

    __slots__ = ()


def _pieces(value: Any, dent: str, by_name: bool) -> Iterator[str]:
    inner = dent + "  "
    if isinstance(value, dict) and value:
        yield "{\n"
        for number, (name, member) in enumerate(
            sorted(value.items(), key=_name) if by_name else value.items()
        ):
            yield _separator(number) + f"{inner}{json.dumps(name, ensure_ascii=False)}: "
            yield from _pieces(member, inner, by_name)
        yield f"\n{dent}}}"
    elif isinstance(value, list) and value:
        yield "[\n"
        for number, item in enumerate(value):
            yield _separator(number) + inner
            yield from _pieces(item, inner, by_name)
        yield f"\n{dent}]"
    elif isinstance(value, _Number):
        yield str(value)
    else:
        yield json.dumps(value, ensure_ascii=False)


def _name(member: tuple[str, Any]) -> str:
    return member[0]


def _separator(number: int) -> str:
    return ",\n" if number else ""


def _cut(lines: list[str]) -> list[str]:
    if len(lines) <= MAX_LINES:
        return lines
    return [*lines[:MAX_LINES], f"… {len(lines) - MAX_LINES} more lines"]
