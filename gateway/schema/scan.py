"""Finds every schema of a document, what it may be called, and what is wrong with its keywords.

Only the shape is looked at here; where references lead is `schema.compile`.
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, NamedTuple
from urllib.parse import urldefrag, urljoin

from schema.keywords import KNOWN, MANY, NAMED, ONE, REPLACED
from schema.program import Objection
from schema.shapes import Misshape, kind, wrong

MAX_NESTING: Final = 50
"""Schemas within schemas of one document."""
MAX_SCHEMAS: Final = 20_000
"""Schemas of all documents together."""

Pointer = tuple[str, ...]


class Place(NamedTuple):
    """A schema: its document, the way to it, its value, and the URI that references start from."""

    document: str
    pointer: Pointer
    value: Any
    base: str

    def child(self, value: Any, *tokens: str) -> "Place":
        """The schema `value` further down, with the base that its `$id` may set."""
        return Place(self.document, (*self.pointer, *tokens), value, base_of(value, self.base))


class Resource:
    """A schema with a URI of its own, and the names in it."""

    def __init__(self, root: Place) -> None:
        self.root = root
        self.anchors: dict[str, Place] = {}
        self.dynamic: dict[str, Place] = {}


def resolved(base: str, reference: str) -> tuple[str, str]:
    """URI and fragment that a reference stands for (RFC 3986, section 5)."""
    if reference.startswith("#"):  # which `urljoin` does not know of URNs
        return base, reference[1:]
    uri, fragment = urldefrag(urljoin(base, reference))
    return uri, fragment


def base_of(value: Any, base: str) -> str:
    """The URI of a schema: by its `$id`, or else that of the schema around it."""
    if isinstance(value, dict) and isinstance(value.get("$id"), str):
        return resolved(base, value["$id"])[0]
    return base


class Scan:
    """All schemas of some documents."""

    def __init__(self, documents: Mapping[str, tuple[str, Any]], *, strict: bool) -> None:
        """`documents` are pairs of URI and schema by name. With `strict`, keywords that nobody
        knows are refused, but for those that begin with `x-`; else they are annotations."""
        self.resources: dict[str, Resource] = {}
        self.places: list[Place] = []
        self.objections: list[Objection] = []
        self._strict = strict
        for name, (uri, schema) in documents.items():
            self._document(Place(name, (), schema, base_of(schema, uri)), uri)

    def object(self, place: Place, message: str, *steps: str | int) -> None:
        """Refuse what is at `steps` of the schema at `place`."""
        self.objections.append(Objection(place.document, (*place.pointer, *steps), message))

    def _document(self, top: Place, uri: str) -> None:
        self._resource(top)
        self.resources.setdefault(uri, self.resources[top.base])
        waiting = [(top, 0)]
        while waiting:
            place, depth = waiting.pop()
            if len(self.places) >= MAX_SCHEMAS:
                self.object(place, f"expected at most {MAX_SCHEMAS} schemas in all")
                return
            if depth > MAX_NESTING:
                self.object(place, f"expected at most {MAX_NESTING} schemas within schemas")
                continue
            self.places.append(place)
            if isinstance(place.value, dict):
                self._identify(place)
                self._check(place)
                waiting += [(child, depth + 1) for child in children(place)]
            elif not isinstance(place.value, bool):
                self.object(
                    place,
                    f"expected a schema (an object, true or false), found {kind(place.value)}",
                )

    def _resource(self, place: Place) -> None:
        known = self.resources.setdefault(place.base, Resource(place))
        if known.root is not place:
            self.object(place, f"the URI {place.base} is taken by another schema", "$id")

    def _identify(self, place: Place) -> None:
        schema = place.value
        if "$id" in schema and place.pointer:
            self._resource(place)
        resource = self.resources[place.base]
        for keyword in ("$anchor", "$dynamicAnchor"):
            name = schema.get(keyword)
            if not isinstance(name, str):
                continue
            if resource.anchors.setdefault(name, place) is not place:
                self.object(place, f"the name `{name}` is taken by another schema", keyword)
            if keyword == "$dynamicAnchor":
                resource.dynamic.setdefault(name, place)

    def _check(self, place: Place) -> None:
        for keyword, value in place.value.items():
            for steps, message in self._wrong(keyword, value):
                self.object(place, message, keyword, *steps)
        schema = place.value
        if self._strict and "if" not in schema:
            for keyword in ("then", "else"):
                if keyword in schema:
                    self.object(place, f"`{keyword}` has no effect without `if`", keyword)

    def _wrong(self, keyword: str, value: Any) -> Iterable[Misshape]:
        if keyword in KNOWN:
            return wrong(keyword, value)
        # Of older drafts this one would check something.
        if (self._strict and not keyword.startswith("x-")) or keyword == "dependencies":
            return [((), _unknown(keyword))]
        return ()


def children(place: Place) -> Iterator[Place]:
    """The schemas that stand in the schema at `place`."""
    for keyword, value in place.value.items():
        if keyword in ONE:
            yield place.child(value, keyword)
        elif keyword in MANY and isinstance(value, list):
            for position, item in enumerate(value):
                yield place.child(item, keyword, str(position))
        elif keyword in NAMED and isinstance(value, dict):
            for name, member in value.items():
                yield place.child(member, keyword, name)


def _unknown(keyword: str) -> str:
    if keyword in REPLACED:
        return f"`{keyword}` {REPLACED[keyword]}"
    close = get_close_matches(keyword, sorted(KNOWN), n=1)
    hint = f"; did you mean `{close[0]}`?" if close else "; notes of your own begin with `x-`"
    return f"there is no keyword `{keyword[:60]}` in JSON Schema 2020-12{hint}"
