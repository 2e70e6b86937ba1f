"""The settings in `routes.yaml`, as types: they decode it, describe it and check its values.

A table decodes into these Structs on the host, travels as JSON, and decodes into the same Structs
at the edge. Whether the parts fit together (a route names a service that exists) is
`routing.check`; what only the file has (includes, defaults, environments) is gone by then.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from breakers.settings import CircuitBreakerSettings
from ends.settings import (
    AggregateSettings,
    BackendSettings,
    CredentialsSettings,
    MirrorSettings,
    RedirectSettings,
    RespondSettings,
    StickySettings,
    TimeoutsSettings,
)
from idempotency.settings import IdempotencySettings
from limiting.settings import AddressGuardSettings, RateLimitSettings
from resilience.settings import (
    BulkheadSettings,
    FaultsSettings,
    LoadSheddingSettings,
    RetriesSettings,
    RetryBudgetSettings,
    ServiceFallbackSettings,
)
from routing.texts import FieldName, HostName, Name, UpstreamPath
from routing.units import (
    Duration,
    Lifetime,
    Percentage,
    PositiveDuration,
    ShortDuration,
    Size,
    SizeOrUnlimited,
)
from schema.settings import ParameterName, ValidateSettings
from settings import Settings
from transforms.settings import TransformSettings

Day = date
"""For a member called `date`, whose annotation cannot name the type by that name (PEP 649)."""

VersionName = Annotated[str, Meta(pattern=r"^v[0-9]{1,4}$", description="A version such as v2.")]
PathTemplate = Annotated[
    str,
    Meta(
        pattern=r"^/$|^(/([A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]{0,31}(:(int|uuid|date|slug))?\}))+$",
        max_length=1024,
        description="A path of literal segments and {parameters}, which may be typed ({id:int}), "
        "without a version prefix.",
    ),
]
PathRegex = Annotated[
    str,
    Meta(
        pattern=r"^/",
        max_length=512,
        description="A regular expression for the whole path, beginning with a slash; its named "
        "groups are parameters.",
    ),
]
HostPattern = Annotated[
    str,
    Meta(
        pattern=r"^(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$",
        max_length=253,
        description="A host name in lower case such as api.example.com, or *.example.com.",
    ),
]
OriginPattern = Annotated[
    str,
    Meta(
        pattern=r"^\*$|^https?://(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
        r"(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*(:[1-9][0-9]{0,4})?$",
        max_length=300,
        description="An origin such as https://app.example.com or https://*.example.com, or * "
        "for any.",
    ),
]
QueryName = ParameterName
Scope = Annotated[str, Meta(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,100}$")]
MediaType = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$",
        description="A media type in lower case such as application/vnd.acme+json.",
    ),
]
PluginName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}$",
        description="A module in gateway/plugins and a function in it, such as pricing.add_tax.",
    ),
]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class SelectorSettings(Settings, frozen=True, kw_only=True):
    """Where a request may name its version. What it names twice has to agree."""

    path: bool = True
    """`/v2/…`; only there are names such as `v2` required."""
    header: FieldName | None = "API-Version"
    """A version (`2`, `v2`), or a date (`2026-06-01`): the newest version not later than it."""
    media_type: MediaType | None = None
    """The parameter `version` of this media type in Accept."""
    query: QueryName | None = None
    """A parameter of the query; it is taken off before the service sees it."""


class VersionSettings(Settings, frozen=True, kw_only=True):
    """One public version of the API and where it stands in its life."""

    released: date | None = None
    """Date by which requests that name a date find it; without one they never do."""
    preview: Scope | None = None
    """Not for everybody yet: the scope that a caller needs, on public routes as well."""
    deprecated: datetime | None = None
    """Since when it is deprecated (RFC 9745)."""
    sunset: datetime | None = None
    """When it is to go away (RFC 8594); not before `deprecated`."""
    after_sunset: Literal["serve", "gone", "redirect"] = "serve"
    """What a request gets after the sunset: the answer, 410, or 308 to the successor's path."""
    successor: VersionName | None = None
    documentation: str | None = None
    """Page about the deprecation and the sunset; target of the Link relations of these names."""


class VersionsSettings(Settings, frozen=True, kw_only=True):
    """The versions, and which one answers where a request names none."""

    default: VersionName
    select: SelectorSettings = field(default_factory=SelectorSettings)
    supported: Annotated[dict[VersionName, VersionSettings], Meta(min_length=1)]


