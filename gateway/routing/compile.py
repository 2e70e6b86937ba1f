"""From settings to something that answers: every route with its pipeline, ready to be looked up.

All that depends on the table alone is worked out here, once: templates are taken apart, pipelines
are stacked, links to the next version are found. A request then only looks up and calls.
"""

from contract.circuit_breaker import BreakerSettings
from messages import Exchange
from pipeline import Next, Policy, compose
from policies.authenticate import Authenticate, Remembered
from policies.cache import Cache
from policies.circuit_breaker import CircuitBreakerPolicy
from policies.dispatch import Dispatch
from policies.guard import Guard
from policies.lifecycle import Lifecycle
from policies.plugin import Plugin
from policies.rate_limit import LocalWindows, RateLimit
from policies.transform import Transform
from ports import Platform, Service
from routing.match import Asked, Matcher, RouteMatch
from routing.paths import PathTemplate
from routing.resolve import Resolver
from routing.table import (
    AccessSettings,
    CircuitBreakerSettings,
    RouteSettings,
    ServiceSettings,
    Table,
)
from routing.units import seconds, size_in_bytes
from routing.versions import Version, Versions

_UNLIMITED = 1 << 62


class CompiledRoute:
    """A route of one version: its name for the log, its path, and what handles its requests."""

    __slots__ = ("handle", "name", "path", "version")

    def __init__(
        self, name: str, path: PathTemplate, version: Version | None, handle: Next
    ) -> None:
        self.name = name
        self.path = path
        self.version = version
        self.handle = handle


def compile_routes(table: Table, platform: Platform) -> Resolver[CompiledRoute]:
    """The compiled table: every route of every version, ready to be found."""
    versions = Versions(table.versions)
    resolver: Resolver[CompiledRoute] = Resolver(versions)
    builder = _Builder(table, platform, versions)
    for settings in table.routes:
        for name in settings.versions or (None,):
            version = versions.by_name[name] if name is not None else None
            route = builder.route(settings, version)
            for method in settings.methods:
                resolver.add(method, route.path, version, route)
    return resolver


class _Builder:
    """Stacks the policies of each route. The order of `_policies` is the order of the pipeline."""

    def __init__(self, table: Table, platform: Platform, versions: Versions) -> None:
        self._table = table
        self._platform = platform
        self._versions = versions
        self._remembered = Remembered()
        self._local_windows = LocalWindows()
        self._breakers = {
            name: CircuitBreakerPolicy(
                name, _breaker_settings(service.circuit_breaker), platform.breakers
            )
            for name, service in table.services.items()
            if service.circuit_breaker is not None
        }
        self._locations = {name: _Locations(table, versions, name) for name in table.services}

    def route(self, settings: RouteSettings, version: Version | None) -> CompiledRoute:
        dispatch = Dispatch(
            settings.service,
            self._service(self._table.services[settings.service]),
            _upstream_template(settings),
            timeout=seconds(self._table.services[settings.service].timeout),
            public_location=self._locations[settings.service].public,
        )
        handle = compose(self._policies(settings, version), dispatch)
        return CompiledRoute(settings.name, PathTemplate(settings.path or "/"), version, handle)

    def _policies(self, settings: RouteSettings, version: Version | None) -> list[Policy]:
        """guard → (CORS) → authentication → limits → cache → transforms → breaker → dispatch."""
        max_body = (
            _UNLIMITED if settings.max_body == "unlimited" else size_in_bytes(settings.max_body)
        )
        policies: list[Policy] = []
        if version is not None and (version.fields or version.successor):
            policies.append(Lifecycle(version, self._successor(settings, version)))
        if settings.max_body != "unlimited":
            policies.append(Guard(max_body))
        if settings.access != "public":
            scopes = settings.access.scopes if isinstance(settings.access, AccessSettings) else ()
            policies.append(Authenticate(scopes, self._platform.authority, self._remembered))
        if settings.rate_limit is not None:
            limit = self._table.rate_limits[settings.rate_limit]
            policies.append(
                RateLimit(
                    settings.rate_limit,
                    limit.quota,
                    seconds(limit.window),
                    limit.by,
                    timeout=seconds(limit.timeout),
                    limiters=self._platform.limiters,
                    local=self._local_windows,
                )
            )
        if settings.cache is not None:
            policies.append(Cache(seconds(settings.cache.ttl), self._platform.store))
        if settings.transform is not None:
            policies.append(Transform([self._table.transforms[settings.transform]], max_body))
        if settings.plugin is not None:
            policies.append(Plugin(settings.plugin))
        if settings.service in self._breakers:
            policies.append(self._breakers[settings.service])
        return policies

    def _service(self, settings: ServiceSettings) -> Service:
        if settings.binding is not None:
            return self._platform.binding(settings.binding)
        if settings.url is not None:
            return self._platform.url(settings.url)
        raise ValueError("a service without binding and url: the table was not checked")

    def _successor(self, settings: RouteSettings, version: Version) -> PathTemplate | None:
        """The same resource in the next version: the route that asks the same of the service."""
        if version.successor is None:
            return None
        wanted = _upstream_template(settings)
        for route in self._table.routes:
            offered = _upstream_template(route)
            public = PathTemplate(f"/{version.successor}{route.path}")
            if (
                version.successor in route.versions
                and route.service == settings.service
                and offered.shape == wanted.shape
                and set(settings.methods) & set(route.methods)
                and set(public.parameters) <= set(offered.parameters)
            ):
                # The two may call the same parameter by different names.
                return public.renamed(dict(zip(offered.parameters, wanted.parameters, strict=True)))
        return None


class _Locations:
    """Finds the public path of a resource from the path that its service knows it by."""

    def __init__(self, table: Table, versions: Versions, service: str) -> None:
        self._by_version: dict[str, Matcher[PathTemplate]] = {
            name: Matcher() for name in ("", *versions.by_name)
        }
        for route in table.routes:
            known, public = _upstream_template(route), PathTemplate(route.path or "/")
            # A path with more parameters than the service's cannot be told from the latter.
            if route.service == service and set(public.parameters) <= set(known.parameters):
                for version in route.versions or ("",):
                    self._by_version[version].add(RouteMatch.by_path(known.text), public)

    def public(self, exchange: Exchange, location: str) -> str:
        """`location` in the words of the client's version; as it is if no route leads there."""
        version = exchange.version.name if exchange.version else ""
        path, separator, rest = location.partition("?")
        if not path.startswith("/") or path.startswith("//"):
            return location
        found = self._by_version[version].find(Asked("GET", "", path))
        if found is None:
            return location
        prefix = f"/{version}" if exchange.version_in_path else ""
        return prefix + found.target.fill(found.parameters) + separator + rest


def _upstream_template(settings: RouteSettings) -> PathTemplate:
    return PathTemplate(settings.upstream_path or settings.path or "/")


def _breaker_settings(settings: CircuitBreakerSettings) -> BreakerSettings:
    return BreakerSettings(
        failure_rate_threshold=settings.failure_rate_threshold,
        minimum_calls=settings.minimum_calls,
        window=settings.window,
        wait_open=seconds(settings.wait_open),
        probes=settings.probes,
    )
