"""Operations on header fields and query parameters: their settings, and what they compile to.

The words mean what they mean for JSON bodies (`transforms.operations`). Names of fields are
compared without regard to case, names of parameters with it. A field or parameter that no operation
names is passed on byte for byte.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.names import INTERNAL_PREFIX, REQUEST_ID, TRACEPARENT, TRACESTATE
from messages import HOP_BY_HOP, Headers
from transforms.operations import TemplateText
from transforms.percent import decode_parameter, encode, encode_for_field
from transforms.templates import MAX_VALUE, PROTECTED_FIELDS, Scope, Template

OWNED: Final = HOP_BY_HOP | {
    "content-encoding",
    "content-length",
    "content-range",
    "forwarded",
    "host",
    REQUEST_ID,
    TRACEPARENT,
    TRACESTATE,
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
}
"""Fields that the gateway and HTTP itself answer for; no table can touch them."""

FieldName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$",
        description="The name of a header field such as X-Tenant.",
    ),
]
ParameterName = Annotated[str, Meta(min_length=1, max_length=200)]
FieldText = Annotated[str, Meta(max_length=4096)]

HeaderEdit = Callable[[Headers, Scope], None]
"""Changes header fields in place."""
QueryEdit = Callable[[str, Scope], str]
"""Takes a raw query, without the question mark, and returns the one that is to go on."""
_Make = Callable[[Scope], str | None]


class _Operation(Struct, frozen=True, forbid_unknown_fields=True, tag_field="op"):
    pass


class AddField(_Operation, frozen=True, kw_only=True, tag="add"):
    """Add the field where there is none of this name."""

    name: FieldName
    value: FieldText | None = None
    template: TemplateText | None = None


class SetField(_Operation, frozen=True, kw_only=True, tag="set"):
    """Make this the only field of its name."""

    name: FieldName
    value: FieldText | None = None
    template: TemplateText | None = None


class ReplaceField(_Operation, frozen=True, kw_only=True, tag="replace"):
    """Make this the only field of its name, where there is one."""

    name: FieldName
    value: FieldText | None = None
    template: TemplateText | None = None


class AppendField(_Operation, frozen=True, kw_only=True, tag="append"):
    """Add a further field of this name."""

    name: FieldName
    value: FieldText | None = None
    template: TemplateText | None = None


class RemoveField(_Operation, frozen=True, kw_only=True, tag="remove"):
    """Drop every field of this name."""

    name: FieldName


class RenameField(_Operation, frozen=True, kw_only=True, tag="rename"):
    """Give every field called `name` the name `to`; fields that had it are dropped."""

    name: FieldName
    to: FieldName


class AddParameter(_Operation, frozen=True, kw_only=True, tag="add"):
    """Add the parameter where there is none of this name."""

    name: ParameterName
    value: FieldText | None = None
    template: TemplateText | None = None


class SetParameter(_Operation, frozen=True, kw_only=True, tag="set"):
    """Make this the only parameter of its name, in the place of the first."""

    name: ParameterName
    value: FieldText | None = None
    template: TemplateText | None = None


class ReplaceParameter(_Operation, frozen=True, kw_only=True, tag="replace"):
    """Make this the only parameter of its name, where there is one."""

    name: ParameterName
    value: FieldText | None = None
    template: TemplateText | None = None


class AppendParameter(_Operation, frozen=True, kw_only=True, tag="append"):
    """Add a further parameter of this name."""

    name: ParameterName
    value: FieldText | None = None
    template: TemplateText | None = None


class RemoveParameter(_Operation, frozen=True, kw_only=True, tag="remove"):
    """Drop every parameter of this name."""

    name: ParameterName


class RenameParameter(_Operation, frozen=True, kw_only=True, tag="rename"):
    """Give every parameter called `name` the name `to`; parameters that had it are dropped."""

    name: ParameterName
    to: ParameterName


ValuedField = AddField | SetField | ReplaceField | AppendField
ValuedParameter = AddParameter | SetParameter | ReplaceParameter | AppendParameter
Valued = ValuedField | ValuedParameter
HeaderOperation = ValuedField | RemoveField | RenameField
QueryOperation = ValuedParameter | RemoveParameter | RenameParameter


def is_owned(name: str) -> bool:
    """Whether the header field `name` is one that no table can touch."""
    return name.lower() in OWNED or name.lower().startswith(INTERNAL_PREFIX)


def is_protected(name: str) -> bool:
    """Whether `name` carries credentials: a table can remove it and nothing else."""
    return name.lower() in PROTECTED_FIELDS


def templates_of(operations: Sequence[HeaderOperation | QueryOperation]) -> list[Template]:
    """The templates in `operations`."""
    return [
        Template(operation.template)
        for operation in operations
        if isinstance(operation, Valued) and operation.template is not None
    ]


def compile_headers(operations: Sequence[HeaderOperation]) -> HeaderEdit:
    """One function that applies `operations` in order. Raises `TemplateError`."""
    edits = [_compile_header(operation) for operation in operations]

    def apply(headers: Headers, scope: Scope) -> None:
        for edit in edits:
            edit(headers, scope)

    return apply


def _compile_header(operation: HeaderOperation) -> HeaderEdit:
    name = operation.name.lower()
    if isinstance(operation, RemoveField):
        return lambda headers, _: headers.remove(name)
    if isinstance(operation, RenameField):
        return _renamer(name, operation.to.lower())
    make = _maker(operation, encode_for_field)
    appends = isinstance(operation, AppendField)
    absent = not isinstance(operation, ReplaceField)  # whether it is for headers without the field
    present = not isinstance(operation, AddField)

    def put(headers: Headers, scope: Scope) -> None:
        if present if name in headers else absent:
            value = make(scope)
            if value is not None:
                (headers.add if appends else headers.set)(name, value)

    return put


def _renamer(name: str, to: str) -> HeaderEdit:
    def rename(headers: Headers, _scope: Scope) -> None:
        values = headers.get_all(name)
        if values:
            headers.remove(name, to)
            for value in values:
                headers.add(to, value)

    return rename


def _maker(operation: Valued, encoded: Callable[[str], str]) -> _Make:
    """Makes the value; `None` where a placeholder has none, or the value is too long."""
    if operation.template is None:
        value = encoded(operation.value or "")
        return lambda _: value
    template = Template(operation.template)

    def make(scope: Scope) -> str | None:
        text = template.text(scope)
        return None if text is None or len(text) > MAX_VALUE else encoded(text)

    return make


def compile_query(operations: Sequence[QueryOperation]) -> QueryEdit:
    """One function that applies `operations` in order. Raises `TemplateError`."""
    edits = [_compile_parameter(operation) for operation in operations]

    def apply(query: str, scope: Scope) -> str:
        pieces = query.split("&") if query else []
        for edit in edits:
            pieces = edit(pieces, scope)
        return "&".join(pieces)

    return apply


def _compile_parameter(
    operation: QueryOperation,
) -> Callable[[list[str], Scope], list[str]]:
    name = operation.name
    if isinstance(operation, RemoveParameter):
        return lambda pieces, _: [piece for piece in pieces if _name(piece) != name]
    if isinstance(operation, RenameParameter):
        return _parameter_renamer(name, operation.to)
    make = _maker(operation, encode)
    appends = isinstance(operation, AppendParameter)
    absent = not isinstance(operation, ReplaceParameter)
    present = not isinstance(operation, AddParameter)
    start = encode(name) + "="

    def put(pieces: list[str], scope: Scope) -> list[str]:
        places = [place for place, piece in enumerate(pieces) if _name(piece) == name]
        if not (present if places else absent):
            return pieces
        value = make(scope)
        if value is None:
            return pieces
        if appends or not places:
            return [*pieces, start + value]
        others = set(places[1:])
        kept = [piece for place, piece in enumerate(pieces) if place not in others]
        kept[places[0]] = start + value
        return kept

    return put


def _parameter_renamer(name: str, to: str) -> Callable[[list[str], Scope], list[str]]:
    start = encode(to)

    def rename(pieces: list[str], _scope: Scope) -> list[str]:
        names = [_name(piece) for piece in pieces]
        if name not in names:
            return pieces
        return [
            start + "".join(piece.partition("=")[1:]) if known == name else piece
            for known, piece in zip(names, pieces, strict=True)
            if known != to or known == name
        ]

    return rename


def _name(piece: str) -> str | None:
    return decode_parameter(piece.partition("=")[0])
