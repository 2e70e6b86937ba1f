"""Paths as OpenAPI has them: templates with plain parameters, whose types are schemas."""

from typing import Any, Final, NamedTuple

from routing.changes import VersionedRoute
from routing.table import Table

SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    "": {"type": "string"},
    "int": {"type": "integer", "format": "int64"},
    "uuid": {"type": "string", "format": "uuid"},
    "date": {"type": "string", "format": "date"},
    "slug": {"type": "string", "pattern": "^[a-z0-9-]+$"},
}
"""By the type of a parameter."""

_REST: Final = "rest"


class PublicPath(NamedTuple):
    """A path of the document, and the schema of each of its parameters."""

    text: str
    parameters: dict[str, dict[str, Any]]

    @property
    def shape(self) -> tuple[str, ...]:
        """Equal for paths that are the same but for the names of parameters."""
        segments = self.text.split("/")
        return tuple("{}" if segment.startswith("{") else segment for segment in segments)


def public_paths(table: Table, route: VersionedRoute) -> list[PublicPath]:
    """The paths under which clients find `route`; none where an expression stands for them."""
    settings = route.settings
    path = settings.path or settings.path_prefix
    if path is None:
        return []
    in_path = route.version is not None and table.versions.select.path
    text, parameters = f"/{route.version}" if in_path else "", {}
    for segment in path[1:].split("/"):
        name, _, kind = segment[1:-1].partition(":")
        if segment.startswith("{"):
            parameters[name] = SCHEMAS[kind]
            text += f"/{{{name}}}"
        else:
            text += f"/{segment}"
    whole = PublicPath(text, parameters)
    if settings.path is not None:
        return [whole]
    # OpenAPI has no parameter of several segments; the description says that this is one.
    rest = {
        "type": "string",
        "description": "The rest of the path; slashes in it stay as they are.",
    }
    name = _REST if _REST not in parameters else "rest_of_path"
    return [whole, PublicPath(f"{text}/{{{name}}}", {**parameters, name: rest})]
