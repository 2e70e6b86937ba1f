"""Operations on a JSON body: their settings, and the functions that they compile to.

An operation whose place does not exist does nothing: a response that lacks an optional member is
still a good response. Operations never fail on well-formed settings. What a word means is the same
as for header fields (`transforms.fields`): add, set, remove, rename, replace, append.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, field

from transforms.cast import CASTS
from transforms.pointer import MISSING, Pointer
from transforms.templates import Scope, Template, fresh

JsonPointer = Annotated[
    str,
    Meta(
        pattern=r"^(/([^~/]|~[01])*)+$",
        max_length=1024,
        description="A JSON Pointer (RFC 6901) such as /owner/name.",
    ),
]
DocumentPointer = Annotated[
    str,
    Meta(
        pattern=r"^(/([^~/]|~[01])*)*$",
        max_length=1024,
        description="A JSON Pointer (RFC 6901) such as /owner/name, or an empty text for the whole "
        "document.",
    ),
]
MemberName = Annotated[str, Meta(min_length=1, max_length=1024)]
TemplateText = Annotated[
    str,
    Meta(
        max_length=4096,
        description="A text with placeholders such as ${path.id}, ${query.page}, "
        "${header.x-tenant}, ${claim.sub} and ${body./owner/id}.",
    ),
]

Edit = Callable[[Any, Scope], Any]
"""Takes a document, which it may change in place, and returns the document that is to go on."""

_Make = Callable[[Scope], Any]
"""Makes the value that an operation puts in; `MISSING` where a placeholder has none."""


class _Operation(Struct, frozen=True, forbid_unknown_fields=True, tag_field="op", tag=str.lower):
    pass


class Add(_Operation, frozen=True, kw_only=True):
    """Put `value`, or what `template` comes to, at `path` where nothing is."""

    path: JsonPointer
    value: Any = UNSET
    template: TemplateText | None = None


class Set(_Operation, frozen=True, kw_only=True):
    """Put `value`, or what `template` comes to, at `path`, whatever was there."""

    path: DocumentPointer
    value: Any = UNSET
    template: TemplateText | None = None


class Replace(_Operation, frozen=True, kw_only=True):
    """Put `value`, or what `template` comes to, at `path` where something is, be it null."""

    path: JsonPointer
    value: Any = UNSET
    template: TemplateText | None = None


class Default(_Operation, frozen=True, kw_only=True):
    """Put `value`, or what `template` comes to, at `path` where nothing or null is."""

    path: JsonPointer
    value: Any = UNSET
    template: TemplateText | None = None


class Append(_Operation, frozen=True, kw_only=True):
    """Put `value`, or what `template` comes to, behind the last element of the array at `path`.

    Where nothing is, an array is made.
    """

    path: DocumentPointer
    value: Any = UNSET
    template: TemplateText | None = None


class Remove(_Operation, frozen=True, kw_only=True):
    """Drop the value at `path`."""

    path: JsonPointer


class Rename(_Operation, frozen=True, kw_only=True):
    """Give the member at `path` another name, `to`, in the same object."""

    path: JsonPointer
    to: MemberName


class Move(_Operation, frozen=True, kw_only=True):
    """Take the value at `from` away and put it at `to`."""

    source: JsonPointer = field(name="from")
    to: JsonPointer


class Copy(_Operation, frozen=True, kw_only=True):
    """Put a copy of the value at `from` at `to`."""

    source: JsonPointer = field(name="from")
    to: JsonPointer


class Each(_Operation, frozen=True, kw_only=True):
    """Apply `do` to every element of the array, or every value of the object, at `path`."""

    path: DocumentPointer
    do: "Annotated[tuple[BodyOperation, ...], Meta(min_length=1)]"


class Wrap(_Operation, frozen=True, kw_only=True):
    """Make of the value at `path` an object that has it as its only member, `key`."""

    path: DocumentPointer
    key: MemberName


class Unwrap(_Operation, frozen=True, kw_only=True):
    """Put the member `key` of the object at `path` in the object's place."""

    path: DocumentPointer
    key: MemberName


class Cast(_Operation, frozen=True, kw_only=True):
    """Make the value at `path` one of another type, where that can be done without a loss."""

    path: DocumentPointer
    to: Literal["string", "integer", "number", "boolean"]


class Translate(_Operation, frozen=True, kw_only=True):
    """Put another value for each text that `values` names at `path`; others stay."""

    path: DocumentPointer
    values: Annotated[dict[str, Any], Meta(min_length=1)]


Valued = Add | Set | Replace | Default | Append
"""Operations that put a value in: exactly one of `value` and `template` says which."""

BodyOperation = (
    Add
    | Set
    | Replace
    | Default
    | Append
    | Remove
    | Rename
    | Move
    | Copy
    | Each
    | Wrap
    | Unwrap
    | Cast
    | Translate
)


