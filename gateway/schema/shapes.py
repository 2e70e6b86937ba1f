"""What the value of each keyword has to look like (the meta-schema, with words for people)."""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any, Final

from schema.keywords import BOUNDS, COUNTS, DIALECT, IDENTIFIERS, MANY, NAMED, REFERENCES, TYPES
from schema.numbers import is_number
from schema.patterns import NotSupported, translate

Misshape = tuple[tuple[str | int, ...], str]
"""Steps from the keyword's value on, and a sentence."""


def wrong(keyword: str, value: Any) -> Iterator[Misshape]:
    """What is wrong about the value of a keyword of JSON Schema 2020-12."""
    check = _SHAPES.get(keyword)
    if check is not None:
        yield from check(value)


def _wrong_type(value: Any) -> Iterator[Misshape]:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        yield (), "expected at least one type, found none"
    for position, name in enumerate(listed):
        if not isinstance(name, str) or name not in TYPES:
            at = (position,) if isinstance(value, list) else ()
            close = get_close_matches(str(name), TYPES, n=1)
            hint = f"; did you mean `{close[0]}`?" if close else ""
            yield at, f"expected one of the types {', '.join(TYPES)}, found {kind(name)}{hint}"


def _wrong_names(value: Any) -> Iterator[Misshape]:
    if not isinstance(value, dict):
        yield (), f"expected a mapping of names to schemas, found {kind(value)}"


def _wrong_patterns(value: Any) -> Iterator[Misshape]:
    yield from _wrong_names(value)
    for pattern in value if isinstance(value, dict) else ():
        yield from (((pattern, *at), text) for at, text in _wrong_pattern(pattern))


def _wrong_texts(value: Any) -> Iterator[Misshape]:
    if not isinstance(value, list):
        yield (), f"expected a list of names, found {kind(value)}"
        return
    for position, name in enumerate(value):
        if not isinstance(name, str):
            yield (position,), f"expected a name, found {kind(name)}"
        elif value.index(name) != position:
            yield (position,), f"`{name}` is named twice"


def _wrong_pattern(pattern: Any) -> Iterator[Misshape]:
    if not isinstance(pattern, str):
        yield from _wrong_text(pattern)
        return
    try:
        translate(pattern)
    except NotSupported as refused:
        yield (), f"the expression is refused: {refused}"


def _wrong_list(value: Any) -> Iterator[Misshape]:
    if not isinstance(value, list) or not value:
        yield (), f"expected a list with at least one entry, found {kind(value)}"


def _wrong_count(value: Any) -> Iterator[Misshape]:
    if not is_number(value) or value < 0 or value != int(value):
        yield (), f"expected a whole number of at least 0, found {kind(value)}"


def _wrong_bound(value: Any) -> Iterator[Misshape]:
    if not is_number(value):
        yield (), f"expected a number, found {kind(value)}"


def _wrong_divisor(value: Any) -> Iterator[Misshape]:
    if not is_number(value) or value <= 0:
        yield (), f"expected a number above 0, found {kind(value)}"


def _wrong_switch(value: Any) -> Iterator[Misshape]:
    if not isinstance(value, bool):
        yield (), f"expected true or false, found {kind(value)}"


def _wrong_dependents(value: Any) -> Iterator[Misshape]:
    if not isinstance(value, dict):
        yield (), f"expected a mapping of names to lists of names, found {kind(value)}"
        return
    for name, names in value.items():
        yield from (((name, *at), text) for at, text in _wrong_texts(names))


def _wrong_text(value: Any) -> Iterator[Misshape]:
    if not isinstance(value, str):
        yield (), f"expected a text, found {kind(value)}"


def _wrong_dialect(value: Any) -> Iterator[Misshape]:
    if not isinstance(value, str) or value.rstrip("#") != DIALECT:
        yield (), f"expected the dialect {DIALECT}, the only one that is checked"


_SHAPES: Final[dict[str, Callable[[Any], Iterator[Misshape]]]] = {
    **dict.fromkeys((*IDENTIFIERS, *REFERENCES, "format"), _wrong_text),
    "$schema": _wrong_dialect,
    **dict.fromkeys(("enum", *MANY), _wrong_list),
    **dict.fromkeys(NAMED, _wrong_names),
    "patternProperties": _wrong_patterns,
    **dict.fromkeys(COUNTS, _wrong_count),
    **dict.fromkeys(BOUNDS, _wrong_bound),
    "type": _wrong_type,
    "multipleOf": _wrong_divisor,
    "uniqueItems": _wrong_switch,
    "required": _wrong_texts,
    "dependentRequired": _wrong_dependents,
    "pattern": _wrong_pattern,
}


def kind(value: Any) -> str:
    """What a value is, for a message."""
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, dict):
        return "a mapping"
    text = str(value)
    return f"`{text[:40]}…`" if len(text) > 40 else f"`{text}`"