class ChangeTransform(Settings, frozen=True, kw_only=True):
    """The transform that carries some routes over a version change."""

    routes: Annotated[tuple[Name, ...], Meta(min_length=1)]
    """Names of the routes as the newer version has them."""
    transform: Name


class ChangeSettings(Settings, frozen=True, kw_only=True):
    """What became different from one version to the next, written once for both directions.

    Routes of the newer version are offered in the older one as well: under their old paths,
    requests carried up, answers and errors of the service carried down.
    """

    name: Name
    date: Day
    source: VersionName = field(name="from")
    target: VersionName = field(name="to")
    description: str = ""
    paths: dict[PathTemplate, PathTemplate] = field(default_factory=dict)
    """Beginnings of paths, as they were to as they are, with the same parameters."""
    transforms: tuple[ChangeTransform, ...] = ()
    added: tuple[Name, ...] = ()
    """Routes that the older version does not have."""
    validate: dict[Name, ValidateSettings] = field(default_factory=dict)
    """What requests of the older version have to be, in its own words, by the name of the route;
    without it they are checked as the newer version's, once they are carried up."""
    lossless: bool = False
    """Claims that a body carried up and down again is the same; `gateway check` tries it."""


class PathsSettings(Settings, frozen=True, kw_only=True):
    """How request paths are brought to their one form, before anything is matched."""

    trailing_slash: Literal["strict", "ignore"] = "strict"
    duplicate_slashes: Literal["refuse", "merge"] = "refuse"
    dot_segments: Literal["refuse", "resolve"] = "refuse"
    encoded_slashes: Literal["refuse", "keep"] = "refuse"
    """`keep`: `%2F` stays as it is, as an ordinary character of its segment."""
    case: Literal["sensitive", "insensitive"] = "sensitive"
    """Whether literal segments match in any case; services see them as the table spells them."""


class RequestLimits(Settings, frozen=True, kw_only=True):
    """How large a request may be, but for its body, which each route limits with `max_body`."""

    fields: Annotated[int, Meta(ge=10, le=1000)] = 100
    """Header fields."""
    field_bytes: Size = "32KiB"
    """The values of all header fields together."""
    target_bytes: Size = "8KiB"
    """Path and query."""


BaseUrl = Annotated[
    str,
    Meta(
        pattern=r"^https?://[^\s?#]+[^\s?#/]$",
        description="An address such as https://api.example.com, without a query and without a "
        "slash at its end.",
    ),
]


class ServiceSettings(Settings, frozen=True, kw_only=True):
    """Where requests can go: a service binding, or a URL outside."""

    binding: Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]{0,62}$")] | None = None
    url: BaseUrl | None = None
    timeout: PositiveDuration = "10s"
    """How long to wait for the response's header fields."""
    allow_ip: bool = False
    """Whether the host of `url` may be an IP address, which only who means it writes."""
    circuit_breaker: CircuitBreakerSettings | None = None
    credentials: CredentialsSettings | None = None
    """What it is shown, so that it lets the gateway in."""
    retry_budget: RetryBudgetSettings = field(default_factory=RetryBudgetSettings)
    """How many retries it gets, of the routes that have `retries`."""
    bulkhead: BulkheadSettings | None = None
    """How many requests it gets at once."""

    @property
    def audience(self) -> str:
        """What the service is called in identities that are signed for it: its binding, or the
        origin of its URL (RFC 6454)."""
        if self.url is None:
            return self.binding or ""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}".lower()


class ApiKeySettings(Settings, frozen=True, kw_only=True):
    """Where an API key may stand, besides the Authorization field."""

    header: Annotated[str, Meta(pattern=r"^([Xx]-[A-Za-z0-9-]{1,60}|[Aa]pi-[Kk]ey)$")] | None = None
    """A header field: Api-Key, or one that begins with X-."""

    query: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | None = None
    """A query parameter; other systems log URLs, so only for clients that cannot send fields."""


class CorsSettings(Settings, frozen=True, kw_only=True):
    """Which pages of other origins may call the routes that name it (Fetch standard, 3.2)."""

    origins: Annotated[tuple[OriginPattern, ...], Meta(min_length=1)]
    """Origins of pages; `https://*.example.com` is every name below example.com, not itself."""
    credentials: bool = False
    """Whether cookies may come along; not with `*`."""
    allowed_headers: tuple[FieldName, ...] = ()
    """Fields that requests may carry beside those that every page may send."""
    exposed_headers: tuple[FieldName, ...] = ()
    """Fields of answers that pages may read beside those that every page may."""
    max_age: Duration = "10m"
    """How long browsers may remember the answer to a preflight."""


