"""From settings to something that answers: every route with its pipeline, ready to be looked up.

All that depends on the table alone is worked out once: templates are taken apart, pipelines are
stacked, links to the next version are found. What belongs to one route is worked out at its first
request, so that a table of thousands of routes is there as quickly as a small one.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import to_builtins

from breakers.settings import compiled as compiled_breaker
from breakers.talk import Talk
from caching.counting import Counting
from caching.flight import Flights
from caching.invalidation import SAFE
from caching.keying import Keying
from caching.settings import CacheRules
from caching.tags import Tags
from contract.breaker import BreakerName
from contract.cache import EDGE, GLOBAL
from ends.backends import Backend, Backends, Sticky
from ends.compile_aggregate import compile_aggregate
from ends.credentials import CredentialedService, Credentials
from ends.edits import header_edit
from ends.mirror import InFlight, Mirror
from ends.redirect import Redirect
from ends.respond import Respond
from idempotency.settings import IdempotencySettings
from identities import Identities
from limiting.compile import limiter_of
from limiting.limited import Limited
from limiting.limiter import LimitMemory
from limiting.settings import FallbackSettings, RateLimitSettings
from limiting.tiers import Tiers
from memory import Memory
from messages import Exchange, Response
from pipeline import Next, Policy, compose
from policies.authenticate import Authenticate
from policies.authorize import Authorize, Roles
from policies.bulkhead import Bulkhead
from policies.cache import Cache
from policies.circuit_breaker import CircuitBreakerPolicy
from policies.cors import Cors, CorsRules
from policies.credentials import CredentialPlaces
from policies.csrf import Csrf, SessionCsrf
from policies.dispatch import Dispatch
from policies.fallback import Fallback
from policies.guard import Guard
from policies.idempotency import Idempotency
from policies.idempotency import Rules as IdempotencyRules
from policies.invalidate import Invalidate
from policies.key_places import KeyPlaces
from policies.lifecycle import Lifecycle
from policies.load_shedding import LoadShedding
from policies.maintenance import Maintenance
from policies.network import Network
from policies.plugin import Plugin
from policies.rate_limit import RateLimit
from policies.rate_limit_by_plan import RateLimitByPlan
from policies.retry import Retry
from policies.transform import Transform
from policies.validate import BodyRule, Parameter, Parameters, ResponseRule, Validate
from policies.websocket import WebSocketOnly
from ports import Platform, Service
from resilience.budget import RetryBudget
from resilience.faults import ENVIRONMENTS, FaultyService
from resilience.load import Load
from resilience.permits import Permits
from resilience.surroundings import Surroundings
from routing.changes import VersionedRoute, VersionedRoutes, without_types
from routing.ends import Destination, destinations
from routing.limits import limits_of
from routing.locations import Locations
from routing.match import RouteMatch
from routing.meeting import may_meet
from routing.paths import PathTemplate
from routing.resolve import Resolver
from routing.schemas import Used, program_of, used
from routing.sessions import needs_csrf, passes_session, takes_session
from routing.table import (
    AccessSettings,
    CacheKeySettings,
    CsrfSettings,
    MaintenanceSettings,
    RouteSettings,
    ServiceSettings,
    SingleFlightSettings,
    Table,
)
from routing.units import seconds, share, size_in_bytes
from routing.versions import Version, Versions
from schema.checker import Checker, Checkers
from schema.settings import ValidateSettings
from schema.texts import reading

_UNLIMITED: Final = 1 << 62
_GRACE: Final = 5.0


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

    @property
    def needs_session(self) -> bool:
        """Whether the cookie of a session is more than a stranger's secret to it."""
        return self._builder.needs_session(self)

    def steps(self) -> list[Step]:
        """The pipeline's policies in order, without the dispatch at its end."""
        return list(self._builder.steps(self))


