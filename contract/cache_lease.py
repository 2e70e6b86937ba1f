"""Who fetches an answer for all that wait for it: messages between the gateway and the `CacheLease`
objects, and what they decide.

One request for a key leads and goes to the service; others wait until its answer is stored, it has
failed, or its lease is over, and then the next one leads. Plain data, bounded, without a clock.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Meta

MAX_LEASES: Final = 10_000
"""Keys of one object with a lease. Whoever asks for one more goes to the service."""

MAX_WAITING: Final = 2000
"""Requests that wait in one object. Whoever comes after them is late at once."""

MAX_SECONDS: Final = 60.0

SHARDS: Final = 256
"""Objects of a region, among which the keys are divided by their digest."""

Key = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")]
"""The beginning of the SHA-256 of what is fetched."""

Seconds = Annotated[float, Meta(ge=0, le=MAX_SECONDS)]


class Turn(StrEnum):
    """What a request does that has asked."""

    LEAD = "lead"
    """Go to the service, and say what came of it."""
    STORED = "stored"
    """The answer is in the store."""
    ALONE = "alone"
    """Go to the service: its answers to this are nobody else's."""
    FAILED = "failed"
    """The service has just failed, and there is something else to answer with."""
    LATE = "late"
    """It has waited for as long as it wanted to, or there are too many."""


class Outcome(StrEnum):
    """What came of a fetch."""

    STORED = "stored"
    UNSTORABLE = "unstorable"
    FAILED = "failed"


class FlightRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Ask for the lease of `key`, or wait until its answer is there."""

    key: Key
    seconds: Annotated[float, Meta(gt=0, le=MAX_SECONDS)]
    """How long the lease lasts if nobody ends it."""
    wait: Seconds
    """How long to wait at most; 0 to lead at once or not at all."""
    has_fallback: bool = False
    """Whether a failure of the service is an answer: then it is told, and else the next leads."""


class FlightAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to do, and for `Turn.LEAD` the token that ends the lease."""

    turn: Turn
    token: int = 0


class ReleaseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The fetch of the lease `token` is over."""

    key: Key
    token: int
    outcome: Outcome


class CacheLeaseRpc(Protocol):
    """The RPC methods of the `CacheLease` objects, with JSON of the Structs above."""

    async def acquire(self, request: str) -> str:
        """A `FlightRequest` in, a `FlightAnswer` out, within the seconds that it waits."""
        ...

    def release(self, request: str) -> str:
        """A `ReleaseRequest` in, `ok` out."""
        ...

    def ping(self) -> str: ...


Tell = Callable[[FlightAnswer], None]


class Waiting:
    """A request that waits for the lease of another."""

    __slots__ = ("has_fallback", "seconds", "tell", "until")

    def __init__(self, request: FlightRequest, tell: Tell, now: float) -> None:
        self.tell = tell
        self.until = now + request.wait
        self.seconds = request.seconds
        self.has_fallback = request.has_fallback


class _Lease:
    __slots__ = ("seconds", "token", "until", "waiting")

    def __init__(self, token: int, seconds: float, now: float) -> None:
        self.token: int | None = token
        """None while everybody goes alone."""
        self.seconds = seconds
        self.until = now + seconds
        self.waiting: list[Waiting] = []


class Leases:
    """The leases of one object. Times are Unix seconds.

    They are nowhere else than in memory: an object that loses them lets one request more go to the
    service, and those that waited in it hear of its end at once.
    """

    def __init__(self, token: int) -> None:
        """`token` is larger than any that an earlier object of the name has given."""
        self._token = token
        self._leases: dict[str, _Lease] = {}
        self._waiting = 0

    def acquire(self, request: FlightRequest, tell: Tell, now: float) -> None:
        """`tell` hears the turn, now or later."""
        self.settle(request.key, now)
        lease = self._leases.get(request.key)
        if lease is None:
            self._sweep(now)
            full = len(self._leases) >= MAX_LEASES
            tell(FlightAnswer(turn=Turn.ALONE) if full else self._lead(request.key, request, now))
        elif lease.token is None:
            tell(FlightAnswer(turn=Turn.ALONE))
        elif not request.wait or self._waiting >= MAX_WAITING:
            tell(FlightAnswer(turn=Turn.LATE))
        else:
            lease.waiting.append(Waiting(request, tell, now))
            self._waiting += 1

    def release(self, request: ReleaseRequest, now: float) -> None:
        """End a lease; nothing happens where another one has taken its place."""
        lease = self._leases.get(request.key)
        if lease is None or lease.token != request.token:
            return
        match request.outcome:
            case Outcome.STORED:
                del self._leases[request.key]
                self._tell(self._gone(lease), Turn.STORED)
            case Outcome.UNSTORABLE:
                # For as long as a lease nobody waits for what nobody can use.
                lease.token, lease.until = None, now + lease.seconds
                self._tell(self._gone(lease), Turn.ALONE)
            case Outcome.FAILED:
                told = [one for one in lease.waiting if one.has_fallback]
                lease.waiting = [one for one in lease.waiting if not one.has_fallback]
                self._waiting -= len(told)
                self._tell(iter(told), Turn.FAILED)
                self._next(request.key, lease, now)

    def settle(self, key: str, now: float) -> float:
        """See to what is due for `key`: when it is to be seen to again."""
        lease = self._leases.get(key)
        if lease is None:
            return now + MAX_SECONDS
        late = [one for one in lease.waiting if one.until <= now]
        if late:
            lease.waiting = [one for one in lease.waiting if one.until > now]
            self._waiting -= len(late)
            self._tell(iter(late), Turn.LATE)
        if lease.until <= now:
            self._next(key, lease, now)
        lease = self._leases.get(key)
        if lease is None:
            return now + MAX_SECONDS
        return min([lease.until, *(one.until for one in lease.waiting)])

    def _next(self, key: str, lease: _Lease, now: float) -> None:
        """The one that has waited longest leads; without any there is no lease."""
        if not lease.waiting:
            del self._leases[key]
            return
        self._leases[key] = self._leases.pop(key)  # it is not in the way of what is swept
        following = lease.waiting.pop(0)
        self._waiting -= 1
        self._token += 1
        lease.token, lease.until = self._token, now + following.seconds
        following.tell(FlightAnswer(turn=Turn.LEAD, token=self._token))

    def _lead(self, key: str, request: FlightRequest, now: float) -> FlightAnswer:
        self._token += 1
        self._leases[key] = _Lease(self._token, request.seconds, now)
        return FlightAnswer(turn=Turn.LEAD, token=self._token)

    def _gone(self, lease: _Lease) -> Iterator[Waiting]:
        waiting, lease.waiting = lease.waiting, []
        self._waiting -= len(waiting)
        return iter(waiting)

    def _tell(self, waiting: Iterator[Waiting], turn: Turn) -> None:
        answer = FlightAnswer(turn=turn)
        for one in waiting:
            one.tell(answer)

    def _sweep(self, now: float) -> None:
        """Forget what is over and nobody asks for: a few at a time, the oldest first."""
        for _ in range(2):
            oldest = next(iter(self._leases), None)
            if oldest is None or self._leases[oldest].until > now:
                return
            self.settle(oldest, now)
