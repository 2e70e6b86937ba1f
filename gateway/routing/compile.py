"""From settings to something that answers: every route with its pipeline, ready to be looked up.

All that depends on the table alone is worked out once: templates are taken apart, pipelines are
stacked, links to the next version are found. What belongs to one route is worked out at its first
request, so that a table of thousands of routes is there as quickly as a small one.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from msgspec import to_builtins

from contract.circuit_breaker import BreakerSettings
from messages import Exchange, Response
from pipeline import Next, Policy, compose
from policies.authenticate import Authenticate, Remembered
from policies.authorize import Authorize, Roles
from policies.cache import Cache
from policies.circuit_breaker import CircuitBreakerPolicy
from policies.cors import Cors, CorsRules
from policies.csrf import Csrf
from policies.dispatch import Dispatch
from policies.guard import Guard
from policies.lifecycle import Lifecycle
from policies.maintenance import Maintenance
from policies.network import Network
from policies.plugin import Plugin
from policies.rate_limit import LocalWindows, RateLimit
from policies.transform import Transform
from ports import Platform, Service
from routing.changes import VersionedRoute, VersionedRoutes, without_types
from routing.locations import Locations
from routing.match import RouteMatch
from routing.paths import PathTemplate
from routing.resolve import Resolver
from routing.table import (
    AccessSettings,
    CircuitBreakerSettings,
    CsrfSettings,
    MaintenanceSettings,
    ServiceSettings,
    Table,
)
from routing.units import seconds, size_in_bytes
from routing.versions import Version, Versions

_UNLIMITED: Final = 1 << 62


class Step(NamedTuple):
    """A policy of a route's pipeline: its name, its settings for people to read, and itself."""

    name: str
    settings: Mapping[str, Any]
    policy: Policy


class CompiledRoute:
    """A route of one version. Its pipeline is stacked when it is first needed."""

    __slots__ = ("_builder", "_handle", "name", "path", "version", "versioned")

    def __init__(
        self, versioned: VersionedRoute, version: Version | None, builder: "_Builder"
    ) -> None:
        self.versioned = versioned
        self.version = version
        self.name = versioned.settings.name
        self._builder = builder
        self._handle: Next | None = None

    def handle(self, exchange: Exchange) -> Awaitable[Response]:
        """The answer to `exchange`, by this route's pipeline."""
        handle = self._handle
        if handle is None:
            handle = self._handle = self._builder.pipeline(self)
        return handle(exchange)

    @property
    def cors(self) -> CorsRules | None:
        """Which pages of other origins may call it."""
        return self._builder.cors_rules(self)

    def steps(self) -> list[Step]:
        """The pipeline's policies in order, without the dispatch at its end."""
        return list(self._builder.steps(self))


class CompiledRoutes(Resolver[CompiledRoute]):
    """The compiled table: every route of every version, ready to be found."""

    def __init__(self, table: Table, platform: Platform) -> None:
        self.versioned = VersionedRoutes(table)
        versions = Versions(table.versions)
        self._builder = _Builder(table, platform, versions, self.versioned)
        super().__init__(versions, table.paths, self._of, _looked_at(table))

    def all(self) -> Iterator[CompiledRoute]:
        """Every route of every version, those without a version first."""
        for version in (None, *self.versions.by_name):
            for _, route in self._of(version):
                yield route

    def _of(self, name: str | None) -> Iterator[tuple[RouteMatch, CompiledRoute]]:
        version = self.versions.by_name[name] if name is not None else None
        for versioned in self.versioned.of(name):
            route = CompiledRoute(versioned, version, self._builder)
            yield RouteMatch.of(versioned.settings), route


def _looked_at(table: Table) -> tuple[list[str], list[str], bool]:
    """The header fields and query parameters in conditions, and whether any route names hosts."""
    headers = [name.lower() for route in table.routes for name in route.headers]
    return (
        headers,
        [name for route in table.routes for name in route.query],
        any(route.hosts for route in table.routes),
    )


