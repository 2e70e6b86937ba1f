"""The schemas of a table: those that have a name, and those that stand where they are used.

The host compiles them all into one program (`compiled_schemas` of the table); where nobody has, as
in a table that was put together in memory, they are compiled when they are first needed.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from routing.changes import change_owner
from routing.table import Table
from schema.program import Program
from schema.settings import SchemaReference, ValidateSettings

Path = tuple[str | int, ...]


class Used(NamedTuple):
    """A schema where a route uses it."""

    name: str
    """What it is called in the program: its own name, or that of the place."""
    reference: SchemaReference
    part: str
    """`body`, `response`, `path`, `query` or `headers`."""
    path: Path
    """From the settings of the validation to it."""


def used(owner: str, settings: ValidateSettings) -> Iterator[Used]:
    """The schemas that `settings` use; those without a name are called after their `owner`."""
    for part in ("path", "query", "headers"):
        for name, schema in getattr(settings, part).items():
            yield Used(_named(schema, f"{owner}.{part}.{name}"), schema, part, (part, name))
    if settings.body is not None:
        yield Used(_named(settings.body, f"{owner}.body"), settings.body, "body", ("body",))
    if settings.response is not None:
        schema = settings.response.schema
        named = _named(schema, f"{owner}.response")
        yield Used(named, schema, "response", ("response", "schema"))


def validations(table: Table) -> Iterator[tuple[str, ValidateSettings, Path]]:
    """Everything that says `validate`: its owner, its settings, and where in the table it is."""
    for position, route in enumerate(table.routes):
        if route.validate is not None:
            yield route.name, route.validate, ("routes", position, "validate")
    for position, change in enumerate(table.changes):
        for name, settings in change.validate.items():
            at: Path = ("changes", position, "validate", name)
            yield change_owner(change.name, name), settings, at


def documents(table: Table) -> dict[str, tuple[Any, Path]]:
    """Every schema of the table by its name in the program, and where it is written."""
    found: dict[str, tuple[Any, Path]] = {
        name: (schema, ("schemas", name)) for name, schema in table.schemas.items()
    }
    for owner, settings, at in validations(table):
        for one in used(owner, settings):
            if not isinstance(one.reference, str):
                found[one.name] = one.reference, (*at, *one.path)
    return found


def program_of(table: Table) -> Program:
    """The table's schemas, compiled. Raises `schema.compile.Refused`."""
    if table.compiled_schemas is not None:
        return msgspec.convert(table.compiled_schemas, Program)
    # Only tables that the host has not compiled need it.
    from schema.compile import compile_schemas  # noqa: PLC0415

    return compile_schemas({name: schema for name, (schema, _) in documents(table).items()})


def with_compiled_schemas(table: Table) -> Table:
    """The table as the edge gets it. Raises `schema.compile.Refused`."""
    if not any(True for _ in validations(table)):
        return table
    # Exactly what the edge will decode.
    plain = msgspec.json.decode(msgspec.json.encode(program_of(table)))
    return replace(table, compiled_schemas=plain)


def _named(reference: SchemaReference, otherwise: str) -> str:
    return reference if isinstance(reference, str) else otherwise
