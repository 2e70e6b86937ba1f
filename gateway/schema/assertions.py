"""The keywords that check by themselves (JSON Schema validation, sections 6 and 7)."""

import operator
from collections.abc import Callable, Iterator
from math import isqrt
from typing import Any, Final

from schema.equality import constant, equal, first_duplicate
from schema.formats import FORMATS
from schema.numbers import exact, is_integer, is_multiple
from schema.patterns import Expression, matcher
from schema.program import Node
from schema.run import At, Run, Seen, shown

Check = Callable[[Any, At, Run, Seen | None], bool]

_MAX_LISTED: Final = 8
_LINEAR: Final = 256
"""Characters that are looked at for the price of a step."""
_QUADRATIC: Final = 64
"""Characters squared that a search may try at the price of a step."""

_BOUNDS: Final = {
    "minimum": (operator.ge, "at least"),
    "exclusiveMinimum": (operator.gt, "more than"),
    "maximum": (operator.le, "at most"),
    "exclusiveMaximum": (operator.lt, "less than"),
}
_SIZES: Final = {
    "string": ("minLength", "maxLength", "character"),
    "array": ("minItems", "maxItems", "item"),
    "object": ("minProperties", "maxProperties", "member"),
}


def of_any(node: Node) -> Iterator[Check]:
    """Checks for values of all kinds."""
    if "enum" in node.keywords:
        yield _enum(constant(node.keywords["enum"]), f"{node.where}/enum")
    if "const" in node.keywords:
        known = constant(node.keywords["const"])
        yield _enum(known, f"{node.where}/const", f"expected {shown(known[0])}")


def of_kind(node: Node, kind: str, *, formats: bool) -> Iterator[Check]:
    """Checks for values of one kind, by the name of their type."""
    if kind in ("integer", "number"):
        yield from _of_numbers(node)
    if kind in _SIZES:
        least, most, noun = _SIZES[kind]
        if least in node.keywords or most in node.keywords:
            yield _size(node, least, most, noun)
    if kind == "string":
        yield from _of_texts(node, formats=formats)
    if kind == "array" and node.keywords.get("uniqueItems"):
        yield _unique(f"{node.where}/uniqueItems")
    if kind == "object":
        yield from _of_objects(node)


def _of_texts(node: Node, *, formats: bool) -> Iterator[Check]:
    if "pattern" in node.keywords:
        yield _pattern(node.keywords["pattern"], f"{node.where}/pattern")
    if formats and node.keywords.get("format") in FORMATS:
        yield _format(node.keywords["format"], f"{node.where}/format")


def _of_objects(node: Node) -> Iterator[Check]:
    if node.keywords.get("required"):
        yield _required(node.keywords["required"], f"{node.where}/required")
    where = f"{node.where}/dependentRequired"
    for name, names in node.keywords.get("dependentRequired", {}).items():
        yield _dependent(name, names, where)


def whole(expected: str, where: str) -> Check:
    """A number with a point is an integer if there is nothing behind it."""

    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        if is_integer(value):
            return True
        return run.fail(at, f"expected {expected}, found {shown(value)}", where)

    return check


def _enum(known: list[Any], where: str, expected: str = "") -> Check:
    texts = frozenset(value for value in known if isinstance(value, str))
    others = [value for value in known if not isinstance(value, str)]
    listed = ", ".join(shown(value) for value in known[:_MAX_LISTED])
    more = f" and {len(known) - _MAX_LISTED} more" if len(known) > _MAX_LISTED else ""
    expected = expected or f"expected one of {listed}{more}"

    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        if value.__class__ is str:
            if value in texts:
                return True
        elif others:
            run.spend(len(others) // 8)
            for one in others:
                if equal(one, value):
                    return True
        if run.quiet:
            return False
        return run.fail(at, f"{expected}, found {shown(value)}", where)

    return check


def _of_numbers(node: Node) -> Iterator[Check]:
    for keyword, (holds, words) in _BOUNDS.items():
        if keyword in node.keywords:
            limit = exact(node.keywords[keyword])
            yield _bound(limit, holds, f"expected {words} {limit}", f"{node.where}/{keyword}")
    if "multipleOf" in node.keywords:
        yield _multiple(exact(node.keywords["multipleOf"]), f"{node.where}/multipleOf")


def _bound(limit: Any, holds: Callable[[Any, Any], bool], expected: str, where: str) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        return holds(value, limit) or run.fail(at, f"{expected}, found {shown(value)}", where)

    return check


def _multiple(of: Any, where: str) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        fits = is_multiple(value, of)
        if fits:
            return True
        if fits is None:
            return run.fail(at, "the number has too many digits to be checked", where)
        return run.fail(at, f"expected a multiple of {of}, found {shown(value)}", where)

    return check


def _size(node: Node, least_keyword: str, most_keyword: str, noun: str) -> Check:
    least = int(node.keywords.get(least_keyword, 0))
    most = node.keywords.get(most_keyword)
    most = None if most is None else int(most)
    least_where, most_where = f"{node.where}/{least_keyword}", f"{node.where}/{most_keyword}"

    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        size = len(value)
        if size < least:
            expected = f"expected at least {least} {noun}{'' if least == 1 else 's'}"
            return run.fail(at, f"{expected}, found {size}", least_where)
        if most is not None and size > most:
            expected = f"expected at most {most} {noun}{'' if most == 1 else 's'}"
            return run.fail(at, f"{expected}, found {size}", most_where)
        return True

    return check


def _pattern(argument: list[Any], where: str) -> Check:
    source, expressions = argument
    matches = matching(expressions)

    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        if matches(value, run):
            return True
        return run.fail(
            at, f"expected a text that matches {source[:200]}, found {shown(value)}", where
        )

    return check


def matching(expressions: list[Expression]) -> Callable[[str, Run], bool]:
    """Whether a text has one of the alternatives of a pattern."""
    functions = [matcher(expression) for expression in expressions]
    linear = all(expression[2] for expression in expressions)
    free = _LINEAR if linear else isqrt(_QUADRATIC)

    def matches(text: str, run: Run) -> bool:
        size = len(text)
        if size > free:
            run.spend(size // _LINEAR if linear else size * size // _QUADRATIC)
        for function in functions:  # noqa: SIM110  # a generator costs more than the search
            if function(text):
                return True
        return False

    return matches


def _format(name: str, where: str) -> Check:
    accepts, noun = FORMATS[name]

    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        return accepts(value) or run.fail(at, f"expected {noun}, found {shown(value)}", where)

    return check


def _unique(where: str) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        if len(value) < 2:
            return True
        run.spend(len(value))
        found = first_duplicate(value, run.spend)
        if found is None:
            return True
        return run.fail(at, f"expected different items: {found[0]} and {found[1]} are equal", where)

    return check


def _required(names: list[str], where: str) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        fits = True
        for name in names:
            if name not in value:
                fits = run.fail(at, f"the member `{name}` is missing", where)
        return fits

    return check


def _dependent(name: str, names: list[str], where: str) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        fits = True
        if name in value:
            for other in names:
                if other not in value:
                    detail = f"the member `{other}` is missing, which `{name}` needs"
                    fits = run.fail(at, detail, where)
        return fits

    return check