NetworkText = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Fa-f:.]{2,45}(/[0-9]{1,3})?$",
        description="An address or a network such as 192.0.2.0/24 or 2001:db8::/32.",
    ),
]
Country = Annotated[
    str,
    Meta(
        pattern=r"^([A-Z]{2}|T1)$",
        description="A country by its two capital letters (ISO 3166-1), XX unknown, T1 Tor.",
    ),
]
ClaimName = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_:./-]{0,99}$")]
FieldValue = Annotated[
    str,
    Meta(
        pattern=r"^[\x21-\x7E]([\x20-\x7E]{0,1998}[\x21-\x7E])?$",
        description="The value of a header field, of printable ASCII.",
    ),
]


class HstsSettings(Settings, frozen=True, kw_only=True):
    """That browsers are to come by https only (RFC 6797). Sent over https."""

    max_age: Duration = "8760h"
    """How long they remember it; `0s` makes them forget."""
    include_sub_domains: bool = False
    preload: bool = False
    """Asks to be in the lists that browsers ship with, which is hard to undo."""


class SecurityHeadersSettings(Settings, frozen=True, kw_only=True):
    """What every answer tells browsers to be careful about; `null` leaves a field to services."""

    hsts: HstsSettings | None = field(default_factory=HstsSettings)
    content_security_policy: FieldValue | None = "default-src 'none'; frame-ancestors 'none'"
    content_type_options: Literal["nosniff"] | None = "nosniff"
    referrer_policy: (
        Literal[
            "no-referrer",
            "no-referrer-when-downgrade",
            "same-origin",
            "origin",
            "strict-origin",
            "origin-when-cross-origin",
            "strict-origin-when-cross-origin",
            "unsafe-url",
        ]
        | None
    ) = "no-referrer"
    frame_options: Literal["DENY", "SAMEORIGIN"] | None = "DENY"
    permissions_policy: FieldValue | None = "camera=(), geolocation=(), microphone=()"


class ConditionSettings(Settings, frozen=True, kw_only=True):
    """What a header field, query parameter or claim has to be: exactly one of these."""

    exact: str | None = None
    regex: Annotated[str, Meta(min_length=1, max_length=512)] | None = None
    """A regular expression for the whole value."""
    present: bool | None = None


Condition = str | ConditionSettings
"""A text stands for `exact`."""


class AccessSettings(Settings, frozen=True, kw_only=True):
    """A verified caller is required, for whom all of this holds."""

    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1)] = ()
    """All of these."""
    any_scopes: Annotated[tuple[Scope, ...], Meta(min_length=1)] = ()
    """At least one of these."""
    permissions: Annotated[tuple[Scope, ...], Meta(min_length=1)] = ()
    """All of these, from any of the caller's roles."""
    any_permissions: Annotated[tuple[Scope, ...], Meta(min_length=1)] = ()
    """At least one of these, from any of the caller's roles."""
    claims: dict[ClaimName, Condition] = field(default_factory=dict)
    """Conditions on claims of the caller, all of which have to hold."""
    api_key: ApiKeySettings | None = None
    session: bool = False
    """Whether the cookie of a person's session is a credential as well."""


class CsrfSettings(Settings, frozen=True, kw_only=True):
    """What shows that a request with a cookie was made by a page of ours."""

    trusted_origins: tuple[OriginPattern, ...] = ()
    """Origins of pages beside the gateway's own."""
    cookie: Annotated[str, Meta(pattern=r"^__Host-[A-Za-z0-9_-]{1,60}$")] = "__Host-csrf"
    """Has the token; the prefix keeps other hosts of the domain from setting it."""
    header: FieldName = "X-CSRF-Token"
    """Has the token again."""


class RoleSettings(Settings, frozen=True, kw_only=True):
    """What callers with this role may do."""

    permissions: tuple[Scope, ...] = ()
    inherits: tuple[Name, ...] = ()
    """Roles whose permissions it has as well."""


class NetworkSettings(Settings, frozen=True, kw_only=True):
    """From where a route may be called. Denied ones are out; where any are allowed, all others."""

    allow: tuple[NetworkText, ...] = ()
    """Addresses and networks (CIDR), IPv4 and IPv6."""
    deny: tuple[NetworkText, ...] = ()
    allow_countries: tuple[Country, ...] = ()
    deny_countries: tuple[Country, ...] = ()


