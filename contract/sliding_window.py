"""Sliding-window counter: how many permits of a quota are left, from two counts and the clock.

Time is cut into windows of equal length; the count of the previous window weighs as much as of it
still lies within one window's length before now. The estimate assumes that the previous window's
requests were spread evenly, which is what makes two integers enough. The state machine has no clock
of its own: `now` is handed in, and time never runs backwards within one window's state.
"""

import math

import msgspec

from contract.limits import LimitDecision


class SlidingWindow(msgspec.Struct):
    """Counts of the window `index` (`current`) and of the one before it (`previous`)."""

    index: int = 0
    current: int = 0
    previous: int = 0
    latest: float = 0.0
    """The latest time seen, in Unix seconds: a clock that steps back is not followed."""

    def check(self, quota: int, window: float, cost: int, now: float) -> LimitDecision:
        """Take `cost` permits if the quota of `quota` per `window` seconds allows it."""
        now = self.latest = max(self.latest, now)
        self._roll(int(now // window))
        elapsed = now / window - self.index
        estimate = self.previous * (1.0 - elapsed) + self.current
        admitted = estimate + cost <= quota
        if admitted:
            self.current += cost
            estimate += cost
            reset = (1.0 - elapsed) * window
        else:
            reset = self._wait(quota, window, cost, elapsed)
        return LimitDecision(
            admitted=admitted, remaining=max(0, math.floor(quota - estimate)), reset=reset
        )

    def _roll(self, index: int) -> None:
        if index == self.index:
            return
        self.previous = self.current if index == self.index + 1 else 0
        self.current = 0
        self.index = index

    def _wait(self, quota: int, window: float, cost: int, elapsed: float) -> float:
        """Seconds until `cost` permits are free, if nobody else takes any before."""
        if cost > quota:
            return window  # Never; but JSON has no infinity, and a later answer says the same.
        free = quota - cost - self.current
        if free >= 0:
            # Enough of the previous window has to leave; it is > free, or we had admitted.
            return max(0.0, (1.0 - free / self.previous - elapsed) * window)
        # Only the next window helps, in which today's count fades as the previous one.
        fade = max(0.0, 1.0 - (quota - cost) / self.current)
        return (1.0 - elapsed + fade) * window