def compile_operations(operations: Sequence[BodyOperation]) -> Edit:
    """One function that applies `operations` in order.

    Raises `TemplateError` for a template that cannot be.
    """
    edits = [_compile(operation) for operation in operations]
    if len(edits) == 1:
        return edits[0]

    def apply(document: Any, scope: Scope) -> Any:
        for edit in edits:
            document = edit(document, scope)
        return document

    return apply


def templates_of(operations: Sequence[BodyOperation]) -> list[Template]:
    """The templates in `operations`, in nested ones as well."""
    templates = []
    for operation in operations:
        if isinstance(operation, Each):
            templates += templates_of(operation.do)
        elif isinstance(operation, Valued) and operation.template is not None:
            templates.append(Template(operation.template))
    return templates


def renamed(path: str, to: str) -> Pointer:
    """The place beside `path` under the name `to`."""
    pointer = Pointer(path)
    pointer.tokens[-1] = to
    return pointer


def _compile(operation: BodyOperation) -> Edit:
    match operation:
        case Remove(path=path):
            return _remover(Pointer(path))
        case Rename(path=path, to=to):
            return _mover(Pointer(path), renamed(path, to))
        case Move(source=source, to=to) | Copy(source=source, to=to):
            way = Pointer(source), Pointer(to)
            return _mover(*way) if isinstance(operation, Move) else _changer(*way, fresh)
        case Each(path=path, do=do):
            return _mapper(Pointer(path), compile_operations(do))
        case Wrap() | Unwrap() | Cast() | Translate():
            place = Pointer(operation.path)
            return _changer(place, place, _change(operation))
        case _:
            return _compile_valued(operation)


def _change(operation: Wrap | Unwrap | Cast | Translate) -> Callable[[Any], Any]:
    """What becomes of the value at the operation's place; `MISSING` where it stays."""
    match operation:
        case Wrap(key=key):
            return lambda value: {key: value}
        case Unwrap(key=key):
            return lambda value: value.get(key, MISSING) if isinstance(value, dict) else MISSING
        case Cast(to=to):
            return CASTS[to]
        case Translate(values=values):
            return lambda value: fresh(
                values.get(value, MISSING) if isinstance(value, str) else MISSING
            )


def _compile_valued(operation: Valued) -> Edit:
    place = Pointer(operation.path)
    make = _maker(operation)
    match operation:
        case Add():
            return _setter(place, make, lambda there: there is MISSING)
        case Set():
            return _setter(place, make, lambda _: True)
        case Replace():
            return _setter(place, make, lambda there: there is not MISSING)
        case Default():
            return _setter(place, make, lambda there: there is MISSING or there is None)
        case Append():
            return _appender(place, make)


def _maker(operation: Valued) -> _Make:
    """Makes the value anew each time: a later operation may edit it, and not in the next document.

    Without value and template, which no checked table has, it is null.
    """
    if operation.template is not None:
        return Template(operation.template).value
    value = None if operation.value is UNSET else operation.value
    if isinstance(value, (dict, list)):
        return lambda _: fresh(value)
    return lambda _: value


def _setter(place: Pointer, make: _Make, wanted: Callable[[Any], bool]) -> Edit:
    def set_value(document: Any, scope: Scope) -> Any:
        if not wanted(place.get(document)):
            return document
        value = make(scope)
        return document if value is MISSING else place.set(document, value)

    return set_value


def _appender(place: Pointer, make: _Make) -> Edit:
    def append(document: Any, scope: Scope) -> Any:
        array = place.get(document)
        if isinstance(array, list):
            value = make(scope)
            array += [] if value is MISSING else [value]
        elif array is MISSING:
            value = make(scope)
            return document if value is MISSING else place.set(document, [value])
        return document

    return append


def _remover(place: Pointer) -> Edit:
    def remove(document: Any, _scope: Scope) -> Any:
        place.take(document)
        return document

    return remove


def _mover(source: Pointer, target: Pointer) -> Edit:
    def move(document: Any, _scope: Scope) -> Any:
        if source.get(document) is MISSING or not target.leads_somewhere(document):
            return document  # the value stays where it is rather than get lost
        value = source.take(document)
        if not target.leads_somewhere(document):  # the place was there only as long as the value
            source.put_back(document, value)
            return document
        return target.set(document, value)

    return move


def _changer(source: Pointer, target: Pointer, change: Callable[[Any], Any]) -> Edit:
    """Puts what `change` makes of the value at `source` at `target`, unless that is `MISSING`."""

    def change_value(document: Any, _scope: Scope) -> Any:
        value = source.get(document)
        if value is MISSING:
            return document
        changed = change(value)
        return document if changed is MISSING else target.set(document, changed)

    return change_value


def _mapper(place: Pointer, edit: Edit) -> Edit:
    def map_values(document: Any, scope: Scope) -> Any:
        values = place.get(document)
        if isinstance(values, list):
            values[:] = [edit(element, scope) for element in values]
        elif isinstance(values, dict):
            for name, value in values.items():
                values[name] = edit(value, scope)
        return document

    return map_values
