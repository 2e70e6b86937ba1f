"""Where a resource is in the version that follows."""

from routing.changes import VersionedRoute, VersionedRoutes, without_types
from routing.paths import PathTemplate
from routing.versions import Version


def successor(
    routes: VersionedRoutes, route: VersionedRoute, version: Version
) -> PathTemplate | None:
    """The path of the route of the same name, or else of the one that asks the same of the service;
    None where there is neither."""
    if version.successor is None:
        return None
    offered = routes.of(version.successor)
    for other in offered:
        if other.settings.name == route.settings.name:
            return _public(version.successor, other)
    wanted = _upstream(route)
    for other in offered:
        if wanted is not None and _asks_the_same(route, wanted, other):
            public, at_service = _public(version.successor, other), _upstream(other)
            if public is not None and at_service is not None:
                # The two may call the same parameter by different names.
                names = zip(at_service.parameters, wanted.parameters, strict=True)
                return public.renamed(dict(names))
    return None


def _asks_the_same(route: VersionedRoute, wanted: PathTemplate, other: VersionedRoute) -> bool:
    """Whether `other` reaches the same resource of the same service, and can be linked to."""
    offered = _upstream(other)
    public = _public("", other)
    return (
        offered is not None
        and public is not None
        and other.settings.service is not None
        and other.settings.service == route.settings.service
        and offered.shape == wanted.shape
        and bool(set(route.settings.methods) & set(other.settings.methods))
        and set(public.parameters) <= set(offered.parameters)
    )


def _upstream(route: VersionedRoute) -> PathTemplate | None:
    path = route.settings.upstream_path
    return PathTemplate(path) if path is not None else None


def _public(version: str, route: VersionedRoute) -> PathTemplate | None:
    """The path of `route` behind the name of `version`; None where an expression stands for it."""
    path = route.settings.path or route.settings.path_prefix
    if path is None:
        return None
    return PathTemplate(f"/{version}{without_types(path)}" if version else without_types(path))