class _Builder:
    """Makes the policies of each route. The order of `ORDER` is the order of the pipeline."""

    def __init__(
        self, table: Table, platform: Platform, versions: Versions, versioned: VersionedRoutes
    ) -> None:
        self._table = table
        self._platform = platform
        self._versions = versions
        self._versioned = versioned
        # At once, so that a table that cannot work is found when it loads.
        self._services = {name: self._service(one) for name, one in table.services.items()}
        self._remembered = Remembered()
        self._local_windows = LocalWindows()
        self._breakers = {
            name: CircuitBreakerPolicy(
                name, _breaker_settings(service.circuit_breaker), platform.breakers
            )
            for name, service in table.services.items()
            if service.circuit_breaker is not None
        }
        self._cors = {name: CorsRules(settings) for name, settings in table.cors.items()}
        self._roles = Roles(table.roles)
        self._locations = Locations(versioned)

    def pipeline(self, route: CompiledRoute) -> Next:
        """All policies of `route`, and the dispatch behind them."""
        settings = route.versioned.settings
        service = self._table.services[settings.service]
        dispatch = Dispatch(
            settings.service,
            self._services[settings.service],
            PathTemplate(settings.upstream_path) if settings.upstream_path is not None else None,
            timeout=seconds(service.timeout),
            public_location=self._locations.public,
        )
        return compose([step.policy for step in self.steps(route)], dispatch)

    def steps(self, route: CompiledRoute) -> Iterator[Step]:
        """The policies that the settings of `route` ask for."""
        for name, make in ORDER.items():
            made = make(self, route)
            if made is not None:
                policy, settings = made
                yield Step(name, settings, policy)

    def cors_rules(self, route: CompiledRoute) -> CorsRules | None:
        """The CORS policy of `route`, if it has one."""
        name = route.versioned.settings.cors
        return self._cors[name] if name is not None else None

    def cors(self, route: CompiledRoute) -> "_Made":
        rules = self.cors_rules(route)
        if rules is None:
            return None
        name = route.versioned.settings.cors or ""
        settings = self._table.cors[name]
        shown = {"policy": name, "origins": list(settings.origins)}
        if settings.credentials:
            shown["credentials"] = "allowed"
        return Cors(rules), shown

    def lifecycle(self, route: CompiledRoute) -> "_Made":
        version = route.version
        if version is None or not (version.fields or version.successor):
            return None
        successor = self._successor(route.versioned, version)
        shown = {**dict(version.fields), "after_sunset": version.after_sunset}
        if successor is not None:
            shown["successor"] = successor.text
        return Lifecycle(version, successor), shown

    def maintenance(self, route: CompiledRoute) -> "_Made":
        closed = route.versioned.settings.maintenance
        if closed is False:
            return None
        settings = closed if isinstance(closed, MaintenanceSettings) else MaintenanceSettings()
        wait = seconds(settings.retry_after) if settings.retry_after is not None else None
        return Maintenance(settings.detail, wait), {"retry_after": settings.retry_after}

    def guard(self, route: CompiledRoute) -> "_Made":
        max_body = route.versioned.settings.max_body
        # The edge reads no body of GET and HEAD, so there is nothing to guard against.
        if max_body == "unlimited" or route.versioned.settings.methods == ("GET",):
            return None
        return Guard(size_in_bytes(max_body)), {"max_body": max_body}

    def authenticate(self, route: CompiledRoute) -> "_Made":
        access = route.versioned.settings.access
        scopes = list(access.scopes) if isinstance(access, AccessSettings) else []
        preview = route.version.preview if route.version else None
        if preview is not None and preview not in scopes:
            scopes.append(preview)
        if access == "public" and not scopes:
            return None
        authority = self._platform.authority
        return Authenticate(scopes, authority, self._remembered), {"scopes": scopes}

    def network(self, route: CompiledRoute) -> "_Made":
        settings = route.versioned.settings.network
        return (Network(settings), to_builtins(settings)) if settings is not None else None

    def csrf(self, route: CompiledRoute) -> "_Made":
        wanted = route.versioned.settings.csrf
        if wanted is False:
            return None
        settings = wanted if isinstance(wanted, CsrfSettings) else CsrfSettings()
        return Csrf(settings), {"cookie": settings.cookie, "header": settings.header}

    def authorize(self, route: CompiledRoute) -> "_Made":
        access = route.versioned.settings.access
        if not isinstance(access, AccessSettings):
            return None
        shown = to_builtins(access)
        shown.pop("scopes", None)
        return (Authorize(access, self._roles), shown) if shown else None

    def rate_limit(self, route: CompiledRoute) -> "_Made":
        name = route.versioned.settings.rate_limit
        if name is None:
            return None
        limit = self._table.rate_limits[name]
        policy = RateLimit(
            name,
            limit.quota,
            seconds(limit.window),
            limit.by,
            timeout=seconds(limit.timeout),
            limiters=self._platform.limiters,
            local=self._local_windows,
        )
        shown = {"limit": name, "quota": limit.quota, "window": limit.window, "by": limit.by}
        return policy, shown

    def cache(self, route: CompiledRoute) -> "_Made":
        cache = route.versioned.settings.cache
        if cache is None:
            return None
        return Cache(seconds(cache.ttl), self._platform.store), {"ttl": cache.ttl}

    def transform(self, route: CompiledRoute) -> "_Made":
        names = route.versioned.transforms
        if not names:
            return None
        max_body = route.versioned.settings.max_body
        limit = _UNLIMITED if max_body == "unlimited" else size_in_bytes(max_body)
        shown = {"changes": list(route.versioned.changes), "transforms": list(names)}
        return Transform([self._table.transforms[name] for name in names], limit), shown

    def plugin(self, route: CompiledRoute) -> "_Made":
        name = route.versioned.settings.plugin
        return (Plugin(name), {"function": name}) if name is not None else None

    def circuit_breaker(self, route: CompiledRoute) -> "_Made":
        service = route.versioned.settings.service
        settings = self._table.services[service].circuit_breaker
        if settings is None:
            return None
        threshold = settings.failure_rate_threshold
        shown = {"service": service, "failure_rate_threshold": threshold}
        return self._breakers[service], shown

    def _service(self, settings: ServiceSettings) -> Service:
        if settings.binding is not None:
            return self._platform.binding(settings.binding)
        if settings.url is not None:
            return self._platform.url(settings.url)
        raise ValueError("a service without binding and url: the table was not checked")

    def _successor(self, route: VersionedRoute, version: Version) -> PathTemplate | None:
        """The same resource in the next version: the route of the same name, or else the one that
        asks the same of the service."""
        if version.successor is None:
            return None
        offered = self._versioned.of(version.successor)
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


