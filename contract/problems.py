"""Every error that a client can meet: one registry of problem types, one exception, one document.

The document is RFC 9457 (`application/problem+json`). `docs/problems.md` is generated from the
registry, and the gateway serves each entry at its `type`, so an error always explains itself.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "/problems/"


class Category(StrEnum):
    """Where the cause lies: what to look at first."""

    REQUEST = "REQUEST"
    ROUTING = "ROUTING"
    AUTH = "AUTH"
    LIMIT = "LIMIT"
    DB = "DB"
    NETWORK = "NETWORK"
    UPSTREAM = "UPSTREAM"
    INTERNAL = "INTERNAL"


class ProblemType(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the registry. `retryable`: the same request may succeed later, unchanged."""

    code: str
    status: int
    category: Category
    title: str
    explanation: str
    retryable: bool = False

    @property
    def uri(self) -> str:
        """The `type` member: a relative reference that the gateway itself answers."""
        return TYPE_PREFIX + self.code


class Problem(Exception):
    """An error on its way to the client.

    `detail` is a sentence about this occurrence, written for a person and free of secrets;
    `headers` go out with the answer; `extensions` become further members of the document.
    """

    def __init__(
        self,
        type: ProblemType,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(detail or type.title)
        self.type = type
        self.detail = detail
        self.headers: dict[str, str] = dict(headers or {})
        self.extensions = extensions

    def document(self, request_id: str | None) -> bytes:
        """Encode as RFC 9457, section 3, with the members `code`, `category`, `retryable` added."""
        members: dict[str, Any] = {
            "type": self.type.uri,
            "title": self.type.title,
            "status": self.type.status,
            "detail": self.detail or self.type.explanation,
            "code": self.type.code,
            "category": self.type.category,
            "retryable": self.type.retryable,
        }
        if request_id is not None:
            members["request_id"] = request_id
        members.update(self.extensions)
        return msgspec.json.encode(members)


_REGISTRY: dict[str, ProblemType] = {}


def _define(
    code: str,
    status: int,
    category: Category,
    title: str,
    explanation: str,
    *,
    retryable: bool = False,
) -> ProblemType:
    entry = ProblemType(
        code=code,
        status=status,
        category=category,
        title=title,
        explanation=explanation,
        retryable=retryable,
    )
    _REGISTRY[code] = entry
    return entry


def registry() -> Mapping[str, ProblemType]:
    """All problem types by code, in the order in which they are documented."""
    return _REGISTRY


MALFORMED_REQUEST = _define(
    "malformed-request",
    400,
    Category.REQUEST,
    "The request is malformed",
    "A part of the request cannot be read: its target, a header field or a parameter.",
)
TARGET_TOO_LONG = _define(
    "target-too-long",
    414,
    Category.REQUEST,
    "The URL is too long",
    "Path and query together are longer than the gateway reads. The detail has the limit in bytes.",
)
FIELDS_TOO_LARGE = _define(
    "fields-too-large",
    431,
    Category.REQUEST,
    "The header fields are too large",
    "There are more header fields than the gateway reads, or larger ones. The detail says which.",
)
INVALID_JSON = _define(
    "invalid-json",
    400,
    Category.REQUEST,
    "The body is not valid JSON",
    "The route reads the body as JSON (RFC 8259), and it is not. The detail says where.",
)
INVALID_CONTENT = _define(
    "invalid-content",
    422,
    Category.REQUEST,
    "The content does not fit",
    "The body is well-formed, but a member is missing, unknown or of the wrong kind.",
)
UNSUPPORTED_MEDIA_TYPE = _define(
    "unsupported-media-type",
    415,
    Category.REQUEST,
    "The media type is not supported",
    "This route accepts bodies of another media type; send the one that the detail names.",
)
CONTENT_TOO_LARGE = _define(
    "content-too-large",
    413,
    Category.REQUEST,
    "The body is too large",
    "The body exceeds the limit of this route. The detail names the limit in bytes.",
)
REQUEST_TIMEOUT = _define(
    "request-timeout",
    408,
    Category.REQUEST,
    "The body did not come in time",
    "The rest of the request's body is waited for, and no longer than the route allows.",
    retryable=True,
)
CONFLICT = _define(
    "conflict",
    409,
    Category.REQUEST,
    "The record has changed in the meantime",
    "The request was made for an earlier state of the record. Read it again, then repeat.",
)
PRECONDITION_FAILED = _define(
    "precondition-failed",
    412,
    Category.REQUEST,
    "The record is not in the state that you named",
    "If-Match names a version of the record that is not its current one. Read it again.",
)
IDEMPOTENCY_KEY_MISSING = _define(
    "idempotency-key-missing",
    400,
    Category.REQUEST,
    "An idempotency key is required",
    "Requests to this route need the field Idempotency-Key, with a value of their own, such as a "
    "random UUID. A repetition has the same value.",
)
IDEMPOTENCY_KEY_REUSED = _define(
    "idempotency-key-reused",
    422,
    Category.REQUEST,
    "The idempotency key belongs to another request",
    "The key was sent before, with another method, target, media type or body. Each request needs "
    "a key of its own; nothing was done.",
)
IDEMPOTENCY_IN_PROGRESS = _define(
    "idempotency-in-progress",
    409,
    Category.REQUEST,
    "The request is still being carried out",
    "A request with this key is under way. Ask again with the same key for its answer, as soon as "
    "Retry-After says.",
    retryable=True,
)
IDEMPOTENCY_IN_DOUBT = _define(
    "idempotency-in-doubt",
    409,
    Category.REQUEST,
    "It is not known whether the request took effect",
    "A request with this key was on its way to the service, and nobody knows what came of it. It "
    "is not sent again. Find out; if it took no effect, send it with a new key.",
)
IDEMPOTENCY_NOT_KEPT = _define(
    "idempotency-not-kept",
    409,
    Category.REQUEST,
    "The request was carried out, and its answer is gone",
    "The service has answered a request with this key, and the answer was too large to be kept or "
    "broke off. It is not sent again. The detail has the status.",
)
UNSUPPORTED_VERSION = _define(
    "unsupported-version",
    400,
    Category.ROUTING,
    "There is no such API version",
    "The request names a version that this API does not have; the detail lists those it has.",
)
VERSION_CONFLICT = _define(
    "version-conflict",
    400,
    Category.ROUTING,
    "The request names different versions",
    "Two parts of the request name different API versions. Send one of them.",
)
VERSION_GONE = _define(
    "version-gone",
    410,
    Category.ROUTING,
    "This API version has been switched off",
    "The sunset of this version is over. The Link field names the same resource in its successor.",
)
NOT_FOUND = _define(
    "not-found",
    404,
    Category.ROUTING,
    "Not found",
    "There is nothing at this address: no route, or no record with this identifier.",
)
METHOD_NOT_ALLOWED = _define(
    "method-not-allowed",
    405,
    Category.ROUTING,
    "The method is not allowed here",
    "The address exists, but not for this method. The Allow field lists those that work.",
)
WEBSOCKET_EXPECTED = _define(
    "websocket-expected",
    426,
    Category.ROUTING,
    "This address speaks WebSocket",
    "The route is for WebSocket connections and nothing else. Open one (RFC 6455).",
)
WEBSOCKET_REFUSED = _define(
    "websocket-refused",
    400,
    Category.ROUTING,
    "There is no WebSocket here",
    "The request asks for a WebSocket, and this route has none. Send it without Upgrade.",
)
LOOP_DETECTED = _define(
    "loop-detected",
    508,
    Category.ROUTING,
    "The request goes round in circles",
    "It has come through this gateway again and again: a service sends it back to where it was.",
)
ORIGIN_NOT_ALLOWED = _define(
    "origin-not-allowed",
    403,
    Category.REQUEST,
    "Pages of this origin may not do this",
    "A browser asked on behalf of a page whose origin the CORS policy of the route does not name.",
)
CSRF_REFUSED = _define(
    "csrf-refused",
    403,
    Category.AUTH,
    "The request may not be the caller's own",
    "It would change something by a cookie, and nothing shows that a page of ours has made it.",
)
UNAUTHENTICATED = _define(
    "unauthenticated",
    401,
    Category.AUTH,
    "Credentials are required",
    "The route is protected. Send an access token or an API key as a bearer credential.",
)
INVALID_CREDENTIALS = _define(
    "invalid-credentials",
    401,
    Category.AUTH,
    "The credentials are not valid",
    "The token or key is unknown, expired, revoked or damaged. Obtain a new one.",
)
INSUFFICIENT_SCOPE = _define(
    "insufficient-scope",
    403,
    Category.AUTH,
    "The credentials do not allow this",
    "The caller is known but lacks a scope of this route. The detail names it.",
)
CROSS_SITE = _define(
    "cross-site",
    403,
    Category.AUTH,
    "The request comes from another site",
    "Cookies count only for requests that pages of this very origin send.",
)
ACCESS_DENIED = _define(
    "access-denied",
    403,
    Category.AUTH,
    "The caller may not do this",
    "The caller is known but lacks a permission or another condition of this route.",
)
IDENTITY_REFUSED = _define(
    "identity-refused",
    403,
    Category.AUTH,
    "The service does not accept who is calling",
    "The service cannot verify that the gateway says who is calling. Its operators have to look.",
)
CLIENT_NOT_ALLOWED = _define(
    "client-not-allowed",
    403,
    Category.AUTH,
    "Not from this network",
    "The route only answers to certain addresses or countries, and the request is from elsewhere.",
)
AUTH_UNAVAILABLE = _define(
    "auth-unavailable",
    503,
    Category.AUTH,
    "Credentials cannot be checked right now",
    "The authentication service does not answer, so protected routes stay closed. Try again.",
    retryable=True,
)
RATE_LIMITED = _define(
    "rate-limited",
    429,
    Category.LIMIT,
    "Too many requests",
    "The quota of this policy is used up. Wait as long as Retry-After says.",
    retryable=True,
)
LIMITER_UNAVAILABLE = _define(
    "limiter-unavailable",
    503,
    Category.LIMIT,
    "The limit cannot be checked right now",
    "What counts the requests of this exact limit does not answer, so none are let in. Try again.",
    retryable=True,
)
OVERLOADED = _define(
    "overloaded",
    503,
    Category.LIMIT,
    "The gateway has too much to do",
    "More requests are under way than it takes on of this priority. Wait as long as Retry-After "
    "says.",
    retryable=True,
)
DATABASE_UNAVAILABLE = _define(
    "database-unavailable",
    503,
    Category.DB,
    "The database does not answer",
    "The record store failed or took too long. Nothing is known to be wrong with the request.",
    retryable=True,
)
UPSTREAM_UNREACHABLE = _define(
    "upstream-unreachable",
    502,
    Category.NETWORK,
    "The service cannot be reached",
    "The connection to the service behind this route failed before it answered.",
    retryable=True,
)
UPSTREAM_TIMEOUT = _define(
    "upstream-timeout",
    504,
    Category.NETWORK,
    "The service took too long",
    "The service behind this route did not answer within the time that the route allows.",
    retryable=True,
)
NOT_STORED = _define(
    "not-stored",
    504,
    Category.REQUEST,
    "No stored answer",
    "The request has only-if-cached, and the cache has no answer that it may use for it.",
    retryable=True,
)
UPSTREAM_INVALID = _define(
    "upstream-invalid",
    502,
    Category.UPSTREAM,
    "The service gave an unusable answer",
    "The service answered, but not in the form that this route promises to its clients.",
    retryable=True,
)
UPSTREAM_UNAVAILABLE = _define(
    "upstream-unavailable",
    503,
    Category.UPSTREAM,
    "The service is out of order",
    "The service failed repeatedly, so its circuit breaker is open, or an operator has opened it. "
    "Retry-After says when to try.",
    retryable=True,
)
UPSTREAM_BUSY = _define(
    "upstream-busy",
    503,
    Category.UPSTREAM,
    "The service has enough to do",
    "As many requests as it may get at once are under way, and those that wait for it are enough. "
    "It was not asked. Retry-After says when to try.",
    retryable=True,
)
UPSTREAM_NOT_CONFIGURED = _define(
    "upstream-not-configured",
    503,
    Category.UPSTREAM,
    "The gateway is not set up for the service",
    "What the gateway has to show to the service behind this route is missing, so the service was "
    "not asked. Whoever runs the gateway has to set it.",
    retryable=True,
)
IDEMPOTENCY_UNAVAILABLE = _define(
    "idempotency-unavailable",
    503,
    Category.INTERNAL,
    "Idempotency keys cannot be looked up right now",
    "Whether this request was sent before is not known, so it was not sent. Try again with the "
    "same key.",
    retryable=True,
)
MAINTENANCE = _define(
    "maintenance",
    503,
    Category.UPSTREAM,
    "Closed for maintenance",
    "This part of the API is closed for a while, on purpose. Try again later.",
    retryable=True,
)
AUDIT_UNAVAILABLE = _define(
    "audit-unavailable",
    503,
    Category.INTERNAL,
    "The audit log cannot be written",
    "Nothing is done by operators that is not written down first. Nothing was done; try again.",
    retryable=True,
)
ADMIN_UNAVAILABLE = _define(
    "admin-unavailable",
    503,
    Category.INTERNAL,
    "A part that this needs does not answer",
    "What the operation would ask or change does not answer, or is not bound.",
    retryable=True,
)
INTERNAL_ERROR = _define(
    "internal-error",
    500,
    Category.INTERNAL,
    "The gateway failed",
    "A defect on our side. The request id finds the log line that says which.",
)
