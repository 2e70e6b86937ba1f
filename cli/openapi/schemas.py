"""The table's schemas in OpenAPI 3.1, whose schemas are those of JSON Schema 2020-12.

Only references are put in other words: `title` is `#/components/schemas/title` there. A schema that
refers to parts of itself becomes a component as well, since `#/…` means the whole document there.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from routing.changes import VersionedRoute
from routing.schemas import Used, documents, used
from routing.table import Table
from schema.keywords import MANY, NAMED, ONE

_COMPONENTS: Final = "#/components/schemas/"


def component_schemas(table: Table) -> dict[str, Any]:
    """The schemas that operations refer to, by the names of their components."""
    return {
        component_name(name): _rewritten(schema, name)
        for name, (schema, _) in documents(table).items()
        if name in table.schemas or _refers_to_itself(schema)
    }


def schema_of(one: Used) -> Any:
    """The schema where an operation has it."""
    if isinstance(one.reference, str) or _refers_to_itself(one.reference):
        return {"$ref": _COMPONENTS + component_name(one.name)}
    return _rewritten(one.reference, one.name)


def checked(route: VersionedRoute) -> Mapping[str, Used]:
    """The schemas of a route in the words of its version: `body`, or part and name."""
    validation = route.validation
    if validation is None or validation.behind:
        return {}
    found = used(validation.owner, validation.settings)
    return {
        ".".join(map(str, one.path[: 2 if one.part in _PARAMETERS else 1])): one for one in found
    }


_PARAMETERS: Final = ("path", "query", "headers")


def component_name(name: str) -> str:
    """The name in OpenAPI, which has no colon."""
    return name.replace(":", ".")


def _refers_to_itself(schema: Any) -> bool:
    return any(
        isinstance(inner, dict) and str(inner.get("$ref", "")).startswith("#")
        for inner in _schemas(schema)
    )


def _schemas(schema: Any) -> Iterator[Any]:
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, dict):
            for keyword, value in one.items():
                waiting += _inside(keyword, value)


def _inside(keyword: str, value: Any) -> list[Any]:
    if keyword in ONE:
        return [value]
    if keyword in MANY:
        return list(value)
    return list(value.values()) if keyword in NAMED else []


def _rewritten(schema: Any, document: str) -> Any:
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "$ref":
            found[keyword] = _reference(value, document)
        elif keyword in ONE:
            found[keyword] = _rewritten(value, document)
        elif keyword in MANY:
            found[keyword] = [_rewritten(item, document) for item in value]
        elif keyword in NAMED:
            found[keyword] = {name: _rewritten(one, document) for name, one in value.items()}
        else:
            found[keyword] = value
    return found


def _reference(reference: str, document: str) -> str:
    """Names and pointers; names of anchors and absolute URIs stay, as JSON Schema has them."""
    name, _, fragment = reference.partition("#")
    if ":" in name or (fragment and not fragment.startswith("/")):
        return reference
    return f"{_COMPONENTS}{component_name(name.removeprefix('./') or document)}{fragment}"
