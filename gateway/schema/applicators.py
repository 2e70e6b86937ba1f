"""The keywords that apply schemas: to the value itself, to members and items, to what is left over.

JSON Schema core, sections 10 and 11.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from schema.assertions import matching
from schema.keywords import REFERENCES
from schema.program import Node
from schema.run import MAX_ERRORS, At, Run, SchemaError, Seen, pointer

Check = Callable[[Any, At, Run, Seen | None], bool]


class Nodes(Protocol):
    """Where the checks of subschemas come from."""

    def node(self, number: int, *, tracked: bool) -> Check: ...

    def reference(self, number: int, frames: int, *, tracked: bool) -> Check: ...


def of_any(nodes: Nodes, node: Node, tracked: bool) -> Iterator[Check]:
    """Checks for values of all kinds."""
    keywords = node.keywords
    for keyword in REFERENCES:
        if keyword in keywords:
            yield nodes.reference(*keywords[keyword], tracked=tracked)
    for number in keywords.get("allOf", ()):
        yield nodes.node(number, tracked=tracked)
    for keyword, choose in (("anyOf", _any_of), ("oneOf", _one_of)):
        if keyword in keywords:
            branches = [nodes.node(number, tracked=tracked) for number in keywords[keyword]]
            yield choose(branches, f"{node.where}/{keyword}", tracked)
    if "not" in keywords:
        yield _not(nodes.node(keywords["not"], tracked=False), f"{node.where}/not")
    if "if" in keywords:
        then, otherwise = (
            nodes.node(keywords[name], tracked=tracked) if name in keywords else None
            for name in ("then", "else")
        )
        yield _if(nodes.node(keywords["if"], tracked=tracked), then, otherwise)


def of_kind(nodes: Nodes, node: Node, kind: str, tracked: bool) -> Iterator[Check]:
    """Checks for objects and arrays."""
    keywords = node.keywords
    if kind == "object":
        if any(
            name in keywords for name in ("properties", "patternProperties", "additionalProperties")
        ):
            yield _members(nodes, node)
        if "propertyNames" in keywords:
            yield _names(nodes.node(keywords["propertyNames"], tracked=False))
        for name, number in keywords.get("dependentSchemas", {}).items():
            yield _dependent(name, nodes.node(number, tracked=tracked))
    elif kind == "array":
        if "prefixItems" in keywords or "items" in keywords:
            yield _items(nodes, node)
        if "contains" in keywords:
            yield _contains(nodes, node)


def unevaluated(nodes: Nodes, node: Node) -> Iterator[Check]:
    """Checks of what nothing else has looked at."""
    if "unevaluatedProperties" in node.keywords:
        yield _left_members(nodes.node(node.keywords["unevaluatedProperties"], tracked=False))
    if "unevaluatedItems" in node.keywords:
        yield _left_items(nodes.node(node.keywords["unevaluatedItems"], tracked=False))


def _any_of(branches: list[Check], where: str, tracked: bool) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        run.spend(len(branches))
        run.quiet += 1
        fits = False
        for branch in branches:
            own = Seen() if tracked else None
            if branch(value, at, run, own):
                fits = True
                if seen is None or own is None:
                    break
                seen.add(own)
        run.quiet -= 1
        return fits or _fits_none(branches, where, value, at, run)

    return check


def _one_of(branches: list[Check], where: str, tracked: bool) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        run.spend(len(branches))
        run.quiet += 1
        fitting = []
        for number, branch in enumerate(branches, 1):
            own = Seen() if tracked else None
            if branch(value, at, run, own):
                fitting.append(number)
                if len(fitting) == 2:
                    break
                if seen is not None and own is not None:
                    seen.add(own)
        run.quiet -= 1
        if len(fitting) == 1:
            return True
        if not fitting:
            return _fits_none(branches, where, value, at, run)
        one, other = fitting
        return run.fail(at, f"it fits the alternatives {one} and {other}, and may fit one", where)

    return check


def _fits_none(branches: list[Check], where: str, value: Any, at: At, run: Run) -> bool:
    """An error, and what is wrong by the only alternative that can have been meant."""
    if run.quiet:
        return False
    found = [_errors_of(branch, value, at, run) for branch in branches]
    own = pointer(at)
    meant = [number for number, errors in enumerate(found) if not _is_of_another_kind(errors, own)]
    if len(found) == 1:
        meant = [0]
    told = f"it fits none of {len(branches)} alternatives"
    if len(meant) == 1:
        told += f"; this is said by number {meant[0] + 1}"
    run.fail(at, told, where)
    if len(meant) == 1:
        for error in found[meant[0]]:
            if len(run.errors) < MAX_ERRORS:
                run.errors.append(error)
    return False


def _errors_of(branch: Check, value: Any, at: At, run: Run) -> list[SchemaError]:
    outside, run.errors = run.errors, []
    run.nested += 1
    branch(value, at, run, Seen())
    run.nested -= 1
    found, run.errors = run.errors, outside
    return found


def _is_of_another_kind(errors: list[SchemaError], own: str) -> bool:
    """Whether an alternative is for other values than the one at `own`: for another type, or, as a
    member says, for another variant."""
    for error in errors:
        if error.pointer == own and error.schema.endswith(("/type", "/enum", "/const")):
            return True
        member = error.pointer.rpartition("/")[0] == own and error.pointer != own
        if member and error.schema.endswith("/const"):
            return True
    return False


def _not(inner: Check, where: str) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        run.spend(1)
        run.quiet += 1
        fits = inner(value, at, run, None)
        run.quiet -= 1
        return not fits or run.fail(at, "it fits what it must not fit", where)

    return check


def _if(condition: Check, then: Check | None, otherwise: Check | None) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        run.spend(1)
        own = Seen() if seen is not None else None
        run.quiet += 1
        fits = condition(value, at, run, own)
        run.quiet -= 1
        if fits and seen is not None and own is not None:
            seen.add(own)
        branch = then if fits else otherwise
        return branch is None or branch(value, at, run, seen)

    return check


def _members(nodes: Nodes, node: Node) -> Check:
    """`properties`, `patternProperties` and `additionalProperties`, name by name."""
    keywords = node.keywords
    known = {
        name: nodes.node(number, tracked=False)
        for name, number in keywords.get("properties", {}).items()
    }
    patterns = [
        (matching(expressions), nodes.node(number, tracked=False))
        for _, expressions, number in keywords.get("patternProperties", ())
    ]
    additional = keywords.get("additionalProperties")
    others = [] if additional is None else [nodes.node(additional, tracked=False)]

    def checks_for(name: str, run: Run) -> list[Check]:
        found = [known[name]] if name in known else []
        found += [inner for matches, inner in patterns if matches(name, run)]
        return found or others

    return _each_member(known if not patterns else {}, checks_for)


def _each_member(
    known: Mapping[str, Check], checks_for: Callable[[str, Run], Sequence[Check]]
) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        run.spend(len(value))
        fits = True
        for name, member in value.items():
            one = known.get(name)
            checks = (one,) if one is not None else checks_for(name, run)
            for inner in checks:
                if not inner(member, (at, name), run, None):
                    fits = False
            if run.quiet and not fits:
                return False
            if seen is not None and checks:
                seen.names.add(name)
        return fits

    return check


def _names(inner: Check) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        run.spend(len(value))
        fits = True
        for name in value:
            if not inner(name, (at, name), run, None):
                fits = False
        return fits

    return check


def _dependent(name: str, inner: Check) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        return name not in value or inner(value, at, run, seen)

    return check


def _items(nodes: Nodes, node: Node) -> Check:
    first = [nodes.node(number, tracked=False) for number in node.keywords.get("prefixItems", ())]
    rest = node.keywords.get("items")
    other = None if rest is None else nodes.node(rest, tracked=False)

    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        run.spend(len(value))
        fits = True
        for place, item in enumerate(value):
            one = first[place] if place < len(first) else other
            if one is None:
                break
            if not one(item, (at, place), run, None):
                fits = False
                if run.quiet:
                    return False
            if seen is not None:
                seen.items.add(place)
        return fits

    return check


def _contains(nodes: Nodes, node: Node) -> Check:
    inner = nodes.node(node.keywords["contains"], tracked=False)
    least = int(node.keywords.get("minContains", 1))
    most = node.keywords.get("maxContains")
    most = None if most is None else int(most)
    where = f"{node.where}/contains"

    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        run.spend(len(value))
        run.quiet += 1
        found = 0
        for place, item in enumerate(value):
            if inner(item, (at, place), run, None):
                found += 1
                if seen is not None:
                    seen.items.add(place)
        run.quiet -= 1
        if found < least:
            what = "item" if least == 1 else "items"
            return run.fail(
                at, f"expected at least {least} {what} of a certain kind, found {found}", where
            )
        if most is not None and found > most:
            return run.fail(
                at, f"expected at most {most} items of a certain kind, found {found}", where
            )
        return True

    return check


def _left_members(inner: Check) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        fits = True
        if seen is not None:
            for name, member in value.items() if value.__class__ is dict else ():
                if name not in seen.names:
                    if not inner(member, (at, name), run, None):
                        fits = False
                    seen.names.add(name)
        return fits

    return check


def _left_items(inner: Check) -> Check:
    def check(value: Any, at: At, run: Run, seen: Seen | None) -> bool:
        fits = True
        if seen is not None:
            for place, item in enumerate(value) if value.__class__ is list else ():
                if place not in seen.items:
                    if not inner(item, (at, place), run, None):
                        fits = False
                    seen.items.add(place)
        return fits

    return check
