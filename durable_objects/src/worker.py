"""The state Worker's entry: the Durable Object classes that other Workers bind by `script_name`.

It has no address of its own; every class answers RPC only.
"""

from state.audit_log import AuditLog
from state.breaker_directory import BreakerDirectory
from state.cache_lease import CacheLease
from state.cache_statistics import CacheStatistics
from state.change_feed import ChangeFeed
from state.circuit_breaker import CircuitBreaker
from state.idempotency import Idempotency
from state.rate_limiter import RateLimiter

__all__ = [
    "AuditLog",
    "BreakerDirectory",
    "CacheLease",
    "CacheStatistics",
    "ChangeFeed",
    "CircuitBreaker",
    "Idempotency",
    "RateLimiter",
]
