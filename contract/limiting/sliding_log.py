"""Exact sliding window: the times of all permits, so that no window of that length, wherever it
begins, has more than the quota.

A log of a large quota would be large, so times are rounded up to a `_GRAINS`-th of the window where
the quota has more permits than that: each then counts that much longer, and never shorter.
"""

import math
from bisect import bisect_left, bisect_right
from typing import Final

import msgspec

from contract.limiting.limit import Limit

_GRAINS: Final = 512
_MOST: Final = 2 * _GRAINS
"""Entries. What is charged beyond the quota could be more; the oldest two then become one."""


class SlidingLog(msgspec.Struct, tag="log"):
    """`permits[i]` were used at `times[i]`, or before."""

    times: list[float] = []
    permits: list[int] = []

    def free(self, limit: Limit, now: float) -> float:
        return limit.quota - sum(self.permits)

    def charge(self, limit: Limit, permits: int, granted: float, used: float) -> None:
        if limit.quota > _GRAINS:
            grain = limit.window / _GRAINS
            used = math.ceil(used / grain) * grain
        place = bisect_left(self.times, used)
        if place < len(self.times) and self.times[place] == used:
            self.permits[place] += permits
            return
        self.times.insert(place, used)
        self.permits.insert(place, permits)
        if len(self.times) > _MOST:
            self.permits[1] += self.permits[0]
            del self.times[0], self.permits[0]

    def expire(self, limit: Limit, now: float) -> None:
        over = bisect_right(self.times, now - limit.window)
        if over:
            del self.times[:over], self.permits[:over]

    def end(self, limit: Limit, now: float) -> float:
        return math.inf

    def reset(self, limit: Limit, now: float) -> float:
        return max(0.0, self.times[-1] + limit.window - now) if self.times else 0.0

    def next(self, limit: Limit, now: float, permits: int) -> float:
        if permits > limit.quota:
            return math.inf
        missing = permits - self.free(limit, now)
        for time, count in zip(self.times, self.permits, strict=True):
            missing -= count
            if missing <= 0:
                return max(0.0, time + limit.window - now)
        return limit.window

    def idle_at(self, limit: Limit) -> float:
        return self.times[-1] + limit.window if self.times else 0.0

    def copy(self) -> "SlidingLog":
        return SlidingLog(list(self.times), list(self.permits))