class CompiledRoutes(Resolver[CompiledRoute]):
    """The compiled table: every route of every version, ready to be found."""

    def __init__(self, table: Table, platform: Platform, memory: Memory | None = None) -> None:
        """`memory` is what the isolate remembers beyond this table; by default nothing yet."""
        self.versioned = VersionedRoutes(table)
        versions = Versions(table.versions)
        memory = memory if memory is not None else Memory()
        self._builder = _Builder(table, platform, versions, self.versioned, memory)
        self.credentials = self._builder.credentials
        """Of the services that have any, by name."""
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
        self,
        table: Table,
        platform: Platform,
        versions: Versions,
        versioned: VersionedRoutes,
        memory: Memory,
    ) -> None:
        self._table = table
        self._platform = platform
        self._versions = versions
        self._versioned = versioned
        # At once, so that a table that cannot work is found when it loads.
        self.credentials = {
            name: Credentials(name, service.credentials, platform.secret, platform.time)
            for name, service in table.services.items()
            if service.credentials is not None
        }
        self._services = {name: self._service(name, one) for name, one in table.services.items()}
        self._remembered = memory.remembered
        self._limits = {
            name: Tiers(one, partial(self._limited, name, memory.limits))
            for name, one in table.rate_limits.items()
        }
        self._breaker_views = memory.breaker_views
        self._talk = Talk(platform.breakers, platform.time, platform.pause, platform.log)
        self._breakers: dict[str, CircuitBreakerPolicy] = {}
        self._surroundings = Surroundings(platform.time, platform.pause, platform.chance)
        self._retry_budgets: dict[str, RetryBudget] = {}
        self._permits: dict[str, Permits] = {}
        self._load = Load()
        self._cors = {name: CorsRules(settings) for name, settings in table.cors.items()}
        self._roles = Roles(table.roles)
        self._locations = Locations(versioned)
        self._in_flight = InFlight()
        self._identities = Identities(platform.signer)
        self._checkers: dict[bool, Checkers] = {}
        self._memory = memory
        self._counting = Counting(platform.cache_counts, memory.cache_counts, platform.pause)
        self._with_cache: list[RouteSettings] | None = None

    def pipeline(self, route: CompiledRoute) -> Next:
        """All policies of `route`, and its end behind them."""
        return compose(
            [step.policy for step in self.steps(route)], self._end(route.versioned.settings)
        )

    def steps(self, route: CompiledRoute) -> Iterator[Step]:
        """The policies that the settings of `route` ask for."""
        for name, make in ORDER.items():
            made = make(self, route)
            if made is not None:
                policy, settings = made
                yield Step(name, settings, policy)

    def _end(self, settings: RouteSettings) -> Next:
        """What answers the requests that come through the pipeline."""
        if settings.redirect is not None:
            return Redirect(settings.redirect)
        if settings.respond is not None:
            return Respond(settings.respond)
        if settings.aggregate is not None:
            return compile_aggregate(
                settings.aggregate,
                self._table.services,
                self._services,
                lambda service, timeout: self._guards(service, settings.name, timeout),
                together=self._platform.together,
                identities=self._identities,
            )
        if settings.backends:
            last: Next = self._backends(settings)
        else:
            last = self._dispatch(settings, next(destinations(settings)))
        return last if settings.mirror is None else self._mirror(settings).over(last)

    def _dispatch(self, settings: RouteSettings, to: Destination) -> Next:
        timeouts = settings.timeouts
        total = timeouts.total if timeouts is not None else None
        dispatch = Dispatch(
            to.service,
            self._reached(to.service, settings),
            PathTemplate(to.upstream_path) if to.upstream_path is not None else None,
            timeout=self._timeout(settings, to.service),
            public_location=self._locations.public,
            audience=self._table.services[to.service].audience,
            identities=self._identities,
            total=seconds(total) if total is not None else None,
            clock=self._platform.time if total is not None else None,
            host=settings.upstream_host,
            tells_deadline=timeouts is not None or settings.retries is not None,
        )
        idle = timeouts.idle if timeouts is not None else None
        return dispatch if idle is None else self._never_idle(dispatch, seconds(idle))

    def _never_idle(self, dispatch: Next, idle: float) -> Next:
        """`dispatch`, whose answers break off after `idle` seconds without anything new."""

        async def watched(exchange: Exchange) -> Response:
            response = await dispatch(exchange)
            self._platform.end_idle(response, exchange, idle)
            return response

        return watched

    def _guarded(self, settings: RouteSettings, to: Destination) -> Next:
        """The dispatch to a service that is not the route's only one, behind what guards it."""
        timeout = self._timeout(settings, to.service)
        guards = self._guards(to.service, settings.name, timeout)
        return compose(guards, self._dispatch(settings, to))

    def _guards(self, service: str, route: str, timeout: float) -> list[Policy]:
        """What stands before `service`, which may take so many seconds."""
        guards = (self._breaker(service, route), self._bulkhead(service, timeout))
        return [guard for guard in guards if guard is not None]

    def _bulkhead(self, service: str, timeout: float) -> Bulkhead | None:
        settings = self._table.services[service].bulkhead
        if settings is None:
            return None
        permits = self._permits.get(service)
        if permits is None:
            permits = Permits(settings.max_in_flight, settings.queue)
            self._permits[service] = permits
        wait = seconds(settings.wait)
        return Bulkhead(service, permits, self._surroundings, wait=wait, timeout=timeout)

    def _reached(self, name: str, settings: RouteSettings) -> Service:
        """The service `name`, with the faults of the route, where there may be any."""
        service, faults = self._services[name], settings.faults
        if faults is None or self._platform.environment not in ENVIRONMENTS:
            return service
        around = self._surroundings
        return FaultyService(service, faults, around.pause, around.chance)

    def _timeout(self, settings: RouteSettings, service: str) -> float:
        """Seconds until the header fields of an answer."""
        timeouts = settings.timeouts
        of_route = timeouts.headers if timeouts is not None else None
        allowed = seconds(of_route or self._table.services[service].timeout)
        per_try = settings.retries.per_try_timeout if settings.retries is not None else None
        return allowed if per_try is None else min(allowed, seconds(per_try))

    def _backends(self, settings: RouteSettings) -> Backends:
        backends = []
        counted: dict[str, int] = {}
        for one, to in zip(settings.backends, destinations(settings), strict=True):
            number = counted[one.service] = counted.get(one.service, 0) + 1
            name = one.service if number == 1 else f"{one.service}#{number}"
            handle = self._guarded(settings, to)
            backends.append(Backend(name, one.weight, handle, header_edit(one)))
        sticky = settings.sticky
        known_by = None
        if sticky is not None:
            name = sticky.name or ""
            known_by = Sticky(
                sticky.by,
                name.lower() if sticky.by == "header" else name,
                int(seconds(sticky.max_age)),
            )
        return Backends(settings.name, backends, known_by)

    def _mirror(self, settings: RouteSettings) -> Mirror:
        mirror = settings.mirror
        if mirror is None:
            raise ValueError("there is no mirror")
        own = [self._timeout(settings, to.service) for to in destinations(settings)]
        return Mirror(
            mirror.service,
            self._services[mirror.service],
            share=mirror.percent / 100,
            max_body=size_in_bytes(mirror.max_body),
            timeout=seconds(mirror.timeout),
            patience=max(own),
            in_flight=self._in_flight,
            audience=self._table.services[mirror.service].audience,
            identities=self._identities,
        )

    def needs_session(self, route: CompiledRoute) -> bool:
        """Whether `route` takes sessions, or ends where they are kept."""
        settings = route.versioned.settings
        return takes_session(settings) or passes_session(settings, self._table.services)

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

    def websocket(self, route: CompiledRoute) -> "_Made":
        return (WebSocketOnly(), {}) if route.versioned.settings.websocket else None

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
        shown: dict[str, Any] = {"scopes": scopes}
        places = None
        if isinstance(access, AccessSettings) and access.api_key is not None:
            places = KeyPlaces(access.api_key.header, access.api_key.query)
            shown["api_key"] = msgspec.to_builtins(access.api_key)
        session = takes_session(route.versioned.settings)
        if session:
            shown["session"] = "allowed"
        credentials = CredentialPlaces(places, session=session)
        signer = self._platform.signer
        return Authenticate(scopes, authority, self._remembered, credentials, signer), shown

    def network(self, route: CompiledRoute) -> "_Made":
        settings = route.versioned.settings.network
        return (Network(settings), to_builtins(settings)) if settings is not None else None

    def csrf(self, route: CompiledRoute) -> "_Made":
        wanted = route.versioned.settings.csrf
        forced = needs_csrf(route.versioned.settings)
        if not (wanted or forced):
            return None
        settings = wanted if isinstance(wanted, CsrfSettings) else CsrfSettings()
        policy = SessionCsrf(settings) if forced else Csrf(settings)
        return policy, {"cookie": settings.cookie, "header": settings.header}

    def authorize(self, route: CompiledRoute) -> "_Made":
        access = route.versioned.settings.access
        if not isinstance(access, AccessSettings):
            return None
        shown = to_builtins(access)
        for name in ("scopes", "api_key", "session"):  # which authenticate sees to
            shown.pop(name, None)
        return (Authorize(access, self._roles), shown) if shown else None

    def rate_limit(self, route: CompiledRoute) -> "_Made":
        settings = route.versioned.settings
        names = limits_of(self._table, settings)
        if not names:
            return None
        shown: dict[str, Any] = {"limits": list(names)}
        if len(names) == 1:
            limit = self._table.rate_limits[names[0]]
            shown = {"limit": names[0], **to_builtins(limit)}
            if limit.fallback == FallbackSettings():
                shown.pop("fallback", None)
        if settings.cost != 1:
            shown["cost"] = settings.cost
        limits = [self._limits[name] for name in names]
        if settings.cost_header is not None:
            shown["cost_header"] = settings.cost_header
        together = self._platform.together

        def make(chosen: Sequence[Limited]) -> RateLimit:
            return RateLimit(chosen, together, settings.cost, settings.cost_header)

        if any(limits):
            return RateLimitByPlan(limits, make), shown
        return make([limit.base for limit in limits]), shown

    def _limited(self, name: str, memory: LimitMemory, settings: RateLimitSettings) -> Limited:
        zones = self._table.compiled_zones or {}
        platform = self._platform
        limiter = limiter_of(settings, zones, platform.limiters, memory, platform.time)
        return Limited(name, settings, limiter, memory.penalties)

    def idempotency(self, route: CompiledRoute) -> "_Made":
        wanted = route.versioned.settings.idempotency
        if wanted is False:
            return None
        settings = wanted if isinstance(wanted, IdempotencySettings) else IdempotencySettings()
        rules = IdempotencyRules(
            place=f"{route.version.name if route.version else ''}/{route.name}",
            required=settings.required,
            ttl=seconds(settings.ttl),
            lease=self._longest(route.versioned.settings),
            max_answer=size_in_bytes(settings.max_body),
            max_request=_limit(route),
            timeout=seconds(settings.timeout),
            sends_without_object=settings.when_unavailable == "send",
        )
        platform = self._platform
        policy = Idempotency(rules, platform.idempotency, platform.store.duplicate)
        return policy, {"required": settings.required, "ttl": settings.ttl}

    def _longest(self, settings: RouteSettings) -> float:
        """Seconds after which a request to a service is over, and some for all around it."""
        timeouts, retries = settings.timeouts, settings.retries
        if timeouts is not None and timeouts.total is not None:
            return seconds(timeouts.total) + _GRACE
        each = max(self._timeout(settings, to.service) for to in destinations(settings))
        if retries is None:
            return each + _GRACE
        return (each + seconds(retries.backoff.max)) * (1 + retries.attempts) + _GRACE

    def cache(self, route: CompiledRoute) -> "_Made":
        cache = route.versioned.settings.cache
        if cache is None:
            return None
        rules = CacheRules(
            default_ttl=seconds(cache.ttl),
            stale_while_revalidate=seconds(cache.stale_while_revalidate or "0s"),
            stale_if_error=seconds(cache.stale_if_error or "0s"),
            errors={int(status): seconds(time) for status, time in cache.errors.items()},
            jitter=share(cache.jitter or "0%"),
            honour_request_directives=cache.honour_request_directives,
            set_cookie=cache.set_cookie,
            # Stored bodies have no coding.
            ignore_vary=frozenset({"accept-encoding"}),
        )
        platform = self._platform
        policy = Cache(
            rules,
            platform.store,
            f"~{self._made_by(route)}",
            platform.time,
            purges=self._memory.purges,
            tags=Tags(cache.tags),
            flights=self._flights(cache.single_flight),
            keying=_keying(cache.key),
            tiers=frozenset((EDGE, GLOBAL)).intersection(cache.tiers),
            memory=self._memory.responses if "memory" in cache.tiers else None,
            counting=self._counting,
        )
        return policy, {"ttl": cache.ttl, **to_builtins(cache)}

    def invalidate(self, route: CompiledRoute) -> "_Made":
        settings = route.versioned.settings
        if SAFE.issuperset(settings.methods):
            return None
        shares = any(may_meet(settings, cached) for cached in self._cached())
        if not (shares or settings.purge):
            return None
        policy = Invalidate(Tags(settings.purge), self._memory.purger, shares_paths=shares)
        shown: dict[str, Any] = {"own_path": "purged"} if shares else {}
        return policy, shown | ({"tags": list(settings.purge)} if settings.purge else {})

    def _cached(self) -> list[RouteSettings]:
        """The routes of all versions that store answers."""
        if self._with_cache is None:
            versions = (None, *self._versions.by_name)
            routes = (one.settings for name in versions for one in self._versioned.of(name))
            self._with_cache = [one for one in routes if one.cache is not None]
        return self._with_cache

    def _flights(self, settings: SingleFlightSettings | None) -> Flights | None:
        if settings is None:
            return None
        wait = seconds(settings.wait)
        lease = seconds(settings.lease) if settings.lease is not None else wait / 2
        platform = self._platform
        region = platform.region(settings.region)
        return Flights(platform.leases, wait=wait, lease=lease, region=region)

    def carry_up(self, route: CompiledRoute) -> "_Made":
        """The transforms of changes, where what is checked is the newer version's words."""
        return self._transform(route, route.versioned.transforms[: _before_validation(route)])

    def validate(self, route: CompiledRoute) -> "_Made":
        validation = route.versioned.validation
        if validation is None:
            return None
        settings = validation.settings
        rules: dict[str, list[Parameter]] = {"path": [], "query": [], "headers": []}
        shown: dict[str, Any] = {}
        body = response = None
        for one in used(validation.owner, settings):
            checker = self._checker(one.name, formats=settings.formats)
            if one.part == "body":
                body = BodyRule(checker, settings.body_required)
            elif one.part == "response" and settings.response is not None:
                response = ResponseRule(checker, settings.response.action == "refuse")
            else:
                rules[one.part].append(self._parameter(one.name, one.path, checker, settings))
            shown[_shown(one)] = one.name if isinstance(one.reference, str) else "here"
        parameters = Parameters(**rules, refuse_unknown=settings.unknown_query == "refuse")
        return Validate(parameters, body, response, _limit(route)), shown

    def transform(self, route: CompiledRoute) -> "_Made":
        return self._transform(route, route.versioned.transforms[_before_validation(route) :])

    def plugin(self, route: CompiledRoute) -> "_Made":
        name = route.versioned.settings.plugin
        return (Plugin(name), {"function": name}) if name is not None else None

    def load_shedding(self, route: CompiledRoute) -> "_Made":
        settings, priority = self._table.load_shedding, route.versioned.settings.priority
        if settings is None:
            return None
        shares = {"critical": 100.0, "default": settings.default, "sheddable": settings.sheddable}
        limit = max(1, int(settings.max_in_flight * shares[priority] / 100))
        shown = {"priority": priority, "max_in_flight": limit}
        return LoadShedding(self._load, limit, priority), shown

    def fallback(self, route: CompiledRoute) -> "_Made":
        settings = route.versioned.settings
        fallback = settings.fallback
        if fallback is None:
            return None
        if fallback.service is not None:
            path = fallback.upstream_path or settings.upstream_path
            to = Destination(fallback.service, path)
            # What is wrong with the route's own service on purpose is not wrong with this one.
            instead = self._guarded(msgspec.structs.replace(settings, faults=None), to)
            return Fallback(fallback.on, instead, "service"), {"service": fallback.service}
        if fallback.respond is None:
            raise ValueError("a fallback to nothing: the table was not checked")
        policy = Fallback(fallback.on, Respond(fallback.respond), "respond")
        return policy, {"respond": fallback.respond.status}

    def bulkhead(self, route: CompiledRoute) -> "_Made":
        settings = route.versioned.settings
        if settings.service is None:
            return None  # as with the breaker
        policy = self._bulkhead(settings.service, self._timeout(settings, settings.service))
        bulkhead = self._table.services[settings.service].bulkhead
        if policy is None or bulkhead is None:
            return None
        return policy, {"max_in_flight": bulkhead.max_in_flight, "queue": bulkhead.queue}

    def retry(self, route: CompiledRoute) -> "_Made":
        settings = route.versioned.settings
        if settings.retries is None:
            return None
        total = settings.timeouts.total if settings.timeouts is not None else None
        policy = Retry(
            settings.retries,
            self._retry_budget([to.service for to in destinations(settings)]),
            self._surroundings,
            total=seconds(total) if total is not None else None,
            elsewhere=sum(one.weight > 0 for one in settings.backends) > 1,
        )
        shown = {"attempts": settings.retries.attempts, "on": list(settings.retries.on)}
        return policy, shown

    def _retry_budget(self, services: Sequence[str]) -> RetryBudget:
        """That of a service; or the one that several have together, as small as the smallest."""
        name = " ".join(sorted(set(services)))
        budget = self._retry_budgets.get(name)
        if budget is None:
            known = [self._table.services[service].retry_budget for service in services]
            percent = min(one.percent for one in known)
            budget = RetryBudget(percent, min(one.min_per_second for one in known))
            self._retry_budgets[name] = budget
        return budget

    def circuit_breaker(self, route: CompiledRoute) -> "_Made":
        service = route.versioned.settings.service
        if service is None:
            return None  # each backend and part is behind the breaker of its service
        settings = self._table.services[service].circuit_breaker
        breaker = self._breaker(service, route.name)
        if settings is None or breaker is None:
            return None
        threshold = settings.failure_rate_threshold
        return breaker, {"service": service, "failure_rate_threshold": threshold}

    def _breaker(self, service: str, route: str) -> CircuitBreakerPolicy | None:
        """The breaker of `service` for `route`: the same one for all, or one of its own."""
        of_service = self._table.services[service]
        settings = of_service.circuit_breaker
        if settings is None:
            return None
        upstream = service if settings.scope == "service" else f"{service}/{route}"
        policy = self._breakers.get(upstream)
        if policy is None:
            platform = self._platform
            name = BreakerName(upstream, platform.region(settings.region))
            view = self._breaker_views.view(name, compiled_breaker(settings, of_service.timeout))
            policy = self._breakers[upstream] = CircuitBreakerPolicy(
                service, settings, view, self._talk
            )
        return policy

    def _transform(self, route: CompiledRoute, names: Sequence[str]) -> "_Made":
        if not names:
            return None
        shown = {"changes": list(route.versioned.changes), "transforms": list(names)}
        chain = [self._table.transforms[name] for name in names]
        return Transform(chain, _limit(route)), shown

    def _checker(self, name: str, *, formats: bool) -> Checker:
        if formats not in self._checkers:
            self._checkers[formats] = Checkers(program_of(self._table), formats=formats)
        return self._checkers[formats].checker(name)

    def _parameter(
        self, schema: str, path: tuple[str | int, ...], checker: Checker, settings: ValidateSettings
    ) -> Parameter:
        part, name = path[0], str(path[1])
        program = self._checkers[settings.formats].program
        read = reading(program, program.roots[schema])
        if part == "headers":
            names = {one.lower() for one in settings.required.headers}
            return Parameter(name.lower(), read, checker, name.lower() in names)
        return Parameter(name, read, checker, name in settings.required.query)

    def _made_by(self, route: CompiledRoute) -> str:
        """A hash of all settings that make the answers of `route`, and of no others: the edit of
        another route leaves its cache as it is."""
        versioned = route.versioned
        transforms = [self._table.transforms[name] for name in versioned.transforms]
        ends = destinations(versioned.settings)
        services = [self._table.services[end.service] for end in ends]
        schemas = self._table.schemas if versioned.validation is not None else None
        made_by = [versioned.settings, transforms, services, schemas]
        return hashlib.sha256(msgspec.json.encode(made_by)).hexdigest()[:8]

    def _service(self, name: str, settings: ServiceSettings) -> Service:
        service = self._address(settings)
        credentials = self.credentials.get(name)
        return service if credentials is None else CredentialedService(service, credentials)

    def _address(self, settings: ServiceSettings) -> Service:
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
    "load_shedding": _Builder.load_shedding,
    "lifecycle": _Builder.lifecycle,
    "maintenance": _Builder.maintenance,
    "websocket": _Builder.websocket,
    "network": _Builder.network,
    "guard": _Builder.guard,
    "csrf": _Builder.csrf,
    "authenticate": _Builder.authenticate,
    "authorize": _Builder.authorize,
    "rate_limit": _Builder.rate_limit,
    # What is given again is what the client got: everything behind this has had its say.
    "idempotency": _Builder.idempotency,
    "cache": _Builder.cache,
    "invalidate": _Builder.invalidate,
    "carry_up": _Builder.carry_up,
    "validate": _Builder.validate,
    "transform": _Builder.transform,
    "plugin": _Builder.plugin,
    "fallback": _Builder.fallback,
    # In front of the breaker, which counts each try and ends them.
    "retry": _Builder.retry,
    "circuit_breaker": _Builder.circuit_breaker,
    # Behind the breaker, so that nobody waits for a place at a service that is not called.
    "bulkhead": _Builder.bulkhead,
}
"""The order of every pipeline, and what makes each policy; the dispatch follows."""


def _keying(settings: CacheKeySettings) -> Keying:
    chosen = settings.query
    names = None if chosen == "all" else frozenset(() if chosen == "none" else chosen)
    return Keying(
        query=names,
        headers=tuple(sorted({name.lower() for name in settings.headers})),
        claim=settings.claim,
    )


def _before_validation(route: CompiledRoute) -> int:
    """Transforms that stand before the route's validation, where it has one."""
    validation = route.versioned.validation
    return validation.behind if validation is not None else 0


def _shown(one: Used) -> str:
    """`query.limit`, `body`, `response`."""
    return one.part if one.part in ("body", "response") else f"{one.part}.{one.path[1]}"


def _limit(route: CompiledRoute) -> int:
    max_body = route.versioned.settings.max_body
    return _UNLIMITED if max_body == "unlimited" else size_in_bytes(max_body)


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
