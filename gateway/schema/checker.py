"""The checker: closures made of a program at the first use of a schema, each for one keyword.

A node looks at the kind of a value and calls the checks for that kind, so that a text never meets a
check for numbers. Where no unevaluated keyword asks, nothing is noted about what was looked at.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

from schema import applicators, assertions
from schema.program import Node, Program
from schema.run import MAX_ERRORS, MAX_FRAMES, At, Enough, Run, SchemaError, Seen, TooCostly, shown

Check = Callable[[Any, At, Run, Seen | None], bool]

_TYPE_OF: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    str: "string",
    int: "integer",
    Decimal: "number",
    list: "array",
    dict: "object",
}
"""The classes that decoded documents are made of (`transforms.documents.decode`)."""
_A: Final = {
    "null": "null",
    "boolean": "a boolean",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "array": "an array",
    "object": "an object",
}

_NOTHING: Final = {
    "additionalProperties": "there is no such member",
    "unevaluatedProperties": "there is no such member",
    "items": "there are more items than allowed",
    "unevaluatedItems": "there are more items than allowed",
}
"""What is said where nothing is allowed, by the keyword."""


class Checker:
    """Checks documents against one schema."""

    def __init__(self, checkers: "Checkers", root: int) -> None:
        self._check = checkers.node(root, tracked=False)

    def errors(self, document: Any) -> list[SchemaError]:
        """All that does not fit, `run.MAX_ERRORS` at most. Never raises for values that
        `transforms.documents.decode` gives."""
        run = Run()
        try:
            self._check(document, None, run, None)
        except Enough:
            pass
        except TooCostly as given_up:
            run.errors = [*run.errors[: MAX_ERRORS - 1], SchemaError("", f"{given_up}", "")]
        return run.errors


class Checkers:
    """The checkers of a program's schemas; what they have in common is built once."""

    def __init__(self, program: Program, *, formats: bool = False) -> None:
        """With `formats`, `format` is a check and not only a note."""
        self.program = program
        self._formats = formats
        self._known: dict[tuple[int, bool], Check] = {}

    def checker(self, name: str) -> Checker:
        """The checker of the schema of this name. Raises `KeyError`."""
        return Checker(self, self.program.roots[name])

    def node(self, number: int, *, tracked: bool) -> Check:
        """The check of a node; `tracked` where somebody wants to know what it looked at."""
        key = (number, tracked)
        if key not in self._known:
            self._known[key] = self._build(self.program.nodes[number], tracked)
        return self._known[key]

    def reference(self, number: int, frames: int, *, tracked: bool) -> Check:
        """The check of a node that may be above this one, so it is built when it is needed."""

        target: Check | None = None

        def refer(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
            nonlocal target
            if target is None:
                target = self.node(number, tracked=tracked)
            run.left -= 1
            run.frames += frames
            if run.frames > MAX_FRAMES or run.left < 0:
                run.give_up()
            fits = target(value, at, run, seen)
            run.frames -= frames
            return fits

        return refer

    def _build(self, node: Node, tracked: bool) -> Check:
        keywords = node.keywords
        if "false" in keywords:
            return _nothing(node.where)
        unevaluated = "unevaluatedProperties" in keywords or "unevaluatedItems" in keywords
        inner = tracked or unevaluated
        common = [
            *assertions.of_any(node),
            *applicators.of_any(self, node, inner),
        ]
        last = list(applicators.unevaluated(self, node)) if unevaluated else []
        by_class: dict[type, tuple[Check, ...]] = {}
        for kind, name in _TYPE_OF.items():
            allowed = _allowed(kind, name, node)
            if allowed is None:
                by_class[kind] = (_wrong_type(node),)
                continue
            own = [
                *allowed,
                *assertions.of_kind(node, name, formats=self._formats),
                *applicators.of_kind(self, node, name, inner),
            ]
            by_class[kind] = (*own, *common, *last)
        if unevaluated:
            return _tracking(by_class)
        return _plain(by_class)


def _plain(by_class: dict[type, tuple[Check, ...]]) -> Check:
    if all(len(checks) <= 1 for checks in by_class.values()):
        return _direct({kind: one[0] if one else _passes for kind, one in by_class.items()})

    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        fits = True
        for one in by_class[value.__class__]:
            if not one(value, at, run, seen):
                if run.quiet:
                    return False
                fits = False
        return fits

    return check


def _direct(by_class: dict[type, Check]) -> Check:
    """The same where no class has more than one check; without a step between where all have the
    same one."""
    if len(set(by_class.values())) == 1:
        return by_class[str]

    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        return by_class[value.__class__](value, at, run, seen)

    return check


def _passes(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
    return True


def _tracking(by_class: dict[type, tuple[Check, ...]]) -> Check:
    """The same where unevaluated keywords stand last: they see what this schema has looked at, and
    not what schemas beside it have."""
    plain = _plain(by_class)

    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        own = Seen()
        fits = plain(value, at, run, own)
        if fits and seen is not None:
            seen.add(own)
        return fits

    return check


def _nothing(where: str) -> Check:
    last = where.rpartition("/")[2]
    detail = _NOTHING.get(last, "no value is allowed here")

    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        return run.fail(at, detail, where)

    return check


def _allowed(kind: type, name: str, node: Node) -> Iterator[Check] | None:
    """What a value of this class has to pass for its type; None where it has the wrong one."""
    types = node.keywords.get("type")
    if types is None or name in types or (name == "integer" and "number" in types):
        return iter(())
    if kind is Decimal and "integer" in types:
        return iter((assertions.whole(_expected(types), f"{node.where}/type"),))
    return None


def _wrong_type(node: Node) -> Check:
    expected, where = _expected(node.keywords["type"]), f"{node.where}/type"

    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        if run.quiet:
            return False
        return run.fail(at, f"expected {expected}, found {shown(value)}", where)

    return check


def _expected(types: list[str]) -> str:
    *first, last = [_A[name] for name in types]
    return f"{', '.join(first)} or {last}" if first else last
