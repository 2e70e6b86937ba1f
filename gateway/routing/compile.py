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

from caching.codings import ACCEPT, CODING
from caching.counting import Counting
from caching.flight import Flights
from caching.invalidation import SAFE
from caching.keying import Keying
from caching.settings import HEURISTIC_FRACTION, CacheRules
from caching.tags import Tags
from contract.cache import EDGE, GLOBAL
from ends.respond import Respond
from idempotency.settings import IdempotencySettings
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
from policies.cache import Cache
from policies.cors import Cors, CorsRules
from policies.credentials import CredentialPlaces
from policies.csrf import Csrf, SessionCsrf
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
from ports import Platform
from resilience.load import Load
from routing.changes import VersionedRoute, VersionedRoutes
from routing.compile_ends import Ends
from routing.ends import Destination, destinations
from routing.limits import limits_of
from routing.match import RouteMatch
from routing.meeting import may_meet
from routing.resolve import Resolver
from routing.schemas import Used, program_of, used
from routing.sessions import needs_csrf, passes_session, takes_session
from routing.successors import successor as successor_of
from routing.table import (
    AccessSettings,
    CacheKeySettings,
    CsrfSettings,
    MaintenanceSettings,
    RouteSettings,
    SingleFlightSettings,
    Table,
)
from routing.units import seconds, share, size_in_bytes
from routing.versions import Version, Versions
from schema.checker import Checker, Checkers
from schema.settings import ValidateSettings
from schema.texts import reading
from transforms.settings import ResponseTransform

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
        self.credentials = self._builder.ends.credentials
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
        self.ends = Ends(table, platform, versioned, memory)
        self._remembered = memory.remembered
        self._limits = {
            name: Tiers(one, partial(self._limited, name, memory.limits))
            for name, one in table.rate_limits.items()
        }
        self._load = Load()
        self._cors = {name: CorsRules(settings) for name, settings in table.cors.items()}
        self._roles = Roles(table.roles)
        self._checkers: dict[bool, Checkers] = {}
        self._memory = memory
        self._counting = Counting(platform.cache_counts, memory.cache_counts, platform.pause)
        self._with_cache: list[RouteSettings] | None = None

    def pipeline(self, route: CompiledRoute) -> Next:
        """All policies of `route`, and its end behind them."""
        return compose(
            [step.policy for step in self.steps(route)], self.ends.end(route.versioned.settings)
        )

    def steps(self, route: CompiledRoute) -> Iterator[Step]:
        """The policies that the settings of `route` ask for."""
        for name, make in ORDER.items():
            made = make(self, route)
            if made is not None:
                policy, settings = made
                yield Step(name, settings, policy)

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
        successor = successor_of(self._versioned, route.versioned, version)
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
            lease=self.ends.longest(route.versioned.settings),
            max_answer=size_in_bytes(settings.max_body),
            max_request=_limit(route),
            timeout=seconds(settings.timeout),
            sends_without_object=settings.when_unavailable == "send",
        )
        platform = self._platform
        policy = Idempotency(rules, platform.idempotency, platform.store.duplicate)
        return policy, {"required": settings.required, "ttl": settings.ttl}

    def cache(self, route: CompiledRoute) -> "_Made":
        cache = route.versioned.settings.cache
        if cache is None:
            return None
        keeps_codings = self._keeps_codings(route)
        rules = CacheRules(
            default_ttl=None if cache.ttl in ("heuristic", "stated") else seconds(cache.ttl),
            heuristic_fraction=HEURISTIC_FRACTION if cache.ttl == "heuristic" else 0.0,
            stale_while_revalidate=seconds(cache.stale_while_revalidate or "0s"),
            stale_if_error=seconds(cache.stale_if_error or "0s"),
            errors={int(status): seconds(time) for status, time in cache.errors.items()},
            jitter=share(cache.jitter or "0%"),
            honour_request_directives=cache.honour_request_directives,
            set_cookie=cache.set_cookie,
            # What is stored decoded is for all.
            ignore_vary=frozenset() if keeps_codings else frozenset({ACCEPT}),
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
            memory=self._memory.responses,
            remembers="memory" in cache.tiers,
            counting=self._counting,
            keeps_codings=keeps_codings,
        )
        codings = "kept" if keeps_codings else "decoded"
        return policy, {"ttl": cache.ttl, **to_builtins(cache), "codings": codings}

    def _keeps_codings(self, route: CompiledRoute) -> bool:
        """Whether nobody between the service and the cache of `route` reads or changes the body of
        an answer: then it is kept in the coding that it came in."""
        versioned = route.versioned
        chain = [self._table.transforms[name] for name in versioned.transforms]
        checks = versioned.validation
        return (
            all(one.response == one.errors == ResponseTransform() for one in chain)
            and (checks is None or checks.settings.response is None)
            and versioned.settings.plugin is None
        )

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
            own = fallback.upstream_path
            to = Destination(fallback.service, own or settings.upstream_path, own is not None)
            # What is wrong with the route's own service on purpose is not wrong with this one.
            instead = self.ends.guarded(msgspec.structs.replace(settings, faults=None), to)
            return Fallback(fallback.on, instead, "service"), {"service": fallback.service}
        if fallback.respond is None:
            raise ValueError("a fallback to nothing: the table was not checked")
        policy = Fallback(fallback.on, Respond(fallback.respond), "respond")
        return policy, {"respond": fallback.respond.status}

    def bulkhead(self, route: CompiledRoute) -> "_Made":
        settings = route.versioned.settings
        if settings.service is None:
            return None  # as with the breaker
        policy = self.ends.bulkhead(settings.service, self.ends.timeout(settings, settings.service))
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
            self.ends.retry_budget([to.service for to in destinations(settings)]),
            self.ends.surroundings,
            total=seconds(total) if total is not None else None,
            elsewhere=sum(one.weight > 0 for one in settings.backends) > 1,
        )
        shown = {"attempts": settings.retries.attempts, "on": list(settings.retries.on)}
        return policy, shown

    def circuit_breaker(self, route: CompiledRoute) -> "_Made":
        service = route.versioned.settings.service
        if service is None:
            return None  # each backend and part is behind the breaker of its service
        settings = self._table.services[service].circuit_breaker
        breaker = self.ends.breaker(service, route.name)
        if settings is None or breaker is None:
            return None
        threshold = settings.failure_rate_threshold
        return breaker, {"service": service, "failure_rate_threshold": threshold}

    def _transform(self, route: CompiledRoute, names: Sequence[str]) -> "_Made":
        if not names:
            return None
        shown = {"changes": list(route.versioned.changes), "transforms": list(names)}
        chain = [self._table.transforms[name] for name in names]
        return Transform(chain, _limit(route), route.versioned.version), shown

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
        made_by: list[Any] = [versioned.settings, transforms, services, schemas]
        if self._keeps_codings(route):
            made_by.append(CODING)  # which gateways before did not understand
        return hashlib.sha256(msgspec.json.encode(made_by)).hexdigest()[:8]


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
