"""The settings in `routes.yaml`, as types: they decode it, describe it and check its values.

A table decodes into these Structs on the host, travels as JSON, and decodes into the same Structs
at the edge. Whether the parts fit together (a route names a service that exists) is
`routing.check`.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from routing.units import Duration, PositiveDuration, SizeOrUnlimited
from transforms.operations import BodyOperation

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,62}$", description="A lower-case name.")]
VersionName = Annotated[str, Meta(pattern=r"^v[0-9]{1,4}$", description="A version such as v2.")]
PathTemplate = Annotated[
    str,
    Meta(
        pattern=r"^(/([A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]{0,31}\}))+$",
        description="A path of literal segments and {parameters}, without a version prefix.",
    ),
]
Scope = Annotated[str, Meta(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,100}$")]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Settings(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What all settings have in common: immutable, by name, and no member that nobody knows."""


class VersionSettings(Settings, frozen=True, kw_only=True):
    """One public version of the API and where it stands in its life."""

    deprecated: datetime | None = None
    """Since when it is deprecated (RFC 9745)."""
    sunset: datetime | None = None
    """When it is to go away (RFC 8594); not before `deprecated`."""
    successor: VersionName | None = None
    documentation: str | None = None
    """Page about the deprecation and the sunset; target of the Link relations of these names."""


class VersionsSettings(Settings, frozen=True, kw_only=True):
    """The versions, and which one answers where a request names none."""

    default: VersionName
    supported: Annotated[dict[VersionName, VersionSettings], Meta(min_length=1)]


class CircuitBreakerSettings(Settings, frozen=True, kw_only=True):
    """When calls to a service are cut off (the words are resilience4j's)."""

    failure_rate_threshold: Annotated[float, Meta(gt=0, le=100)] = 50.0
    minimum_calls: Annotated[int, Meta(ge=1, le=1000)] = 5
    window: Annotated[int, Meta(ge=1, le=1000)] = 20
    wait_open: PositiveDuration = "10s"
    probes: Annotated[int, Meta(ge=1, le=100)] = 1


class ServiceSettings(Settings, frozen=True, kw_only=True):
    """Where requests can go: a service binding, or a URL outside."""

    binding: Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]{0,62}$")] | None = None
    url: Annotated[str, Meta(pattern=r"^https?://[^\s?#]+[^\s?#/]$")] | None = None
    timeout: PositiveDuration = "10s"
    """How long to wait for the response's header fields."""
    circuit_breaker: CircuitBreakerSettings | None = None


class RateLimitSettings(Settings, frozen=True, kw_only=True):
    """A quota. Routes that name the same limit share it."""

    quota: Annotated[int, Meta(ge=1, le=1_000_000)]
    window: PositiveDuration
    by: Literal["address", "subject", "route"]
    """Whose requests are counted together: a client address, a verified caller, or everybody's."""
    timeout: PositiveDuration = "500ms"
    """How long to wait for the limiter object before the isolate limits by itself."""


class JsonTransform(Settings, frozen=True, kw_only=True):
    """Operations on a JSON body, in order."""

    json: tuple[BodyOperation, ...] = ()


class TransformSettings(Settings, frozen=True, kw_only=True):
    """How a request is brought to the form the service speaks, and its answer back."""

    request: JsonTransform = field(default_factory=JsonTransform)
    response: JsonTransform = field(default_factory=JsonTransform)


class AccessSettings(Settings, frozen=True, kw_only=True):
    """A verified caller is required, with all of these scopes."""

    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1)]


class CacheSettings(Settings, frozen=True, kw_only=True):
    """Answers may be stored and used again."""

    ttl: Duration
    """Freshness lifetime where the service does not state one."""


class RouteSettings(Settings, frozen=True, kw_only=True):
    """One route: what it matches, who may use it, where it goes and what happens on the way."""

    name: Name
    path: PathTemplate
    methods: Annotated[tuple[Method, ...], Meta(min_length=1)]
    versions: tuple[VersionName, ...] = ()
    """Versions that it belongs to; a route without is reached without one."""
    service: Name
    upstream_path: PathTemplate | None = None
    """Path at the service, with the same parameters; the same as `path` where it is missing."""
    access: Literal["public", "authenticated"] | AccessSettings
    """Has to be said: nothing is public by accident."""
    rate_limit: Name | None = None
    cache: CacheSettings | None = None
    transform: Name | None = None
    max_body: SizeOrUnlimited = "1MiB"


class Table(Settings, frozen=True, kw_only=True):
    """The whole of `routes.yaml`."""

    versions: VersionsSettings
    services: Annotated[dict[Name, ServiceSettings], Meta(min_length=1)]
    rate_limits: dict[Name, RateLimitSettings] = {}
    transforms: dict[Name, TransformSettings] = {}
    routes: Annotated[tuple[RouteSettings, ...], Meta(min_length=1)]
