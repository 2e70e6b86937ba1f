"""Checks of `schemas` and of every `validate`: keywords, references, names, parameters."""

from collections.abc import Iterator
from typing import Any, Final

from routing.check.finding import Finding, Path, known
from routing.match import RouteMatch
from routing.regexes import objections
from routing.schemas import documents, used, validations
from routing.table import RouteSettings, Table
from schema.compile import Refused, compile_schemas, unchecked_formats
from schema.formats import FORMATS
from schema.program import Program
from schema.settings import ValidateSettings
from schema.texts import reading

_WAYS: Final = ("path", "path_prefix", "path_regex")


def check_schemas(table: Table) -> Iterator[Finding]:
    """What is wrong with schemas, and with what routes and changes want to check by them."""
    if table.compiled_schemas is not None:
        yield Finding(("compiled_schemas",), "this is written by the gateway, not by a file")
        return
    names = list(_check_names(table))
    if names:
        yield from names
        return
    found = documents(table)
    try:
        program = compile_schemas({name: schema for name, (schema, _) in found.items()})
    except Refused as refused:
        for document, steps, message in refused.objections:
            schema, at = found[document]
            yield Finding((*at, *_steps(schema, steps)), message)
        return
    for owner, settings, at in validations(table):
        yield from _check_settings(owner, settings, at)
        yield from _check_uses(program, owner, settings, at)
    yield from _check_routes(table)


def _check_names(table: Table) -> Iterator[Finding]:
    for owner, settings, at in validations(table):
        for one in used(owner, settings):
            if isinstance(one.reference, str):
                yield from known(one.reference, table.schemas, "schema", (*at, *one.path))


def _steps(schema: Any, steps: tuple[str | int, ...]) -> Path:
    """The same steps with places in lists as numbers."""
    path: list[str | int] = []
    for step in steps:
        if isinstance(schema, list):
            place = int(step)
            path.append(place)
            schema = schema[place] if place < len(schema) else None
        else:
            path.append(step)
            schema = schema.get(step) if isinstance(schema, dict) else None
    return tuple(path)


def _check_settings(owner: str, settings: ValidateSettings, at: Path) -> Iterator[Finding]:
    for part in ("query", "headers"):
        declared = getattr(settings, part)
        names = {_folded(name, part) for name in declared}
        if len(names) < len(declared):
            yield Finding((*at, part), "a field is named twice, in other letters")
        for position, name in enumerate(getattr(settings.required, part)):
            if _folded(name, part) not in names:
                message = f"`{name}` has no schema in `{part}`; say `{name}: true` for any value"
                yield Finding((*at, "required", part, position), message)


def _folded(name: str, part: str) -> str:
    return name.lower() if part == "headers" else name


def _check_uses(
    program: Program, owner: str, settings: ValidateSettings, at: Path
) -> Iterator[Finding]:
    for one in used(owner, settings):
        here: Path = (*at, *one.path)
        if one.part in ("path", "query", "headers"):
            types = reading(program, program.roots[one.name]).types
            if "object" in types:
                yield Finding(here, "a parameter is a text: expected no schema with `type: object`")
            if "array" in types and one.part == "path":
                yield Finding(here, "a parameter of the path is one text: expected no array")
        if settings.formats:
            for name in unchecked_formats(program, one.name):
                listed = ", ".join(FORMATS)
                yield Finding(here, f"the format `{name}` is not checked (known: {listed})")


def _check_routes(table: Table) -> Iterator[Finding]:
    """Parameters that exist, and bodies that have a limit."""
    for position, route in enumerate(table.routes):
        if route.validate is not None and route.validate.path:
            yield from _check_path(route, route.validate, ("routes", position, "validate", "path"))
    by_name = {route.name: position for position, route in enumerate(table.routes)}
    unlimited: set[int] = set()
    for number, change in enumerate(table.changes):
        for name, settings in change.validate.items():
            at: Path = ("changes", number, "validate", name)
            if name not in by_name:
                yield from known(name, by_name, "route", at)
            elif _reads_bodies(settings):
                unlimited.add(by_name[name])
    for position, route in enumerate(table.routes):
        reads = position in unlimited or (route.validate and _reads_bodies(route.validate))
        if reads and route.max_body == "unlimited":
            message = "a route that validates bodies has to limit them"
            yield Finding(("routes", position, "max_body"), message)


def _check_path(route: RouteSettings, settings: ValidateSettings, at: Path) -> Iterator[Finding]:
    if sum(getattr(route, way) is not None for way in _WAYS) != 1:
        return  # which is told of the route
    if route.path_regex is not None and objections(route.path_regex, path=True):
        return
    for name in settings.path:
        yield from known(name, RouteMatch.of(route).pattern.parameters, "parameter", (*at, name))


def _reads_bodies(settings: ValidateSettings) -> bool:
    return settings.body is not None or settings.response is not None
