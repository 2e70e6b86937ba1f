"""The OpenAPI 3.1 document of a version: paths that clients see, each with its operations."""

from typing import Any, Final

from cli.dry_run.platform import RecordingPlatform
from cli.openapi.components import components, other_schemes
from cli.openapi.operations import operation, tag_of
from cli.openapi.paths import PublicPath, public_paths
from cli.openapi.schemas import component_schemas
from routing.compile import CompiledRoute, CompiledRoutes
from routing.table import Table

OPENAPI: Final = "3.1.0"


def openapi(table: Table, version: str, *, title: str, server: str | None) -> dict[str, Any]:
    """The document. Routes without a version are in it as well: clients need them for tokens."""
    routes = CompiledRoutes(table, RecordingPlatform())
    own = [route for route in routes.all() if route.versioned.version in (None, version)]
    paths, left_out = _paths(table, own)
    settings = table.versions.supported[version]
    document: dict[str, Any] = {
        "openapi": OPENAPI,
        "info": {"title": title, "version": version, "description": _about(table, version)},
    }
    if server is not None:
        document["servers"] = [{"url": server}]
    document["tags"] = [{"name": name} for name in dict.fromkeys(_service(one) for one in own)]
    document["paths"] = paths
    shared = components()
    shared["schemas"] |= component_schemas(table)
    document["components"] = shared
    for route in own:
        schemes = other_schemes(route.versioned.settings.access)
        shared["securitySchemes"].update(schemes)
    if settings.documentation is not None:
        document["externalDocs"] = {"url": settings.documentation}
    if left_out:
        # What OpenAPI has no words for: paths by expression, and one of two routes at one place.
        document["x-gateway-other-routes"] = left_out
    return document


def _paths(
    table: Table, routes: list[CompiledRoute]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The paths, and the routes that find no place among them."""
    paths: dict[str, Any] = {}
    names: dict[tuple[str, ...], PublicPath] = {}
    left_out: list[dict[str, Any]] = []
    for route in routes:
        found = public_paths(table, route.versioned)
        if not found:
            left_out.append(_other(route))
        for number, one in enumerate(found):
            # Two paths that differ in the names of parameters only are the same to OpenAPI.
            path = names.setdefault(one.shape, one)
            item = paths.setdefault(path.text, {})
            for method in route.versioned.settings.methods:
                if method.lower() in item:
                    left_out.append(_other(route))
                    continue
                identity = _identity(route, method, number)
                item[method.lower()] = operation(table, route, path, method, identity)
    return paths, left_out


def _identity(route: CompiledRoute, method: str, number: int) -> str:
    """The route's name; with the method where it has several, numbered where it has two paths."""
    several = len(route.versioned.settings.methods) > 1
    return route.name + (f"-{method.lower()}" if several else "") + ("-rest" if number else "")


def _other(route: CompiledRoute) -> dict[str, Any]:
    settings = route.versioned.settings
    path = settings.path or settings.path_prefix or settings.path_regex
    return {"route": route.name, "methods": list(settings.methods), "path": path}


def _service(route: CompiledRoute) -> str:
    return tag_of(route.versioned.settings)


def _about(table: Table, version: str) -> str:
    """How the version is named, and where it is in its life."""
    select, settings = table.versions.select, table.versions.supported[version]
    number = version[1:]
    ways = [f"the path (`/{version}/…`)"] if select.path else []
    if select.header is not None:
        date = f" or `{settings.released}`" if settings.released is not None else ""
        ways.append(f"the field `{select.header}: {number}`{date}")
    if select.media_type is not None:
        ways.append(f"`Accept: {select.media_type}; version={number}`")
    if select.query is not None:
        ways.append(f"the parameter `{select.query}={number}`")
    told = [f"Named by {', '.join(ways)}."] if ways else []
    if table.versions.default == version:
        told.append("It answers where a request names no version.")
    if settings.deprecated is not None:
        told.append(f"Deprecated since {settings.deprecated.date()}.")
    if settings.sunset is not None:
        told.append(f"It ends on {settings.sunset.date()}.")
    if settings.successor is not None:
        told.append(f"Its successor is {settings.successor}.")
    if settings.preview is not None:
        told.append(f"A preview: callers need the scope `{settings.preview}`.")
    return " ".join(told)