_Made = tuple[Policy, Mapping[str, Any]] | None
_Make = Callable[[_Builder, CompiledRoute], _Made]

ORDER: Final[Mapping[str, _Make]] = {
    # First, so that a page can read why it was refused, whoever of the others refuses it.
    "cors": _Builder.cors,
    "lifecycle": _Builder.lifecycle,
    "maintenance": _Builder.maintenance,
    "network": _Builder.network,
    "guard": _Builder.guard,
    "csrf": _Builder.csrf,
    "authenticate": _Builder.authenticate,
    "authorize": _Builder.authorize,
    "rate_limit": _Builder.rate_limit,
    "cache": _Builder.cache,
    "transform": _Builder.transform,
    "plugin": _Builder.plugin,
    "circuit_breaker": _Builder.circuit_breaker,
}
"""The order of every pipeline, and what makes each policy; the dispatch follows."""


def _asks_the_same(route: VersionedRoute, wanted: PathTemplate, other: VersionedRoute) -> bool:
    """Whether `other` reaches the same resource of the same service, and can be linked to."""
    offered = _upstream(other)
    public = _public("", other)
    return (
        offered is not None
        and public is not None
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


def _breaker_settings(settings: CircuitBreakerSettings) -> BreakerSettings:
    return BreakerSettings(
        failure_rate_threshold=settings.failure_rate_threshold,
        minimum_calls=settings.minimum_calls,
        window=settings.window,
        wait_open=seconds(settings.wait_open),
        probes=settings.probes,
    )
