"""Token bucket, which is the generic cell rate algorithm (GCRA): a steady rate, with bursts.

In any time of `d` seconds at most `burst + d * quota / window` permits are used. What is kept is
the backlog: what has been used and has not flowed in again. It is kept as a level at a time, and
not as the time at which it will be zero, whose rounding would add up.
"""

import math

import msgspec

from contract.limiting.limit import Limit


class TokenBucket(msgspec.Struct, tag="bucket"):
    """`backlog` permits were missing from the full bucket at the time `at`."""

    backlog: float = 0.0
    at: float = 0.0

    def _missing(self, limit: Limit, now: float) -> float:
        return max(0.0, self.backlog - limit.rate * max(0.0, now - self.at))

    def free(self, limit: Limit, now: float) -> float:
        return limit.capacity - self._missing(limit, now)

    def charge(self, limit: Limit, permits: int, granted: float, used: float) -> None:
        # What was used before `at` is counted as if it were used then, which is never less: nothing
        # of it has flowed in yet.
        if used > self.at:
            self.backlog, self.at = self._missing(limit, used), used
        self.backlog += permits

    def expire(self, limit: Limit, now: float) -> None:
        """Nothing: the backlog becomes less by itself."""

    def end(self, limit: Limit, now: float) -> float:
        return math.inf

    def reset(self, limit: Limit, now: float) -> float:
        return self._missing(limit, now) / limit.rate

    def next(self, limit: Limit, now: float, permits: int) -> float:
        if permits > limit.capacity:
            return math.inf
        return max(0.0, self.at + (self.backlog + permits - limit.capacity) / limit.rate - now)

    def idle_at(self, limit: Limit) -> float:
        return self.at + self.backlog / limit.rate

    def copy(self) -> "TokenBucket":
        return msgspec.structs.replace(self)
