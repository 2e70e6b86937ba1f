"""What is wrong with the settings of a transform, beyond what their types say."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import UNSET

from transforms import fields, operations
from transforms.fields import (
    AppendField,
    HeaderOperation,
    QueryOperation,
    RemoveField,
    RenameField,
    RenameParameter,
    is_owned,
    is_protected,
)
from transforms.operations import (
    Add,
    BodyOperation,
    Copy,
    Default,
    Each,
    Move,
    Rename,
    Set,
)
from transforms.percent import encode_for_field
from transforms.pointer import Pointer
from transforms.settings import RequestTransform, ResponseTransform, TransformSettings
from transforms.target import Target
from transforms.templates import Placeholder, Template, TemplateError

Path = tuple[str | int, ...]
Objection = tuple[Path, str]
"""The path inside the settings, and a sentence."""

MAX_TOKENS: Final = 32
"""Of a pointer. Operations make the objects on the way, and documents nest a dozen levels."""

_NO_BODY: Final = frozenset({204, 205, 206})
_NEEDS_A_FIELD: Final = {
    401: "WWW-Authenticate",
    405: "Allow",
    407: "Proxy-Authenticate",
    416: "Content-Range",
    426: "Upgrade",
}
"""Status codes that mean nothing without a field, which only who refuses can know."""


def objections(settings: TransformSettings) -> Iterator[Objection]:
    """All that is wrong with `settings`, in the order in which it stands there."""
    yield from _check_target(settings.request, ("request",))
    yield from _check_query(settings.request.query, ("request", "query"))
    yield from header_objections(settings.request.headers, ("request", "headers"))
    yield from _check_body(settings.request.json, ("request", "json"))
    for name, side in (("response", settings.response), ("errors", settings.errors)):
        yield from _check_status(side, (name, "status"))
        yield from header_objections(side.headers, (name, "headers"))
        yield from _check_body(side.json, (name, "json"))


def reads_bodies(settings: TransformSettings) -> bool:
    """Whether a route with this transform has to limit its bodies. The templates have to parse."""
    return any(placeholder.source == "body" for _, placeholder in placeholders(settings)) or any(
        side.json for side in (settings.request, settings.response, settings.errors)
    )


def placeholders(settings: TransformSettings) -> Iterator[tuple[Path, Placeholder]]:
    """Everything that the templates read, with the path to the part of the settings it is in.

    The templates have to parse: ask `objections` first.
    """
    if settings.request.path is not None:
        for placeholder in Template(settings.request.path).placeholders:
            yield ("request", "path"), placeholder
    sides = (
        ("request", settings.request),
        ("response", settings.response),
        ("errors", settings.errors),
    )
    for name, side in sides:
        query = side.query if isinstance(side, RequestTransform) else ()
        found = (
            ("query", fields.templates_of(query)),
            ("headers", fields.templates_of(side.headers)),
            ("json", operations.templates_of(side.json)),
        )
        for part, templates in found:
            for template in templates:
                yield from (((name, part), known) for known in template.placeholders)


def _check_target(request: RequestTransform, at: Path) -> Iterator[Objection]:
    if request.path is None:
        return
    try:
        target = Target(request.path)
    except TemplateError as error:
        yield (*at, "path"), str(error)
    else:
        for message in target.objections():
            yield (*at, "path"), message


def _check_query(query: Sequence[QueryOperation], at: Path) -> Iterator[Objection]:
    for position, operation in enumerate(query):
        here = (*at, position)
        if isinstance(operation, fields.Valued):
            yield from _check_value(operation.value is not None, operation.template, here)
        elif isinstance(operation, RenameParameter) and operation.name == operation.to:
            yield (*here, "to"), "the new name is the old one"


def header_objections(headers: Sequence[HeaderOperation], at: Path) -> Iterator[Objection]:
    """All that is wrong with operations on header fields; `at` is the path to them."""
    for position, operation in enumerate(headers):
        here = (*at, position)
        yield from _check_name(operation, operation.name, (*here, "name"))
        if isinstance(operation, RenameField):
            if operation.name.lower() == operation.to.lower():
                yield (*here, "to"), "the new name is the old one"
            yield from _check_name(operation, operation.to, (*here, "to"))
        elif isinstance(operation, fields.Valued):
            yield from _check_value(operation.value is not None, operation.template, here)
            value = operation.value or ""
            if encode_for_field(value) != value:
                yield (
                    (*here, "value"),
                    "expected printable ASCII characters without a space at either end",
                )
            if isinstance(operation, AppendField) and operation.name.lower() == "content-type":
                yield (*here, "name"), "there is one Content-Type; use `set` or `add`"


def _check_name(operation: HeaderOperation, name: str, at: Path) -> Iterator[Objection]:
    if is_owned(name):
        yield at, f"`{name}` belongs to HTTP or the gateway and cannot be changed by a table"
    elif is_protected(name) and not isinstance(operation, RemoveField):
        yield at, f"`{name}` carries credentials: a table can `remove` it and nothing else"


def _check_value(has_value: bool, template: str | None, at: Path) -> Iterator[Objection]:
    if has_value == (template is not None):
        yield at, "expected exactly one of `value` and `template`"
    if template is not None:
        try:
            Template(template)
        except TemplateError as error:
            yield (*at, "template"), str(error)


def _check_body(body: Sequence[BodyOperation], at: Path) -> Iterator[Objection]:
    for position, operation in enumerate(body):
        here = (*at, position)
        if isinstance(operation, Move | Copy):
            yield from _check_way(operation, here)
        else:
            yield from _check_pointer(operation.path, (*here, "path"))
        if isinstance(operation, operations.Valued):
            yield from _check_value(operation.value is not UNSET, operation.template, here)
        if isinstance(operation, Add | Set | Default):
            yield from _check_end(operation.path, (*here, "path"))
        if isinstance(operation, Rename) and Pointer(operation.path).tokens[-1] == operation.to:
            yield (*here, "to"), "the new name is the old one"
        if isinstance(operation, Each):
            yield from _check_body(operation.do, (*here, "do"))


def _check_way(operation: Move | Copy, at: Path) -> Iterator[Objection]:
    yield from _check_pointer(operation.source, (*at, "from"))
    yield from _check_pointer(operation.to, (*at, "to"))
    yield from _check_end(operation.to, (*at, "to"))
    if operation.source == operation.to:
        yield (*at, "to"), "the value is there already"


def _check_pointer(pointer: str, at: Path) -> Iterator[Objection]:
    if len(Pointer(pointer).tokens) > MAX_TOKENS:
        yield at, f"expected a pointer of at most {MAX_TOKENS} names"


def _check_end(pointer: str, at: Path) -> Iterator[Objection]:
    if pointer.endswith("/-"):
        yield at, "`-` is the place behind the last element, which is never there; use `append`"


def _check_status(side: ResponseTransform, at: Path) -> Iterator[Objection]:
    first = "2" if at[0] == "response" else "4 or 5"
    for old, new in side.status.items():
        here = (*at, old)
        for code in (int(old), new):
            if str(code // 100) not in first:
                yield here, f"expected status codes that begin with {first}, found {code}"
            elif code in _NO_BODY:
                yield here, f"{code} says what the body is, which a table does not change"
        if new in _NEEDS_A_FIELD:
            yield here, f"{new} has to come with {_NEEDS_A_FIELD[new]}, which a table cannot know"
        if int(old) == new:
            yield here, "the new status code is the old one"
