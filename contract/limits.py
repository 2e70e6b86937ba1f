"""Messages between the gateway and a `RateLimiter` object. One object holds one key's counts, or
those of one shard of it. What they mean is in `contract.limiting`."""

from typing import Final, Protocol

import msgspec

from contract.limiting.limit import Limit

UNTOLD: Final = -1
"""A share that nobody has told."""


class Return(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a lease. It is told as often as it takes, and counts once.

    Of `lease` no more than `used` permits were used, or are still in flight; the last of them `age`
    seconds after the lease was asked for, by the clock of the isolate.
    """

    lease: str
    used: int = 0
    age: float = 0.0


class Report(msgspec.Struct, frozen=True):
    """`permits` were spent without asking, while the object was away. `id` is told by no other
    report, so that one that is told twice counts once."""

    id: str
    permits: int


class Ban(msgspec.Struct, frozen=True, omit_defaults=True):
    """A key is refused for `seconds`, whatever it has left; its ban `number` in a row."""

    seconds: float = 0.0
    number: int = 0


class LeaseRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ask for `cost` permits now, and for a lease of up to `wanted` more.

    With `hold` the `cost` is part of a lease as well, so that it can be given back unused. A cost
    of nothing is always admitted: that renews, gives back or reports. `holder` tells who asks from
    any other that holds leases; who does not say it is not told its share. With `ban` the limit
    bans keys: it tells of a ban that has begun, or is of no length. Without it none is heeded.
    """

    limit: Limit
    cost: int = 1
    wanted: int = 0
    hold: bool = False
    returns: tuple[Return, ...] = ()
    report: Report | None = None
    holder: str = ""
    ban: Ban | None = None


class LeaseAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the object decided.

    `lease` names the permits that can be given back; `permits` of them are there to be spent within
    `life` seconds of the asking, beside those that were asked for as `cost`. `remaining` counts
    what is left for anybody, and `share` an even part of that, for each of those that hold leases
    and who asks; an object that does not know of holders leaves it out. `reset` is the seconds
    until everything is free again or a new window begins; `wait`, where the request was refused,
    until it may succeed. `ban` is what is left of the one that the key has.
    """

    admitted: bool
    remaining: int = 0
    reset: float = 0.0
    wait: float = 0.0
    lease: str = ""
    permits: int = 0
    life: float = 0.0
    share: int = UNTOLD
    ban: Ban | None = None


class LimiterStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How an object stands, for people and tests: calls and permits since it started, what is in
    its storage, for how many seconds its key is banned."""

    calls: int
    granted: int
    leases: int
    stored: bool
    banned: float


class RateLimiterRpc(Protocol):
    """The RPC methods of a `RateLimiter` object."""

    def lease(self, request: str) -> str: ...

    def status(self) -> str: ...

    def ping(self) -> str: ...
