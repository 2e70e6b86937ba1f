"""Concurrency: how many requests are in flight. Permits are given back, or expire.

All that counts are the leases that are out, and those are with the authority; what has been given
back or has expired is gone without a trace. So there is nothing to keep here.
"""

import math
from typing import Final

import msgspec

from contract.limiting.limit import Limit

_AGAIN: Final = 1.0
"""Seconds: when a place will be free nobody knows."""


class InFlight(msgspec.Struct, tag="flight"):
    """Nothing is counted beside the leases."""

    def free(self, limit: Limit, now: float) -> float:
        return limit.quota

    def charge(self, limit: Limit, permits: int, granted: float, used: float) -> None:
        """Nothing: what has ended does not count."""

    def expire(self, limit: Limit, now: float) -> None:
        """Nothing."""

    def end(self, limit: Limit, now: float) -> float:
        return math.inf

    def reset(self, limit: Limit, now: float) -> float:
        return 0.0

    def next(self, limit: Limit, now: float, permits: int) -> float:
        return math.inf if permits > limit.quota else min(_AGAIN, limit.window)

    def idle_at(self, limit: Limit) -> float:
        return 0.0

    def copy(self) -> "InFlight":
        return self
