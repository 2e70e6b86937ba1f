"""Casts between the types of JSON, where nothing is lost; null and what cannot be cast stay.

- `string`: a number becomes the text that JSON writes it as, a boolean `true` or `false`.
- `integer`: a text that is a whole number (`-12`, no plus sign, no leading zeros) becomes it,
  and so does a number whose fraction is zero (`3.0`, `1e2`).
- `number`: a text that is a JSON number (`-1.50`) becomes it, every digit kept.
- `boolean`: the texts `true` and `false`, and the numbers 1 and 0.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from transforms.pointer import MISSING
from transforms.templates import number_or_word

MAX_DIGITS: Final = 300
"""Of a number that a cast makes. `1e999999` is short, and as an integer a megabyte."""

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")


def _string(value: Any) -> Any:
    text = number_or_word(value)
    return MISSING if text is None else text


def _integer(value: Any) -> Any:
    if isinstance(value, str):
        fits = len(value) <= MAX_DIGITS and _INTEGER.fullmatch(value)
        return int(value) if fits else MISSING
    if isinstance(value, float):
        return int(value) if value.is_integer() else MISSING
    if isinstance(value, Decimal) and value.adjusted() < MAX_DIGITS:
        whole = int(value)
        return whole if whole == value else MISSING
    return MISSING


def _number(value: Any) -> Any:
    if not isinstance(value, str) or len(value) > MAX_DIGITS or not _NUMBER.fullmatch(value):
        return MISSING
    return int(value) if _INTEGER.fullmatch(value) and value != "-0" else Decimal(value)


def _boolean(value: Any) -> Any:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value, MISSING)
    if isinstance(value, (int, float, Decimal)) and value in (0, 1):
        return bool(value)
    return MISSING


CASTS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}
"""By the name of the type: the value that it makes of another, `MISSING` where it makes none."""
