"""From schemas to a program: references are followed here, so that the edge follows none.

`$dynamicRef` is resolved here as well: what it leads to depends on the resources that were entered
on the way, so a schema that is reached on ways with different ones becomes a node for each.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from schema.formats import FORMATS
from schema.keywords import ASSERTIONS, IN_PLACE, MANY, NAMED, ONE, REFERENCES
from schema.patterns import translate
from schema.program import Node, Objection, Program
from schema.scan import MAX_SCHEMAS, Place, Pointer, Scan, base_of, resolved

BASE: Final = "https://schemas.invalid/"
"""Schemas of a table have a URI below this one, so that `$ref: roadmap` leads to another one."""

_Scope = tuple[tuple[str, str, Pointer], ...]
"""What dynamic names stand for: name, document, and the way to the schema."""


class Refused(Exception):
    """The schemas cannot be compiled."""

    def __init__(self, objections: Sequence[Objection]) -> None:
        super().__init__("; ".join(objection.message for objection in objections[:5]))
        self.objections = tuple(objections)


def compile_schemas(schemas: Mapping[str, Any]) -> Program:
    """The schemas of a table by name, which may refer to each other. Raises `Refused`."""
    return compile_documents({name: (BASE + name, schema) for name, schema in schemas.items()})


def compile_documents(
    documents: Mapping[str, tuple[str, Any]],
    roots: Sequence[str] | None = None,
    *,
    strict: bool = True,
) -> Program:
    """Pairs of URI and schema by name; of those, `roots` can be checked. Raises `Refused`."""
    scan = Scan(documents, strict=strict)
    compiler = _Compiler(scan, strict=strict)
    if not scan.objections:
        compiler.follow_all(documents)
    if scan.objections:
        raise Refused(scan.objections)
    program = compiler.program(documents if roots is None else roots)
    if scan.objections:
        raise Refused(scan.objections)
    return program


class _Target(NamedTuple):
    place: Place
    dynamic: str | None
    """The name, where a `$dynamicRef` may lead to another schema of it."""


class _Compiler:
    def __init__(self, scan: Scan, *, strict: bool) -> None:
        self._scan = scan
        self._strict = strict
        self._tops = {place.document: place for place in reversed(scan.places) if not place.pointer}
        self._places = {(place.document, place.pointer): place for place in scan.places}
        self._has_dynamic = any(
            isinstance(place.value, dict) and "$dynamicRef" in place.value for place in scan.places
        )
        self._known: dict[tuple[str, Pointer, _Scope], int] = {}
        self._nodes: list[Node] = []
        self._origins: list[Place] = []
        self._waiting: list[tuple[int, Place, _Scope]] = []
        self._heights: dict[int, int] = {}

    def follow_all(self, documents: Mapping[str, Any]) -> None:
        """Whether every reference leads somewhere, used or not."""
        for place in self._scan.places if self._strict else ():
            for keyword in REFERENCES:
                if isinstance(place.value, dict) and keyword in place.value:
                    self._follow(place, keyword)

    def program(self, roots: Sequence[str] | Mapping[str, Any]) -> Program:
        numbers = {name: self._number(self._tops[name], ()) for name in roots}
        while self._waiting:
            number, place, scope = self._waiting.pop()
            if number > MAX_SCHEMAS:
                self._scan.object(place, f"it stands for more than {MAX_SCHEMAS} schemas")
                break
            self._nodes[number] = Node(_where(place), self._keywords(place, scope))
        if not self._scan.objections:
            self._refuse_circles()
        if not self._scan.objections:
            self._measure()
        return Program(tuple(self._nodes), numbers)

    def _number(self, place: Place, scope: _Scope) -> int:
        if self._has_dynamic:
            known = {name for name, _, _ in scope}
            resource = self._scan.resources.get(place.base)
            entered = resource.dynamic if resource is not None else {}
            scope = tuple(
                sorted(
                    (
                        *scope,
                        *(
                            (name, target.document, target.pointer)
                            for name, target in entered.items()
                            if name not in known
                        ),
                    )
                )
            )
        key = (place.document, place.pointer, scope)
        if key not in self._known:
            self._known[key] = len(self._nodes)
            self._nodes.append(Node("", {}))
            self._origins.append(place)
            self._waiting.append((self._known[key], place, scope))
        return self._known[key]

    def _keywords(self, place: Place, scope: _Scope) -> dict[str, Any]:
        schema = place.value
        if not isinstance(schema, dict):
            return {} if schema is True else {"false": True}
        return {
            keyword: argument
            for keyword, value in schema.items()
            if (keyword not in ("then", "else") or "if" in schema)
            and (argument := self._argument(place, keyword, value, scope)) is not None
        }

    def _argument(self, place: Place, keyword: str, value: Any, scope: _Scope) -> Any:
        """What a keyword becomes; None for one that checks nothing."""
        if keyword in REFERENCES:
            number = self._referred(place, keyword, scope)
            return None if number is None else [number, 0]
        if keyword in (*ONE, *MANY, *NAMED):
            return self._subschemas(place, keyword, value, scope)
        if keyword == "pattern":
            return [value, translate(value)]
        if keyword == "type":
            return value if isinstance(value, list) else [value]
        if keyword == "const":
            return [value]
        return value if keyword in ASSERTIONS else None

    def _subschemas(self, place: Place, keyword: str, value: Any, scope: _Scope) -> Any:
        """The argument of an applicator: a number, a list of them, or a mapping to them."""
        if keyword in ONE:
            return self._number(place.child(value, keyword), scope)
        if keyword in MANY:
            return [
                self._number(place.child(item, keyword, str(position)), scope)
                for position, item in enumerate(value)
            ]
        if keyword == "$defs":
            return None
        numbers = {
            name: self._number(place.child(member, keyword, name), scope)
            for name, member in value.items()
        }
        if keyword == "patternProperties":
            return [[name, translate(name), number] for name, number in numbers.items()]
        return numbers

    def _referred(self, place: Place, keyword: str, scope: _Scope) -> int | None:
        target = self._follow(place, keyword)
        if target is None:
            return None
        if target.dynamic is not None:
            for name, document, pointer in scope:
                if name == target.dynamic:
                    return self._number(self._places[document, pointer], scope)
        return self._number(target.place, scope)

    def _follow(self, place: Place, keyword: str) -> _Target | None:
        """Where a reference leads; where it does not, that is put down."""
        reference: str = place.value[keyword]
        uri, fragment = resolved(place.base, reference)
        resource = self._scan.resources.get(uri)
        if resource is None:
            self._scan.object(place, self._no_schema(reference, uri), keyword)
            return None
        fragment = unquote(fragment)
        if not fragment:
            return _Target(resource.root, None)
        if fragment.startswith("/"):
            found = self._down(resource.root, fragment)
            if found is None:
                message = f"there is no schema at `{fragment[:80]}` of `{_shown(uri)}`"
                self._scan.object(place, message, keyword)
                return None
            return _Target(found, None)
        anchored = resource.anchors.get(fragment)
        if anchored is None:
            message = f"there is no `$anchor: {fragment[:80]}` in `{_shown(uri)}`"
            self._scan.object(place, message, keyword)
            return None
        dynamic = keyword == "$dynamicRef" and fragment in resource.dynamic
        return _Target(anchored, fragment if dynamic else None)

    def _down(self, root: Place, fragment: str) -> Place | None:
        """The schema at a JSON Pointer, also where a reference alone makes it one."""
        value, base, pointer = root.value, root.base, root.pointer
        for token in fragment.split("/")[1:]:
            token = token.replace("~1", "/").replace("~0", "~")  # noqa: PLW2901
            pointer = (*pointer, token)
            known = self._places.get((root.document, pointer))
            if isinstance(value, dict) and token in value:
                value = value[token]
            elif isinstance(value, list) and token.isdigit() and int(token) < len(value):
                value = value[int(token)]
            else:
                return None
            base = known.base if known is not None else base
        place = self._places.get((root.document, pointer))
        if place is None and not self._strict and isinstance(value, (dict, bool)):
            return Place(root.document, pointer, value, base_of(value, base))
        return place

    def _no_schema(self, reference: str, uri: str) -> str:
        if not uri.startswith(BASE):
            return (
                f"there is no schema `{reference[:80]}`: a reference leads to a schema of the "
                "table by its name, or to a part of the same one by `#/…`"
            )
        names = sorted(name for name in self._tops if "." not in name)
        close = get_close_matches(_shown(uri), names, n=1)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        return f"there is no schema `{_shown(uri)[:80]}`{hint} (known: {', '.join(names[:20])})"

    def _refuse_circles(self) -> None:
        """Schemas that lead to themselves without going into the value would never be done."""
        done: set[int] = set()
        for start in range(len(self._nodes)):
            if start in done:
                continue
            path: list[tuple[int, list[int]]] = [(start, _in_place(self._nodes[start]))]
            on_path = {start}
            while path:
                number, following = path[-1]
                if not following:
                    path.pop()
                    on_path.discard(number)
                    done.add(number)
                    continue
                other = following.pop()
                if other in on_path:
                    message = "it leads back to itself without going into the value"
                    self._scan.object(self._origins[number], message)
                    return
                if other not in done:
                    on_path.add(other)
                    path.append((other, _in_place(self._nodes[other])))

    def _measure(self) -> None:
        """Say with each reference how much of the stack a call of it takes until the next one."""
        for node in self._nodes:
            for keyword in REFERENCES:
                if keyword in node.keywords:
                    number = node.keywords[keyword][0]
                    node.keywords[keyword][1] = 2 + self._height(number)

    def _height(self, number: int) -> int:
        known = self._heights.get(number)
        if known is None:
            known = 2 + max(map(self._height, self._nodes[number].inside()), default=0)
            self._heights[number] = known
        return known


def _in_place(node: Node) -> list[int]:
    """The nodes that look at the same value."""
    found = [node.keywords[keyword][0] for keyword in REFERENCES if keyword in node.keywords]
    for keyword in IN_PLACE:
        argument = node.keywords.get(keyword)
        if isinstance(argument, int):
            found.append(argument)
        elif argument is not None:
            found += argument.values() if isinstance(argument, dict) else argument
    return found


def _where(place: Place) -> str:
    pointer = "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in place.pointer)
    return f"{place.document}#{pointer}"


def _shown(uri: str) -> str:
    return uri.removeprefix(BASE)


def unchecked_formats(program: Program, name: str) -> list[str]:
    """The formats that a schema names and nobody here can check."""
    named = {node.keywords.get("format") for node in program.reached(name)}
    return sorted(one for one in named if one is not None and one not in FORMATS)
