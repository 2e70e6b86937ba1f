"""Messages between the gateway and a `CircuitBreaker` object. One object holds one upstream."""

from typing import Protocol

import msgspec

from contract.circuit_breaker import BreakerSettings, State


class BreakerReport(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes since the isolate's last report: first the successes, then the failures."""

    settings: BreakerSettings
    successes: int = 0
    failures: int = 0
    probe: bool = False
    """The outcome belongs to a call that was admitted in half-open."""


class BreakerRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for permission to call while the breaker is not known to be closed."""

    settings: BreakerSettings


class BreakerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What the object says. `version` grows with each transition; `retry_after` is in seconds and
    counts from this answer; `permitted` only means something in answer to a `BreakerRequest`."""

    state: State
    version: int
    retry_after: float = 0.0
    permitted: bool = True


class CircuitBreakerRpc(Protocol):
    """The RPC methods of a `CircuitBreaker` object."""

    def report(self, report: str) -> str: ...

    def acquire(self, request: str) -> str: ...

    def ping(self) -> str: ...
