"""Messages between the gateway and a `RateLimiter` object. One object holds one key's window."""

from typing import Protocol

import msgspec


class LimitRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for `cost` permits of `quota` permits per `window` seconds."""

    quota: int
    window: float
    cost: int = 1


class LimitDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. `remaining` counts permits left after this request. `reset` is in seconds: until
    a refused request may succeed, or, where it was admitted, until the current window ends."""

    admitted: bool
    remaining: int
    reset: float


class RateLimiterRpc(Protocol):
    """The RPC methods of a `RateLimiter` object."""

    def check(self, request: str) -> str: ...

    def ping(self) -> str: ...
