"""Finds the public path of a resource from the path that its service knows it by.

A service answers `Location: /roadmaps/7`; the client of version 1 has to be sent to `/v1/plans/7`.
"""

from messages import Exchange, Headers
from routing.changes import VersionedRoutes, without_types
from routing.ends import destinations
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
                if public is None:
                    continue
                template = PathTemplate(without_types(public))
                for to in destinations(settings):
                    if to.service != service or to.upstream_path is None:
                        continue
                    # With more parameters than the service's path it cannot be told from that.
                    if set(template.parameters) <= set(PathTemplate(to.upstream_path).parameters):
                        match = RouteMatch.by_path(
                            to.upstream_path, prefix=settings.path is None, methods=_GET
                        )
                        matcher.add(match, template)
        return matcher
