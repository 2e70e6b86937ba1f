"""Calendar quota: a count that begins anew with each day, or month, of a time zone."""

import math

import msgspec

from contract.limiting.calendar import period_end, period_index
from contract.limiting.limit import Limit


class CalendarQuota(msgspec.Struct, tag="calendar"):
    """The count of the day or month `index`, which ends at the time `until`."""

    index: int = 0
    count: int = 0
    until: float = 0.0

    def free(self, limit: Limit, now: float) -> float:
        return limit.quota - self.count

    def charge(self, limit: Limit, permits: int, granted: float, used: float) -> None:
        # A lease ends with its period, so it was used in the one in which it was granted.
        self.expire(limit, granted)
        if period_index(limit.period, limit.offsets, granted) == self.index:
            self.count += permits

    def expire(self, limit: Limit, now: float) -> None:
        index = period_index(limit.period, limit.offsets, now)
        if index > self.index:
            self.index, self.count = index, 0
            self.until = self.end(limit, now)

    def end(self, limit: Limit, now: float) -> float:
        return period_end(limit.period, limit.offsets, now)

    def reset(self, limit: Limit, now: float) -> float:
        return self.end(limit, now) - now

    def next(self, limit: Limit, now: float, permits: int) -> float:
        return math.inf if permits > limit.quota else self.reset(limit, now)

    def idle_at(self, limit: Limit) -> float:
        return self.until

    def copy(self) -> "CalendarQuota":
        return msgspec.structs.replace(self)
