"""Fixed window: a count that begins anew at each multiple of the window's length (Unix time)."""

import math

import msgspec

from contract.limiting.limit import Limit


class FixedWindow(msgspec.Struct, tag="fixed"):
    """The count of the window `index`."""

    index: int = 0
    count: int = 0

    def free(self, limit: Limit, now: float) -> float:
        return limit.quota - self.count

    def charge(self, limit: Limit, permits: int, granted: float, used: float) -> None:
        # A lease ends with its window, so it was used in the one in which it was granted.
        self.expire(limit, granted)
        if int(granted // limit.window) == self.index:
            self.count += permits

    def expire(self, limit: Limit, now: float) -> None:
        index = int(now // limit.window)
        if index > self.index:
            self.index, self.count = index, 0

    def end(self, limit: Limit, now: float) -> float:
        return (now // limit.window + 1) * limit.window

    def reset(self, limit: Limit, now: float) -> float:
        return self.end(limit, now) - now

    def next(self, limit: Limit, now: float, permits: int) -> float:
        return math.inf if permits > limit.quota else self.reset(limit, now)

    def idle_at(self, limit: Limit) -> float:
        return (self.index + 1) * limit.window

    def copy(self) -> "FixedWindow":
        return msgspec.structs.replace(self)
