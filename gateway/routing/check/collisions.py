"""Checks of routes beside each other: no two have one name, or answer the same requests."""

from collections.abc import Iterator

from routing.changes import VersionedRoute, VersionedRoutes
from routing.check.finding import Finding
from routing.match import RouteMatch
from routing.table import Table

_Key = tuple[object, ...]


def check_collisions(table: Table, versioned: VersionedRoutes) -> Iterator[Finding]:
    """Names that two routes have, and in any version routes that can never answer, because an
    earlier one answers all their requests."""
    names: dict[str, int] = {}
    for position, settings in enumerate(table.routes):
        taken_by = names.setdefault(settings.name, position)
        if taken_by != position:
            yield Finding(
                ("routes", position, "name"),
                f"the name `{settings.name}` is taken by routes[{taken_by}]",
            )
    for version in (None, *table.versions.supported):
        taken: dict[_Key, VersionedRoute] = {}
        for route in versioned.of(version):
            yield from _check_collision(table, version, route, taken)


def _check_collision(
    table: Table, version: str | None, route: VersionedRoute, taken: dict[_Key, VersionedRoute]
) -> Iterator[Finding]:
    match = RouteMatch.of(route.settings)
    for key in match.keys(ignore_case=table.paths.case == "insensitive"):
        first = taken.setdefault(key, route)
        if first.position != route.position:
            among = f" in {version}" if version else ""
            yield Finding(
                ("routes", route.position, match.pattern.kind),
                f"`{key[0]} {match.pattern.text}` already leads to the route "
                f"`{first.settings.name}`{among}",
            )
            return
