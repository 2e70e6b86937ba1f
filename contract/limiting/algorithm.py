"""What an algorithm is: counts of permits, what they leave free, and when they leave more.

All take the limit and the time, in Unix seconds of the object that keeps the counts; it never goes
back. `expire` is called before anything is asked of them.
"""

import math
from typing import Protocol, Self

from contract.limiting.calendar_quota import CalendarQuota
from contract.limiting.fixed_window import FixedWindow
from contract.limiting.in_flight import InFlight
from contract.limiting.limit import Algorithm as Name
from contract.limiting.limit import Limit
from contract.limiting.sliding_log import SlidingLog
from contract.limiting.sliding_window import SlidingWindow
from contract.limiting.token_bucket import TokenBucket


class Algorithm(Protocol):
    """Counts of the permits that were used, or may be."""

    def free(self, limit: Limit, now: float) -> float:
        """Permits that can be granted at `now` if none but those charged are out; below zero where
        more are charged than the limit has."""
        ...

    def charge(self, limit: Limit, permits: int, granted: float, used: float) -> None:
        """Count permits of a lease of the time `granted`, the last of which was, or may have been,
        used at `used`. Neither has to be later than what was charged before."""
        ...

    def expire(self, limit: Limit, now: float) -> None:
        """Forget what no longer counts."""
        ...

    def end(self, limit: Limit, now: float) -> float:
        """When permits that are granted now are void whatever their lease says: the end of the
        window, or infinity where windows slide."""
        ...

    def reset(self, limit: Limit, now: float) -> float:
        """Seconds until everything is free again, or a new window begins."""
        ...

    def next(self, limit: Limit, now: float, permits: int) -> float:
        """Seconds until `permits`, more than there are, are free if nobody takes any before;
        infinity where they never are."""
        ...

    def idle_at(self, limit: Limit) -> float:
        """The time from which on nothing counts."""
        ...

    def copy(self) -> Self:
        """The same counts, to be changed by themselves."""
        ...


Counts = SlidingWindow | SlidingLog | TokenBucket | FixedWindow | CalendarQuota | InFlight

_COUNTS: dict[Name, type[Counts]] = {
    "sliding_window": SlidingWindow,
    "sliding_log": SlidingLog,
    "token_bucket": TokenBucket,
    "fixed_window": FixedWindow,
    "calendar": CalendarQuota,
    "concurrency": InFlight,
}


def counts_for(limit: Limit, counts: Counts | None) -> Counts:
    """`counts` where they are of the limit's algorithm, else new ones."""
    wanted = _COUNTS[limit.algorithm]
    return counts if isinstance(counts, wanted) else wanted()


def whole(free: float) -> int:
    """The whole permits in `free`: what adding and taking away leaves of one counts as one."""
    return math.floor(free + 1e-9)
