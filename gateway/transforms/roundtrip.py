"""Whether a body that is carried up and down again is the same: a trial over example documents.

The examples are made from the settings alone, the same ones each time: every place that an
operation touches is there and missing, holds values of every type and the very values that
operations look for, lists of no, one and two elements, and members that no operation knows. Where
all come back unchanged the claim is not proven, but every way that an operation has to lose
something was tried. Documents are the client's: members and texts that only the service knows do
not occur in them (what a rename or a `translate` makes, what a request is given and no answer
keeps).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations, islice
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET

from transforms.documents import encode
from transforms.operations import (
    BodyOperation,
    Copy,
    Each,
    Move,
    Remove,
    Rename,
    Translate,
    Unwrap,
    Valued,
    Wrap,
    compile_operations,
    renamed,
    templates_of,
)
from transforms.pointer import Pointer
from transforms.settings import TransformSettings
from transforms.templates import Scope, captured, fresh

MAX_DOCUMENTS: Final = 4000
"""Examples at most, so that a long transform is still tried in a moment."""

_FEW: Final = 8
"""Places up to which each choice of them is tried."""

_EVERY: Final = None
"""The step of a place that stands for each element of a list."""
_Place = tuple[str | None, ...]

_PALETTE: Final[tuple[Any, ...]] = (
    "text",
    "1",
    "true",
    "",
    1,
    0,
    2.5,
    True,
    False,
    None,
    [],
    ["text"],
    {},
    {"unknown": 1},
)


class Counterexample(NamedTuple):
    """A document of a client that does not come back as it was."""

    document: Any
    came_back: Any


def counterexample(settings: TransformSettings) -> Counterexample | None:
    """The first example that `settings.response` does not make of what `settings.request` made.

    Only bodies are looked at. Placeholders over anything but the body have the value `example`.
    """
    up, down = settings.request.json, settings.response.json
    carry_up, carry_down = _editor(up), _editor(down)
    for document in examples(up, down):
        came_back = carry_down(carry_up(fresh(document)))
        if _canonical(came_back) != _canonical(document):
            return Counterexample(document, came_back)
    return None


def examples(up: Sequence[BodyOperation], down: Sequence[BodyOperation]) -> Iterator[Any]:
    """Documents in the client's vocabulary for operations on requests and on answers."""
    places = sorted(_vocabulary(up, down), key=_order)
    words = _words(up, down)
    values = [msgspec.json.decode(word) for word in sorted(words.client)]
    values += [value for value in _PALETTE if _canonical(value) not in words.service]
    yield from islice(_documents(places, values), MAX_DOCUMENTS)


def _editor(operations: Sequence[BodyOperation]) -> Any:
    edit = compile_operations(operations)
    pointers = {pointer: Pointer(pointer) for pointer in _body_pointers(operations)}

    def apply(document: Any) -> Any:
        scope = Scope(lambda _: "example")
        scope.body = captured(document, pointers)
        return edit(document, scope)

    return apply


def _body_pointers(operations: Sequence[BodyOperation]) -> Iterator[str]:
    for template in templates_of(operations):
        yield from (name for source, name in template.placeholders if source == "body")


def _canonical(document: Any) -> bytes:
    """Equal where two documents say the same: the order of members means nothing, types do."""
    return msgspec.json.encode(msgspec.json.decode(encode(document)), order="sorted")


# Places


def _tokens(pointer: str) -> _Place:
    return tuple(Pointer(pointer).tokens)


def _vocabulary(up: Sequence[BodyOperation], down: Sequence[BodyOperation]) -> set[_Place]:
    """The places that a client can know: in requests those that are read, in answers all."""
    kept = set(_places_after(down))
    read = set(_places_read_before(up))
    gone = set(_places_gone_after(down)) - kept
    given = set(_places_before(up)) - read
    return kept | read | {place for place in given if not any(_is_within(place, x) for x in gone)}


def _places_gone_after(operations: Sequence[BodyOperation]) -> Iterator[_Place]:
    """The places that `operations` empty, named as they would be after the last of them."""
    for position, operation in enumerate(operations):
        emptied: Iterable[_Place] = ()
        if isinstance(operation, Remove):
            emptied = (_tokens(operation.path),)
        elif isinstance(operation, Each):
            start = (*_tokens(operation.path), _EVERY)
            emptied = [(*start, *place) for place in _places_gone_after(operation.do)]
        for place in emptied:
            after: _Place | None = place
            for later in operations[position + 1 :]:
                after = after if after is None else _after(later, after)
            if after is not None:
                yield after


def _places_read_before(operations: Sequence[BodyOperation]) -> Iterator[_Place]:
    """The places of operations that do more than put a value there."""
    return _places_before(operations, Valued)


def _places_before(operations: Sequence[BodyOperation], but: Any = ()) -> Iterator[_Place]:
    """The places that `operations` touch, named as they were before the first of them.

    Without operations of the types in `but`.
    """

    def inside(do: Sequence[BodyOperation]) -> Iterator[_Place]:
        return _places_before(do, but)

    for position, operation in enumerate(operations):
        if isinstance(operation, but):
            continue
        for place in _touched(operation, inside):
            before: _Place | None = place
            for earlier in reversed(operations[:position]):
                before = before if before is None else _before(earlier, before)
            if before is not None:
                yield before


