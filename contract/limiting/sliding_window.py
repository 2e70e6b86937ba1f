"""Sliding-window counter: how many permits of a quota are left, from two counts and the clock.

Time is cut into windows of equal length; the count of the previous window weighs as much as of it
still lies within one window's length before now. The estimate assumes that the previous window's
requests were spread evenly, which is what makes two integers enough. What is defined, and holds, is
that no request is admitted at a time at which the estimate with it is above the quota.
"""

import math

import msgspec

from contract.limiting.limit import Limit


class SlidingWindow(msgspec.Struct, tag="window"):
    """Counts of the window `index` (`current`) and of the one before it (`previous`)."""

    index: int = 0
    current: int = 0
    previous: int = 0

    def free(self, limit: Limit, now: float) -> float:
        return limit.quota - self.previous * self._weight(limit, now) - self.current

    def _weight(self, limit: Limit, now: float) -> float:
        """The part of the previous window that lies within one window's length before now."""
        return min(1.0, max(0.0, ((self.index + 1) * limit.window - now) / limit.window))

    def charge(self, limit: Limit, permits: int, granted: float, used: float) -> None:
        # A lease ends with its window, so it was used in the one in which it was granted.
        index = int(granted // limit.window)
        if index > self.index:
            self._roll(index)
        if index == self.index:
            self.current += permits
        elif index == self.index - 1:
            self.previous += permits

    def expire(self, limit: Limit, now: float) -> None:
        index = int(now // limit.window)
        if index > self.index:
            self._roll(index)

    def _roll(self, index: int) -> None:
        self.previous = self.current if index == self.index + 1 else 0
        self.current = 0
        self.index = index

    def end(self, limit: Limit, now: float) -> float:
        return (now // limit.window + 1) * limit.window

    def reset(self, limit: Limit, now: float) -> float:
        return self.end(limit, now) - now

    def next(self, limit: Limit, now: float, permits: int) -> float:
        if permits > limit.quota:
            return math.inf
        weight = self._weight(limit, now)
        free = limit.quota - permits - self.current
        if free >= self.previous * weight:
            return 0.0
        if free >= 0:
            # Enough of the previous window has to leave.
            return (weight - free / self.previous) * limit.window
        # Only the next window helps, in which today's count fades as the previous one.
        fade = max(0.0, 1.0 - (limit.quota - permits) / self.current)
        return (weight + fade) * limit.window

    def idle_at(self, limit: Limit) -> float:
        return (self.index + 2) * limit.window

    def copy(self) -> "SlidingWindow":
        return msgspec.structs.replace(self)
