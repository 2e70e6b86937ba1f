"""`gateway schema`: the JSON Schema of a table's file, for completion and hints in an editor.

msgspec derives it from the table's types; what only files have (`cli.expand`) is put on top, and
the docstrings of the types' members become descriptions.
"""

import argparse
import ast
import inspect as source_of
import json
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, Final

import msgspec
from msgspec import inspect

from cli.environments import MAX_ENVIRONMENTS
from cli.environments import MEMBERS as LAID_OVER
from cli.expand import MAX_USED, DefaultMembers, PolicyMembers
from cli.include import MAX_FILES, MEMBERS
from routing.ends import ENDS
from routing.table import RouteSettings, Table
from routing.texts import Name

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NAME: Final = msgspec.json.schema(Name)
_OVERLAY: Final = "Overlay"
_PATHS: Final = ("path", "path_prefix", "path_regex")
Schema = dict[str, Any]


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "schema",
        help="print the JSON Schema of a route table",
        description="Prints the file routes.schema.json, by which editors complete and check a "
        "table while it is written.",
    )
    parser.add_argument(
        "--included", action="store_true", help="the schema of a file that a table includes"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    json.dump(schema(included=arguments.included), sys.stdout, indent=2)
    print()
    return 0


def schema(*, included: bool = False) -> Schema:
    """The schema of a table's main file, or of one that it includes."""
    kinds = (Table, DefaultMembers, PolicyMembers)
    _, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for struct in _structs(Table):
        _describe(components[struct.__name__], struct)
    for name in (DefaultMembers.__name__, PolicyMembers.__name__):
        _describe(components[name], RouteSettings)
        components[name].pop("description", None)
        _without_nothing(components[name])
    table = components.pop("Table")
    for member in ("compiled_schemas", "compiled_zones"):  # which only the gateway writes
        table["properties"].pop(member)
    _patch_route(components["RouteSettings"])
    components["CompleteRoute"] = _complete_route()
    filled = {name: _least(member) for name, member in table["properties"].items()}
    members: Schema = {**table["properties"], **_file_members()}
    root: Schema = {
        "$schema": _DIALECT,
        "title": "A part of a route table" if included else "A route table",
        "description": "A file that routes.yaml includes." if included else table["description"],
        "type": "object",
        "properties": {name: members[name] for name in MEMBERS} if included else members,
        "additionalProperties": False,
    }
    if not included:
        root |= _required(table["required"], filled)
        components["Environment"] = _environment(members, components)
    return root | {"$defs": _reachable(root, components)}


def _reachable(root: Schema, components: Mapping[str, Schema]) -> Schema:
    """The components that the schema uses, by name."""
    found: Schema = {}
    waiting: list[Any] = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).rpartition("/")[2]
            if name in components and name not in found:
                found[name] = components[name]
                waiting.append(components[name])
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return dict(sorted(found.items()))


def _least(member: Schema) -> Schema:
    """Take out of a member that something has to be in it, and return that."""
    return {name: member.pop(name) for name in ("minItems", "minProperties") if name in member}


def _required(names: Iterable[str], filled: Mapping[str, Schema]) -> Schema:
    """Included files may bring what the table has to have, but not its versions."""
    alone = {
        "required": sorted(names),
        "properties": {name: least for name, least in filled.items() if least},
    }
    routes = {"items": {"$ref": "#/$defs/CompleteRoute"}}
    return {
        "required": ["versions"],
        "allOf": [
            {"if": {"not": {"required": ["include"]}}, "then": alone},
            {
                "if": {"not": {"required": ["defaults"]}},
                "then": {"properties": {"routes": routes}},
            },
        ],
    }


def _file_members() -> Schema:
    return {
        "include": {
            "type": "array",
            "description": "Files that are part of the table, relative to this one: paths and "
            "patterns such as teams/*.yaml.",
            "items": {"type": "string", "minLength": 1},
            "maxItems": MAX_FILES,
        },
        "defaults": {
            "$ref": "#/$defs/Defaults",
            "description": "Members of all routes that do not say them themselves.",
        },
        "policies": {
            "type": "object",
            "description": "Members of routes under a name; a route uses them with `use`.",
            "propertyNames": _NAME,
            "additionalProperties": {"$ref": "#/$defs/Policy"},
        },
        "environments": {
            "type": "object",
            "description": "What is different in an environment; chosen with --env.",
            "propertyNames": _NAME,
            "additionalProperties": {"$ref": "#/$defs/Environment"},
            "maxProperties": MAX_ENVIRONMENTS,
        },
    }