def _places_after(operations: Sequence[BodyOperation]) -> Iterator[_Place]:
    """The same, named as they are after the last of them."""
    for position, operation in enumerate(operations):
        for place in _touched(operation, _places_after):
            after: _Place | None = place
            for later in operations[position:]:
                after = after if after is None else _after(later, after)
            if after is not None:
                yield after


def _touched(operation: BodyOperation, inner: Any) -> Iterator[_Place]:
    """The places that `operation` looks at, named as they are before it."""
    match operation:
        case Move(source=source) | Copy(source=source):
            yield _tokens(source)
        case Each(path=path, do=do):
            yield (*_tokens(path), _EVERY)
            yield from ((*_tokens(path), _EVERY, *place) for place in inner(do))
        case Unwrap(path=path, key=key):
            yield (*_tokens(path), key)
        case _:
            yield _tokens(operation.path)


def _way(operation: BodyOperation) -> tuple[_Place, _Place] | None:
    """From where to where `operation` brings what is at a place."""
    match operation:
        case Rename(path=path, to=to):
            return _tokens(path), tuple(renamed(path, to).tokens)
        case Move(source=source, to=to):
            return _tokens(source), _tokens(to)
        case Wrap(path=path, key=key):
            return _tokens(path), (*_tokens(path), key)
        case Unwrap(path=path, key=key):
            return (*_tokens(path), key), _tokens(path)
        case _:
            return None


def _before(operation: BodyOperation, place: _Place) -> _Place | None:
    """Where what is at `place` after `operation` was before it; `None` where it was nowhere."""
    way = _way(operation)
    if way is None:
        return place
    source, target = way
    if place[: len(target)] == target:
        return source + place[len(target) :]
    return None if _is_within(place, source) and not _is_within(target, source) else place


def _after(operation: BodyOperation, place: _Place) -> _Place | None:
    """Where what is at `place` before `operation` is after it; `None` where it is gone."""
    if isinstance(operation, Remove) and _is_within(place, _tokens(operation.path)):
        return None
    way = _way(operation)
    if way is None:
        return place
    source, target = way
    if _is_within(place, source):
        return target + place[len(source) :]
    return place


def _is_within(place: _Place, outer: _Place) -> bool:
    return place[: len(outer)] == outer


def _order(place: _Place) -> tuple[int, list[str]]:
    return len(place), [step or "" for step in place]


# Documents


class _Words(NamedTuple):
    """Values that operations look for or put in, as JSON: the client's, and the service's."""

    client: set[bytes]
    service: set[bytes]


def _words(up: Sequence[BodyOperation], down: Sequence[BodyOperation]) -> _Words:
    client, service = set[bytes](), set[bytes]()
    for operation in _flat(up):
        if isinstance(operation, Translate):
            client.update(map(_canonical, operation.values))
            service.update(map(_canonical, operation.values.values()))
        elif isinstance(operation, Valued) and operation.value is not UNSET:
            client.add(_canonical(operation.value))
    for operation in _flat(down):
        if isinstance(operation, Translate):
            service.update(map(_canonical, operation.values))
            client.update(map(_canonical, operation.values.values()))
        elif isinstance(operation, Valued) and operation.value is not UNSET:
            client.add(_canonical(operation.value))
    return _Words(client, service - client)


def _flat(operations: Sequence[BodyOperation]) -> Iterator[BodyOperation]:
    for operation in operations:
        yield operation
        if isinstance(operation, Each):
            yield from _flat(operation.do)


class _Shape(NamedTuple):
    """How a document is made: lists have `length` elements, `value` is at `at`, and with `unknown`
    every object has a member that nobody knows."""

    length: int = 2
    unknown: bool = False
    at: _Place | None = None
    value: Any = None


def _documents(places: Sequence[_Place], values: Sequence[Any]) -> Iterator[Any]:
    yield from ({}, [], [{}], "text", 1, None)
    inner = [place for place in places if place]
    for length in (2, 0, 1):
        yield _built(inner, _Shape(length))
        yield _built(inner, _Shape(length, unknown=True))
    if len(inner) <= _FEW:
        subsets: Iterable[tuple[_Place, ...]] = chain.from_iterable(
            combinations(inner, size) for size in range(len(inner))
        )
    else:
        # All but one, each alone, and each two: what operations do to others shows in pairs.
        subsets = chain(
            combinations(inner, len(inner) - 1), combinations(inner, 1), combinations(inner, 2)
        )
    for subset in islice(subsets, MAX_DOCUMENTS // 4):
        yield _built(subset, _Shape())
    for value in values:
        for place in places:
            yield _built(inner, _Shape(at=place, value=value))
            yield _built([], _Shape(1, at=place, value=value))


def _built(places: Iterable[_Place], shape: _Shape) -> Any:
    """A document that has something at all `places`."""
    tree: dict[str | None, Any] = {}
    for place in places if shape.at is None else (*places, shape.at):
        branch = tree
        for step in place:
            branch = branch.setdefault(step, {})
    return _grown(tree, (), shape)


def _grown(tree: dict[str | None, Any], here: _Place, shape: _Shape) -> Any:
    if here == shape.at:
        return fresh(shape.value)
    if not tree and here:
        return "some text"  # nothing is known of what it holds
    if _EVERY in tree:
        return [_grown(tree[_EVERY], (*here, _EVERY), shape) for _ in range(shape.length)]
    members: dict[str, Any] = {"unknown": ["as it was"]} if shape.unknown else {}
    for step, branch in tree.items():
        members[str(step)] = _grown(branch, (*here, step), shape)
    return members
