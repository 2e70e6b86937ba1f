"""Names that two Workers must spell alike: header fields, bindings, object classes.

Header names are lower case, as workerd hands them over and as HTTP/2 sends them.
"""

from typing import Final

API_VERSION: Final = "api-version"
"""Selects a version where the path does not name one."""

REQUEST_ID: Final = "x-request-id"
"""Made by the gateway for each request; it stands in every answer, log line and problem."""

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
"""W3C Trace Context, Level 2."""

IDENTITY: Final = "gateway-identity"
"""The verified caller, from the gateway to a service: see `contract.identity`."""

MIRROR: Final = "gateway-mirror"
"""On a copy of a request, whose answer nobody waits for."""

DEADLINE: Final = "gateway-deadline-ms"
"""To a service: for how many milliseconds from now the gateway waits for the header fields of its
answer. What is made later nobody gets."""

IDEMPOTENCY_KEY: Final = "idempotency-key"
"""Makes a request take effect once (draft-ietf-httpapi-idempotency-key-header-07)."""

IDEMPOTENCY_REPLAYED: Final = "idempotency-replayed"
"""On an answer that was given before, to a request with the same key."""

INTERNAL_PREFIX: Final = "gateway-"
"""Fields with this prefix belong to the gateway: none from outside gets to a service."""

HEALTH_PATH: Final = "/healthz"
"""Where the gateway tells how it and the other Workers are."""

ADMIN_PREFIX: Final = "/-/"
"""Below this the gateway answers its operators, on the host ADMIN_HOST alone. No route of a table
lies there."""

IDENTITY_KEYS_PATH: Final = "/.well-known/gateway-identity-keys"
"""Where the gateway publishes the keys with which `IDENTITY` is verified."""

TABLE_FIELD: Final = "x-table"
"""In development: which table made the answer."""

CLIENT_ADDRESS: Final = "cf-connecting-ip"
"""Set by Cloudflare's edge; the only source of the client's address."""


class Binding:
    """Names of the gateway's bindings, as its wrangler.toml declares them."""

    AUTH: Final = "AUTH"
    DATA: Final = "DATA"
    CACHE: Final = "CACHE"
    RATE_LIMITER: Final = "RATE_LIMITER"
    CIRCUIT_BREAKER: Final = "CIRCUIT_BREAKER"
    BREAKER_DIRECTORY: Final = "BREAKER_DIRECTORY"
    CACHE_LEASE: Final = "CACHE_LEASE"
    CACHE_STATISTICS: Final = "CACHE_STATISTICS"
    CHANGE_FEED: Final = "CHANGE_FEED"
    AUDIT_LOG: Final = "AUDIT_LOG"
    IDEMPOTENCY: Final = "IDEMPOTENCY"
    TABLES: Final = "TABLES"


OBJECTS: Final = {
    Binding.RATE_LIMITER: "RateLimiter",
    Binding.CIRCUIT_BREAKER: "CircuitBreaker",
    Binding.BREAKER_DIRECTORY: "BreakerDirectory",
    Binding.CACHE_LEASE: "CacheLease",
    Binding.CACHE_STATISTICS: "CacheStatistics",
    Binding.CHANGE_FEED: "ChangeFeed",
    Binding.AUDIT_LOG: "AuditLog",
    Binding.IDEMPOTENCY: "Idempotency",
}
"""The classes of the state Worker's objects, by the binding that each has."""


IDENTITY_SECRET: Final = "IDENTITY_KEYS"  # noqa: S105  (its name)
"""The secret with the keys by which the gateway signs who is calling. It is the gateway's own: no
table has it sent to a service."""


PING: Final = "ping"
"""The RPC method by which `/healthz` asks any Worker and object whether it is there."""