def _environment(members: Schema, components: dict[str, Schema]) -> Schema:
    """What may be laid over a table; adds the parts of that to the `components`."""
    for name, component in list(components.items()):
        if name not in ("Policy", "CompleteRoute"):
            components[f"{name}{_OVERLAY}"] = _partial(component)
    routes = {
        "type": "object",
        "description": "Members of routes, by the route's name.",
        "additionalProperties": _or_null(_partial({"$ref": "#/$defs/RouteSettings"})),
    }
    properties = {name: _partial(members[name]) for name in LAID_OVER if name != "routes"}
    return {
        "type": "object",
        "description": "Values laid over the table: mappings member by member, null takes away.",
        "properties": properties | {"routes": routes},
        "additionalProperties": False,
    }


def _partial(kind: Schema) -> Schema:
    """A schema with nothing required and null allowed, as far as mappings reach."""
    if "$ref" in kind:
        return kind | {"$ref": f"{kind['$ref']}{_OVERLAY}"}
    left_out = ("required", "if", "then", "oneOf", "minProperties", "default")
    partial = {name: value for name, value in kind.items() if name not in left_out}
    for name, member in kind.get("properties", {}).items():
        partial["properties"] = partial["properties"] | {name: _or_null(_partial(member))}
    if isinstance(members := kind.get("additionalProperties"), dict):
        partial["additionalProperties"] = _or_null(_partial(members))
    if "anyOf" in kind:
        partial["anyOf"] = [_partial(choice) for choice in kind["anyOf"]]
    return partial


def _or_null(kind: Schema) -> Schema:
    outside = {name: kind[name] for name in ("description",) if name in kind}
    inside = {name: value for name, value in kind.items() if name not in outside}
    return {"anyOf": [inside, {"type": "null"}]} | outside


def _patch_route(route: Schema) -> None:
    """A route of a file: it may use policies, which may say what the table's type requires."""
    route["properties"]["use"] = {
        "type": "array",
        "description": "Policies whose members it gets; later ones win over earlier ones, and "
        "its own members over all.",
        "items": _NAME,
        "maxItems": MAX_USED,
    }
    route["required"] = ["name"]
    uses = {"required": ["use"]}
    route["if"], route["then"] = {"not": uses}, {"required": ["methods"]}
    route["oneOf"] = [{"required": [name]} for name in _PATHS]


def _complete_route() -> Schema:
    """Where there are no defaults and no policies, everything is said by the route."""
    return {
        "if": {"not": {"required": ["use"]}},
        "then": {
            "required": ["access"],
            "oneOf": [{"required": [end]} for end in ENDS],
        },
    }


def _without_nothing(members: Schema) -> None:
    """Defaults and policies need not say anything; null is not what they say then."""
    for member in members["properties"].values():
        if member.get("default", ...) is None:
            del member["default"]


def _structs(kind: Any) -> list[Any]:
    """The Structs that `kind` is made of."""
    found: dict[Any, None] = {}
    seen: set[int] = set()
    waiting: list[Any] = [inspect.type_info(kind)]
    while waiting:
        shape = waiting.pop()
        if id(shape) in seen:
            continue
        seen.add(id(shape))
        if isinstance(shape, inspect.StructType):
            found[shape.cls] = None
            waiting += [field.type for field in shape.fields]
        for name in ("type", "item_type", "value_type", "key_type"):
            inner = getattr(shape, name, None)
            if isinstance(inner, inspect.Type):
                waiting.append(inner)
        waiting += [*getattr(shape, "types", ()), *getattr(shape, "item_types", ())]
    return list(found)


def _describe(component: Schema, struct: type[Any]) -> None:
    """Put the docstrings of the members of `struct` into its schema."""
    texts = _member_docstrings(struct.__module__, struct.__name__)
    for field in msgspec.structs.fields(struct):
        member = component["properties"].get(field.encode_name)
        if member is None or field.name not in texts:
            continue
        type_says = member.get("description") or _said(member)
        text = texts[field.name]
        member["description"] = f"{text} {type_says}" if type_says else text


def _said(member: Schema) -> str:
    """What the type of an optional member says about itself."""
    found = [text for kind in member.get("anyOf", ()) if (text := kind.get("description"))]
    return str(found[0]) if len(found) == 1 else ""


@cache
def _member_docstrings(module: str, name: str) -> Mapping[str, str]:
    """The strings below the members of a class, which are gone at run time, from its source."""
    tree = ast.parse(source_of.getsource(sys.modules[module]))
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    body = classes[name].body if name in classes else []
    texts = {}
    for member, following in pairwise(body):
        match member, following:
            case (
                ast.AnnAssign(target=ast.Name(id=member_name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                texts[member_name] = " ".join(text.split())
    return texts
