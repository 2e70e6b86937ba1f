"""Whether a schema became tighter, looser, or only different: what can be told keyword by keyword.

Two compiled schemas are walked side by side. What a keyword forbids more than before makes the
schema tighter; where `not`, `oneOf` or `if` are touched nobody can tell without documents.
"""

import operator
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from routing.changes import VersionedRoute
from routing.schemas import program_of, used
from routing.table import Table
from schema.keywords import MANY, ONE, REFERENCES
from schema.program import Node, Program

Way = Literal["tighter", "looser", "different"]


class Difference(NamedTuple):
    """Where two schemas differ, and which way."""

    way: Way
    where: str
    """The keyword's place, `roadmap#/properties/title/maxLength`."""
    in_answers: bool = False


class Checked:
    """What a route checks: settings that are no schemas, and its schemas by part and name."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, settings: Mapping[str, bool], schemas: Mapping[str, "Rooted"]) -> None:
        self.settings = settings
        self.schemas = schemas

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Checked) and not list(differences(self, other))


class Rooted(NamedTuple):
    """A schema in its program."""

    program: Program
    number: int


def checked(table: Table, route: VersionedRoute) -> Checked | None:
    """What `route` checks; None for nothing."""
    validation = route.validation
    if validation is None:
        return None
    settings = validation.settings
    program = program_of(table)
    plain = {
        "unknown_query": settings.unknown_query == "refuse",
        "formats": settings.formats,
        "body_required": settings.body is not None and settings.body_required,
        "response.action": settings.response is not None and settings.response.action == "refuse",
        **{f"required query {name}": True for name in settings.required.query},
        **{f"required header {name.lower()}": True for name in settings.required.headers},
    }
    schemas = {
        ".".join(map(str, one.path)): Rooted(program, program.roots[one.name])
        for one in used(validation.owner, settings)
    }
    return Checked(plain, schemas)


def differences(before: Checked, after: Checked) -> Iterator[Difference]:
    """How what is checked has changed."""
    for name in dict.fromkeys((*before.settings, *after.settings)):
        old, new = before.settings.get(name, False), after.settings.get(name, False)
        if old != new:
            yield Difference("tighter" if new else "looser", name, _is_of_answers(name))
    for name in dict.fromkeys((*before.schemas, *after.schemas)):
        in_answers = _is_of_answers(name)
        if name not in before.schemas:
            yield Difference("tighter", name, in_answers)
        elif name not in after.schemas:
            yield Difference("looser", name, in_answers)
        else:
            for one in _Walk(before.schemas[name], after.schemas[name]).differences():
                yield one._replace(in_answers=in_answers)


def _is_of_answers(name: str) -> bool:
    return name.startswith("response.")


_BOUNDS: Final = {
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems"), operator.lt),
    **dict.fromkeys(("maxProperties", "maxContains"), operator.lt),
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems"), operator.gt),
    **dict.fromkeys(("minProperties", "uniqueItems"), operator.gt),
}
"""Whether the value after is tighter than the one before."""
_MORE_ALLOW: Final = ("type", "enum", "const")
_UNCLEAR: Final = ("not", "oneOf", "if", "then", "else")
_NO_CHECK: Final = Node("", {})


class _Walk:
    def __init__(self, before: Rooted, after: Rooted) -> None:
        self._before, self._after = before.program, after.program
        self._seen: set[tuple[int, int]] = set()
        self._waiting = [(before.number, after.number)]

    def differences(self) -> Iterator[Difference]:
        while self._waiting:
            pair = self._waiting.pop()
            if pair not in self._seen:
                self._seen.add(pair)
                yield from self._compare(self._before.nodes[pair[0]], self._after.nodes[pair[1]])

    def _compare(self, old: Node, new: Node) -> Iterator[Difference]:
        for keyword in dict.fromkeys((*old.keywords, *new.keywords)):
            before, after = old.keywords.get(keyword), new.keywords.get(keyword)
            where = f"{(new if keyword in new.keywords else old).where}/{keyword}"
            if keyword == "properties":
                yield from self._properties(old, new)
            elif keyword in _UNCLEAR:
                if not self._same(keyword, before, after):
                    yield Difference("different", where)
            elif before is None or after is None:
                yield Difference("tighter" if before is None else "looser", where)
            elif not self._goes_on(keyword, before, after):
                way = self._way(keyword, before, after)
                if way is not None:
                    yield Difference(way, where)

    def _goes_on(self, keyword: str, before: Any, after: Any) -> bool:
        """Whether it is the subschemas that make the difference; they are compared later."""
        if keyword in REFERENCES:
            self._waiting.append((before[0], after[0]))
        elif keyword in ONE:
            self._waiting.append((before, after))
        elif keyword in MANY and len(before) == len(after):
            self._waiting += zip(before, after, strict=True)
        else:
            return False
        return True

    def _way(self, keyword: str, before: Any, after: Any) -> Way | None:
        if keyword in ("patternProperties", "dependentSchemas", *MANY):
            return None if self._same(keyword, before, after) else "different"
        return None if before == after else _way(keyword, before, after)

    def _properties(self, old: Node, new: Node) -> Iterator[Difference]:
        """A member that only one of the two names is for the other an additional one."""
        before, after = old.keywords.get("properties", {}), new.keywords.get("properties", {})
        for name in dict.fromkeys((*before, *after)):
            if name in before and name in after:
                self._waiting.append((before[name], after[name]))
                continue
            program, one = (self._after, after) if name in after else (self._before, before)
            other = (old if name in after else new).keywords.get("additionalProperties")
            others = self._before if name in after else self._after
            forbidden = other is not None and "false" in others.nodes[other].keywords
            node = program.nodes[one[name]]
            if forbidden or node.keywords:
                allows = forbidden == (name in after)
                yield Difference("looser" if allows else "tighter", node.where)

    def _same(self, keyword: str, before: Any, after: Any) -> bool:
        return (
            before is not None
            and after is not None
            and _expanded(self._before, {keyword: before})
            == _expanded(self._after, {keyword: after})
        )


def _way(keyword: str, before: Any, after: Any) -> Way:
    if keyword in _BOUNDS:
        return "tighter" if _BOUNDS[keyword](after, before) else "looser"
    if keyword in (*_MORE_ALLOW, "required"):
        less, more = set(map(repr, before)), set(map(repr, after))
        if less < more:
            return "tighter" if keyword == "required" else "looser"
        if more < less:
            return "looser" if keyword == "required" else "tighter"
    return "different"


def _expanded(program: Program, keywords: Mapping[str, Any]) -> list[Any]:
    """Everything that some keywords lead to, numbered in the order in which it is met."""
    found: list[Any] = []
    numbers: dict[int, int] = {}
    waiting = [Node("", dict(keywords))]
    while waiting:
        node = waiting.pop(0)
        following = node.leads_to()
        for number in following:
            if number not in numbers:
                numbers[number] = len(numbers)
                waiting.append(program.nodes[number])
        plain = {
            name: value
            for name, value in node.keywords.items()
            if name not in (*ONE, *MANY, *REFERENCES, "properties", "dependentSchemas")
            and name != "patternProperties"
        }
        shape = [name for name in node.keywords if name not in plain]
        found.append((plain, shape, [numbers[number] for number in following]))
    return found
