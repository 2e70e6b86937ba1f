"""The settings of a route's end: several backends, a redirect, an answer of the table's own, parts
of several services put together; and what goes with a call to a service, credentials among it.

Whether they fit together, and to the rest of the route, is `routing.check.ends`.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, field

from routing.texts import FieldName, HostName, Name, UpstreamPath
from routing.units import PositiveDuration
from settings import Settings
from transforms.fields import FieldText, HeaderOperation

MAX_PARTS = 6
"""Of an aggregation: Cloudflare lets that many connections of a request wait for header fields."""

BoundedSize = Annotated[
    str,
    Meta(pattern=r"^[0-9]{1,9}(B|KiB|MiB)$", description="A size such as 64KiB or 1MiB."),
]
PartName = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$", description="A member such as latest_orders."),
]
CookieName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$",
        description="The name of a header field or of a cookie.",
    ),
]
PartPath = Annotated[
    str,
    Meta(
        pattern=r"^/",
        max_length=1024,
        description="A path at the service with placeholders, such as /users/${path.id}/orders.",
    ),
]


SecretName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z][A-Z0-9_]{0,62}$",
        description="The name of a secret of the gateway Worker such as PARTNER_KEY; never its "
        "value.",
    ),
]
CredentialPrefix = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z][A-Za-z0-9 _-]{0,30}[ =]$",
        description="What stands before the secret, ending in a space or `=`, such as `Bearer `.",
    ),
]
UserName = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1F\x7F:]{1,200}$",
        description="A user name without a colon (RFC 7617, section 2).",
    ),
]


class BasicSettings(Settings, frozen=True, kw_only=True):
    """User and password as one value (RFC 7617); exactly one of the two users."""

    user: UserName | None = None
    user_secret: SecretName | None = None
    password_secret: SecretName


class CredentialsSettings(Settings, frozen=True, kw_only=True):
    """What the gateway shows to a service, made of secrets; exactly one of `secret` and `basic`."""

    header: FieldName = "Authorization"
    """The field; what clients send in it never reaches the service."""
    prefix: CredentialPrefix | None = None
    """Stands before the secret."""
    secret: SecretName | None = None
    """Name of a secret of the gateway Worker."""
    basic: BasicSettings | None = None


class HeaderEdits(Settings, frozen=True, kw_only=True):
    """Operations on header fields, in order."""

    headers: tuple[HeaderOperation, ...] = ()


class BackendSettings(Settings, frozen=True, kw_only=True):
    """One of several services that share a route's requests."""

    service: Name
    weight: Annotated[int, Meta(ge=0, le=1_000_000)] = 1
    """Its share: this weight of the sum of all weights. 0 gets nothing."""
    upstream_path: UpstreamPath | None = None
    """Path at this service, in place of the route's."""
    request: HeaderEdits = field(default_factory=HeaderEdits)
    """For requests to this backend only."""
    response: HeaderEdits = field(default_factory=HeaderEdits)
    """For answers of this backend only."""


class StickySettings(Settings, frozen=True, kw_only=True):
    """By what a client is known, so that it keeps its backend."""

    by: Literal["header", "cookie", "subject", "address"]
    name: CookieName | None = None
    """Name of the header field or of the cookie."""
    max_age: PositiveDuration = "24h"
    """How long a client keeps the cookie that the gateway gives it."""


class MirrorSettings(Settings, frozen=True, kw_only=True):
    """A copy of the requests goes to another service as well; nobody waits for its answers."""

    service: Name
    percent: Annotated[float, Meta(gt=0, le=100)] = 100.0
    """Of how many requests."""
    max_body: BoundedSize = "64KiB"
    """Requests with larger bodies, or bodies that do not say their size, are not copied."""
    timeout: PositiveDuration = "5s"


class RedirectSettings(Settings, frozen=True, kw_only=True):
    """The client is sent elsewhere (the members are those of Gateway API's RequestRedirect)."""

    scheme: Literal["http", "https"] | None = None
    host: HostName | None = None
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    path: UpstreamPath | None = None
    """The whole path, with parameters of the route."""
    path_prefix: UpstreamPath | None = None
    """What takes the place of the route's prefix; the rest of the path stays."""
    status: Literal[301, 302, 303, 307, 308] = 302


class RespondSettings(Settings, frozen=True, kw_only=True):
    """An answer that stands in the table."""

    status: Annotated[int, Meta(ge=200, le=599)] = 200
    headers: dict[FieldName, FieldText] = field(default_factory=dict)
    json: Any = UNSET
    """A document whose texts are templates."""
    text: Annotated[str, Meta(max_length=65_536)] | None = None
    """A template."""


class PartSettings(Settings, frozen=True, kw_only=True):
    """A part of an aggregated answer: what a service says at a path, asked with GET."""

    service: Name
    path: PartPath
    optional: bool = False
    """Whether there is an answer without it: the part is null then."""
    timeout: PositiveDuration | None = None
    """For all of the part's answer, its body as well; else as long as the service may take."""


class AggregateSettings(Settings, frozen=True, kw_only=True):
    """The answer is an object with the JSON answers of several services as its members."""

    parts: Annotated[dict[PartName, PartSettings], Meta(min_length=1, max_length=MAX_PARTS)]
    max_body: BoundedSize = "1MiB"
    """How large the answer of each part may be."""


class TimeoutsSettings(Settings, frozen=True, kw_only=True):
    """How long a route may take, in place of what its service may."""

    headers: PositiveDuration | None = None
    """From the call of the service until its answer's header fields."""
    total: PositiveDuration | None = None
    """From the arrival of the request until the end of the answer's body, which is cut off."""
    idle: PositiveDuration | None = None
    """Between two pieces of the answer's body, which is cut off."""