TagTemplate = Annotated[
    str,
    Meta(
        pattern=r"^([!-+\-.-z|~]|\{(claim\.)?[a-z][a-z0-9_]{0,31}\})+$",
        max_length=100,
        description="A tag such as roadmaps, roadmap:{id} or of:{claim.sub}.",
    ),
]


ErrorStatus = Annotated[
    str, Meta(pattern=r"^[45][0-9]{2}$", description="A status from 400 in quotes such as '404'.")
]


class SingleFlightSettings(Settings, frozen=True, kw_only=True):
    """Of several requests for the same one goes to the service, the others wait for its answer."""

    wait: ShortDuration = "2s"
    """How long they wait; then they go themselves, or have what is stale where that is allowed."""
    lease: ShortDuration | None = None
    """How long that one is alone with the service; then the next one goes. Half of `wait` where it
    does not say."""
    region: Literal["colo", "continent", "global"] = "global"
    """Within which it is one."""


class CacheKeySettings(Settings, frozen=True, kw_only=True):
    """What tells answers apart beside host, version, route and path."""

    query: Literal["all", "none"] | Annotated[tuple[QueryName, ...], Meta(max_length=32)] = "all"
    """Parameters that count; the service gets no others."""
    headers: Annotated[tuple[FieldName, ...], Meta(max_length=8)] = ()
    """Header fields that count, whatever Vary says."""
    claim: Literal["sub", "tenant", "org"] | None = None
    """Those who share this have entries of their own."""


class CacheSettings(Settings, frozen=True, kw_only=True):
    """Answers may be stored and used again."""

    ttl: Lifetime = "stated"
    """Freshness lifetime where the service does not state one: a time, `heuristic` (a tenth of the
    time since Last-Modified, at most a day), or with `stated` none."""
    stale_while_revalidate: Duration | None = None
    """How long it may be used stale while it is validated, where the service does not say."""
    stale_if_error: Duration | None = None
    """How long it may be used stale where the service fails, and does not say."""
    errors: Annotated[dict[ErrorStatus, PositiveDuration], Meta(max_length=50)] = field(
        default_factory=dict
    )
    """How long errors are kept, by status, where the service does not say."""
    jitter: Percentage | None = None
    """By how much a lifetime is shortened at most, by chance, so that not all end at once."""
    honour_request_directives: bool = True
    """Whether a client's Cache-Control can ask for more than a fresh answer."""
    set_cookie: Literal["refuse", "strip"] = "refuse"
    """An answer with Set-Cookie is not stored, or without that field."""
    key: CacheKeySettings = field(default_factory=CacheKeySettings)
    tiers: Annotated[tuple[Literal["memory", "edge", "global"], ...], Meta(min_length=1)] = (
        "memory",
        "edge",
    )
    """Where they are kept: in the isolate (small ones), in its data centre, in all of them."""
    tags: Annotated[tuple[TagTemplate, ...], Meta(max_length=16)] = ()
    """Names under which its answers can be purged, beside those that the service says."""
    single_flight: SingleFlightSettings | None = None
    """One request at a time goes to the service for what is not stored; others wait for it."""


class MaintenanceSettings(Settings, frozen=True, kw_only=True):
    """The route is closed for a while: 503, with what the caller should know."""

    detail: Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    retry_after: PositiveDuration | None = None


