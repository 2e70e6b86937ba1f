"""Checks of `transforms`: each by itself, and on every route that it is applied to."""

from collections.abc import Iterator

from routing.changes import VersionedRoute, VersionedRoutes
from routing.check.finding import Finding, Path
from routing.match import RouteMatch
from routing.table import Table
from transforms.check import objections, placeholders, reads_bodies
from transforms.templates import Placeholder


def check_transforms(table: Table) -> Iterator[Finding]:
    """What is wrong with each transform, whatever it is applied to."""
    for name, settings in table.transforms.items():
        for path, message in objections(settings):
            yield Finding(("transforms", name, *path), message)


def check_applied(table: Table, versioned: VersionedRoutes) -> Iterator[Finding]:
    """What is wrong with transforms on their routes, those that version changes bring included.

    Their templates have to parse: ask `check_transforms` first.
    """
    reading = {name for name, settings in table.transforms.items() if reads_bodies(settings)}
    wanted = {name: list(placeholders(settings)) for name, settings in table.transforms.items()}
    unlimited: set[int] = set()
    for version in (None, *table.versions.supported):
        for route in versioned.of(version):
            if route.settings.max_body == "unlimited" and reading.intersection(route.transforms):
                unlimited.add(route.position)
            for name in route.transforms:
                for path, placeholder in wanted[name]:
                    message = _missing(route, placeholder)
                    if message is not None:
                        yield Finding(("transforms", name, *path), message)
    for position in sorted(unlimited):
        at: Path = ("routes", position, "max_body")
        yield Finding(at, "a route that transforms bodies has to limit them")


def _missing(route: VersionedRoute, placeholder: Placeholder) -> str | None:
    """Why `placeholder` never has a value on `route`; None where it may."""
    settings = route.settings
    text = f"`${{{placeholder.source}.{placeholder.name}}}` never has a value"
    if placeholder.source == "path":
        parameters = RouteMatch.of(settings).pattern.parameters
        if placeholder.name not in parameters:
            listed = ", ".join(parameters) or "none"
            return f"{text} on the route `{settings.name}` (parameters: {listed})"
    if placeholder.source == "claim" and settings.access == "public":
        return f"{text} on the route `{settings.name}`, which is public"
    return None
