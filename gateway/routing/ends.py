"""Where a route's requests can end up: the kind of its end, and every service it may reach."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from routing.table import RouteSettings

ENDS: Final = ("service", "backends", "redirect", "respond", "aggregate")
"""The members of a route of which it has exactly one."""


class Destination(NamedTuple):
    """A service that answers requests of a route, and the path that it is asked at."""

    service: str
    upstream_path: str | None
    has_own_path: bool = False
    """Whether the path is said for this service: a transform of the route leaves it as it is."""


def given_ends(route: RouteSettings) -> list[str]:
    """The ends that `route` has: one, where it was checked."""
    return [name for name in ENDS if getattr(route, name)]


def end_of(route: RouteSettings) -> str:
    """The kind of the end that `route` has."""
    return next(iter(given_ends(route)), "service")


def destinations(route: RouteSettings) -> Iterator[Destination]:
    """The services whose answer a client may get as it is, with their paths."""
    if route.service is not None:
        yield Destination(route.service, route.upstream_path)
    for backend in route.backends:
        own = backend.upstream_path
        yield Destination(backend.service, own or route.upstream_path, own is not None)


def services_of(route: RouteSettings) -> list[str]:
    """Every service that `route` calls, once each: those of its end, then its fallback's and its
    mirror's."""
    called = [destination.service for destination in destinations(route)]
    if route.aggregate is not None:
        called += [part.service for part in route.aggregate.parts.values()]
    if route.fallback is not None and route.fallback.service is not None:
        called.append(route.fallback.service)
    if route.mirror is not None:
        called.append(route.mirror.service)
    return list(dict.fromkeys(called))


def told_end(route: RouteSettings) -> str:
    """The end in a few words: the service, or what takes its place."""
    if route.service is not None:
        return route.service
    if route.backends:
        return ", ".join(f"{one.service} {one.weight}" for one in route.backends)
    if route.aggregate is not None:
        return " + ".join(f"{name}: {one.service}" for name, one in route.aggregate.parts.items())
    if route.redirect is not None:
        return f"redirect {route.redirect.status}"
    if route.respond is not None:
        return f"respond {route.respond.status}"
    return "nothing"
