"""What a limit is: how many permits, by which algorithm; and what follows from that for leases."""

import math
from typing import Final, Literal

import msgspec

Algorithm = Literal[
    "sliding_window", "sliding_log", "token_bucket", "fixed_window", "calendar", "concurrency"
]
Period = Literal["day", "month"]

DRIFT: Final = 0.01
"""How much faster or slower the clock of an isolate may run than that of an object."""
BEHIND: Final = 0.02
"""Seconds that an isolate's clock may be behind itself: it stands still between two waits."""
LONGEST_LIFE: Final = 60.0
_LONGEST_GRACE: Final = 10.0
_SHORTEST_LIFE: Final = 0.05
"""Seconds. What lives shorter than that is over before it has come."""


class Limit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`quota` permits in each `window` of seconds; what that means, the algorithm says.

    For a token bucket they are what flows in, and `burst` (0 for the quota) is what fits in. For
    concurrency the quota is what may be in flight, and `window` the seconds after which a permit
    that nobody has given back expires. A calendar has a `period` in place of a window, and the
    `offsets` of its time zone.
    """

    algorithm: Algorithm = "sliding_window"
    quota: int
    window: float = 0.0
    burst: int = 0
    period: Period = "day"
    offsets: tuple[tuple[int, int], ...] = ()
    """From when on (Unix seconds) local time is how many seconds ahead of UTC, in order."""

    @property
    def capacity(self) -> int:
        """The most that can ever be admitted at once."""
        return self.burst or self.quota

    @property
    def rate(self) -> float:
        """Permits that flow in, each second."""
        return self.quota / self.window

    def life(self) -> float:
        """Seconds for which a lease is charged at the longest, from when it is granted; 0 where
        leases make no sense. What ends with its window may be longer than what slides, where each
        second costs a permit that much of its window."""
        match self.algorithm:
            case "sliding_log" | "token_bucket":
                life = min(self._refill() / 10, LONGEST_LIFE)
            case "sliding_window" | "fixed_window":
                life = min(self.window / 4, LONGEST_LIFE)
            case "calendar":
                life = LONGEST_LIFE
            case "concurrency":
                return 0.0
        return life if told(life) >= _SHORTEST_LIFE else 0.0

    @property
    def starts_afresh(self) -> bool:
        """Whether a new window knows nothing of what was used, or leased, in the one before."""
        return self.algorithm in ("fixed_window", "calendar")

    def grace(self) -> float:
        """Seconds after its life in which a lease can still be given back, if nobody has to wait
        for what it holds: a lease that has ended is settled then."""
        refill = self._refill()
        return min(refill / 10, _LONGEST_GRACE) if refill else _LONGEST_GRACE

    def memory(self) -> float:
        """Seconds after which a use counts no more, at the latest; a calendar knows by itself."""
        return 2 * max(self.window, self._refill())

    def _refill(self) -> float:
        """Seconds until everything is there again: the window, or as a bucket takes to fill."""
        return self.capacity / self.rate if self.window else 0.0

    def shard(self, number: int, shards: int) -> "Limit":
        """The part of shard `number` of so many, which add up to the whole."""
        return self._with(
            self.quota // shards + (number < self.quota % shards),
            self.burst // shards + (number < self.burst % shards),
        )

    def share(self, share: float) -> "Limit":
        """The same limit with a part of the quota, but for one permit at least."""
        return self._with(max(1, _part(self.quota, share)), _part(self.burst, share))

    def _with(self, quota: int, burst: int) -> "Limit":
        return msgspec.structs.replace(self, quota=quota, burst=burst)


def _part(permits: int, share: float) -> int:
    """Rounded up, but not for what a product such as 100 x 0.07 has too much."""
    return math.ceil(round(permits * share, 6))


def told(life: float) -> float:
    """What an isolate may count of `life` seconds by its own clock, from when it asked."""
    return life * (1.0 - DRIFT) - BEHIND


def passed(age: float) -> float:
    """The seconds that may truly have passed while an isolate counted `age`."""
    return (age + BEHIND) / (1.0 - DRIFT)
