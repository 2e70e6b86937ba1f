"""Finds the public path of a resource from the path that its service knows it by.

A service answers `Location: /roadmaps/7`; the client of version 1 has to be sent to `/v1/plans/7`.
"""

from messages import Exchange, Headers
from routing.changes import VersionedRoutes, without_types
from routing.match import Asked, Matcher, RouteMatch
from routing.paths import PathTemplate

_GET = ("GET",)


class Locations:
    """The way back from services' paths to those of a version; worked out when first needed."""

    def __init__(self, versioned: VersionedRoutes) -> None:
        self._versioned = versioned
        self._known: dict[tuple[str | None, str], Matcher[PathTemplate]] = {}

    def public(self, exchange: Exchange, service: str, location: str) -> str:
        """`location` in the words of the client's version; as it is if no route leads there."""
        version = exchange.version.name if exchange.version else None
        path, separator, rest = location.partition("?")
        if not path.startswith("/") or path.startswith("//"):
            return location
        found = self._of(version, service).find(Asked("GET", "", path, {}, Headers()))
        if found is None:
            return location
        prefix = f"/{version}" if exchange.version_in_path else ""
        return prefix + found.target.fill(found.parameters) + found.rest + separator + rest

    def _of(self, version: str | None, service: str) -> Matcher[PathTemplate]:
        matcher = self._known.get((version, service))
        if matcher is None:
            matcher = self._known[version, service] = Matcher()
            for route in self._versioned.of(version):
                settings = route.settings
                public = settings.path or settings.path_prefix
                if settings.service != service or public is None or settings.upstream_path is None:
                    continue
                template, at_service = (
                    PathTemplate(without_types(public)),
                    PathTemplate(settings.upstream_path),
                )
                # A path with more parameters than the service's cannot be told from the latter.
                if set(template.parameters) <= set(at_service.parameters):
                    match = RouteMatch.by_path(
                        settings.upstream_path, prefix=settings.path is None, methods=_GET
                    )
                    matcher.add(match, template)
        return matcher