class RouteSettings(Settings, frozen=True, kw_only=True):
    """One route: what it matches, who may use it, where it goes and what happens on the way."""

    name: Name
    summary: Annotated[str, Meta(max_length=200)] = ""
    """A line about it, for people and for OpenAPI."""
    hosts: tuple[HostPattern, ...] = ()
    """Host names that it answers on; without any, all."""
    path: PathTemplate | None = None
    """The whole path."""
    path_prefix: PathTemplate | None = None
    """The beginning of the path, up to the end of a segment; the rest goes on to the service."""
    path_regex: PathRegex | None = None
    methods: Annotated[tuple[Method, ...], Meta(min_length=1)]
    headers: dict[FieldName, Condition] = field(default_factory=dict)
    """Conditions on header fields, all of which have to hold."""
    query: dict[QueryName, Condition] = field(default_factory=dict)
    """Conditions on query parameters, all of which have to hold."""
    versions: tuple[VersionName, ...] = ()
    """Versions that it belongs to; a route without is reached without one."""
    service: Name | None = None
    """Where its requests go; or else exactly one of the four members below says what happens."""
    backends: Annotated[tuple[BackendSettings, ...], Meta(max_length=32)] = ()
    """Several services, each with a share of the requests."""
    redirect: RedirectSettings | None = None
    respond: RespondSettings | None = None
    aggregate: AggregateSettings | None = None
    sticky: StickySettings | None = None
    """Clients keep their backend."""
    mirror: MirrorSettings | None = None
    websocket: bool = False
    """For upgrades to WebSocket (RFC 6455), and for nothing else."""
    timeouts: TimeoutsSettings | None = None
    retries: RetriesSettings | None = None
    """Requests that may be repeated are sent again where the service fails."""
    fallback: ServiceFallbackSettings | None = None
    """What answers where the service fails."""
    faults: FaultsSettings | None = None
    """Faults on purpose, for tests and game days; never in production."""
    priority: Literal["critical", "default", "sheddable"] = "default"
    """What is refused first where an isolate has too much to do (`load_shedding`)."""
    upstream_host: HostName | None = None
    """Host that a service binding sees in the URL and in the Host field."""
    upstream_path: UpstreamPath | None = None
    """Path at the service, with the same parameters; the same as `path` where it is missing."""
    access: Literal["public", "authenticated"] | AccessSettings
    """Has to be said: nothing is public by accident."""
    network: NetworkSettings | None = None
    """Addresses and countries that may call it, whoever they are."""
    csrf: bool | CsrfSettings | None = None
    """Refuses what other pages have made of a cookie. A route that takes sessions always does,
    where something can change; any other does if it says so."""
    maintenance: bool | MaintenanceSettings = False
    rate_limit: str | Annotated[tuple[Name, ...], Meta(min_length=1, max_length=8)] | None = None
    """Its limit, or several, each of which has to let a request pass. (A pattern beside a tuple
    breaks msgspec's memory; that the limit exists is checked.)"""
    cost: Annotated[int, Meta(ge=1, le=1000)] = 1
    """Permits of each of its limits that a request takes."""
    cost_header: FieldName | None = None
    """A field of the service's answers that says what the request did cost."""
    idempotency: bool | IdempotencySettings = False
    """Requests with an Idempotency-Key take effect once for each key."""
    cors: Name | None = None
    """Which pages of other origins may call it; without one, none may read its answers."""
    cache: CacheSettings | None = None
    purge: Annotated[tuple[TagTemplate, ...], Meta(max_length=16)] = ()
    """Tags of stored answers that are out of date once something has been changed by this route."""
    validate: ValidateSettings | None = None
    """What its requests and answers are checked against."""
    transform: Name | None = None
    plugin: PluginName | None = None
    """A policy of your own, for what settings cannot say."""
    max_body: SizeOrUnlimited = "1MiB"


class Table(Settings, frozen=True, kw_only=True):
    """The whole of `routes.yaml`."""

    versions: VersionsSettings
    paths: PathsSettings = field(default_factory=PathsSettings)
    services: Annotated[dict[Name, ServiceSettings], Meta(min_length=1)]
    rate_limits: dict[Name, RateLimitSettings] = field(default_factory=dict)
    address_guard: AddressGuardSettings | None = None
    """What one address may send to an isolate, before anything else is looked at."""
    schemas: dict[Name, bool | dict[str, Any]] = field(default_factory=dict)
    """JSON Schemas (2020-12) by name."""
    roles: dict[Name, RoleSettings] = field(default_factory=dict)
    cors: dict[Name, CorsSettings] = field(default_factory=dict)
    request_limits: RequestLimits = field(default_factory=RequestLimits)
    load_shedding: LoadSheddingSettings | None = None
    """When an isolate refuses requests, those of low priority first."""
    security_headers: SecurityHeadersSettings = field(default_factory=SecurityHeadersSettings)
    transforms: dict[Name, TransformSettings] = field(default_factory=dict)
    changes: tuple[ChangeSettings, ...] = ()
    routes: Annotated[tuple[RouteSettings, ...], Meta(min_length=1)]
    compiled_schemas: dict[str, Any] | None = None
    """What the host has made of all schemas (`schema.program`); no file says it."""
    compiled_zones: dict[str, tuple[tuple[int, int], ...]] | None = None
    """The offsets of the time zones of calendar quotas, from the host; no file says it."""
