"""Operations on a JSON body: their settings, and the functions that they compile to.

An operation whose place does not exist does nothing: a response that lacks an optional member is
still a good response. Operations never fail on well-formed settings.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from transforms.pointer import MISSING, Pointer

JsonPointer = Annotated[
    str,
    Meta(
        pattern=r"^(/([^~/]|~[01])*)+$",
        description="A JSON Pointer (RFC 6901) such as /owner/name.",
    ),
]

Edit = Callable[[Any], Any]
"""Takes a document, which it may change in place, and returns the document that is to go on."""


class _Operation(Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag=str.lower):
    pass


class Rename(_Operation, frozen=True, kw_only=True):
    """Give the member at `path` another name, `to`, in the same object."""

    path: JsonPointer
    to: Annotated[str, Meta(min_length=1)]


class Move(_Operation, frozen=True, kw_only=True):
    """Take the value at `from` away and put it at `to`."""

    source: JsonPointer = field(name="from")
    to: JsonPointer


class Set(_Operation, frozen=True, kw_only=True):
    """Put `value` at `path`, whatever was there."""

    path: JsonPointer
    value: Any


class Remove(_Operation, frozen=True, kw_only=True):
    """Drop the value at `path`."""

    path: JsonPointer


class Replace(_Operation, frozen=True, kw_only=True):
    """Put another value for each one that `values` names at `path`; others stay."""

    path: JsonPointer
    values: dict[str, Any]


class Each(_Operation, frozen=True, kw_only=True):
    """Apply `do` to every element of the array at `path`."""

    path: JsonPointer
    do: "tuple[BodyOperation, ...]"


BodyOperation = Rename | Move | Set | Remove | Replace | Each


def compile_operations(operations: Sequence[BodyOperation]) -> Edit:
    """One function that applies `operations` in order."""
    edits = [_compile(operation) for operation in operations]

    def apply(document: Any) -> Any:
        for edit in edits:
            document = edit(document)
        return document

    return apply


def _compile(operation: BodyOperation) -> Edit:
    match operation:
        case Rename(path=path, to=to):
            source = Pointer(path)
            target = Pointer(path)
            target.tokens[-1] = to
            return _mover(source, target)
        case Move(source=source_path, to=to):
            return _mover(Pointer(source_path), Pointer(to))
        case Set(path=path, value=value):
            return _setter(Pointer(path), value)
        case Remove(path=path):
            return _remover(Pointer(path))
        case Replace(path=path, values=values):
            return _replacer(Pointer(path), values)
        case Each(path=path, do=do):
            return _mapper(Pointer(path), compile_operations(do))


def _mover(source: Pointer, target: Pointer) -> Edit:
    def move(document: Any) -> Any:
        if not target.leads_somewhere(document):
            return document  # the value stays where it is rather than get lost
        value = source.take(document)
        return document if value is MISSING else target.set(document, value)

    return move


def _setter(target: Pointer, value: Any) -> Edit:
    fresh = _copier(value)

    def set_value(document: Any) -> Any:
        return target.set(document, fresh())

    return set_value


def _copier(value: Any) -> Callable[[], Any]:
    """Gives `value` anew each time: a later operation may edit it, and not in the next document."""
    if not isinstance(value, (dict, list)):
        return lambda: value
    encoded = msgspec.json.encode(value)
    return lambda: msgspec.json.decode(encoded)


def _remover(target: Pointer) -> Edit:
    def remove(document: Any) -> Any:
        target.take(document)
        return document

    return remove


def _replacer(target: Pointer, values: dict[str, Any]) -> Edit:
    fresh = {old: _copier(new) for old, new in values.items()}

    def replace(document: Any) -> Any:
        value = target.get(document)
        if isinstance(value, str) and value in fresh:
            return target.set(document, fresh[value]())
        return document

    return replace


def _mapper(target: Pointer, edit: Edit) -> Edit:
    def map_elements(document: Any) -> Any:
        elements = target.get(document)
        if isinstance(elements, list):
            elements[:] = [edit(element) for element in elements]
        return document

    return map_elements
