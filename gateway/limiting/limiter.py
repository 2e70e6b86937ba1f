"""Takes permits of a limit: from what the isolate holds, else from the object, else by itself.

A request that finds a permit in the isolate costs no call; what is asked for ahead of need is asked
for after its answer. A request that asks waits for its own call alone, and no longer than the limit
says; then the isolate decides, by a share of the limit, and tells the object afterwards. An object
that did not answer is left alone for a moment, so that not every request waits.
"""

import zlib
from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from contract.limiting.holder import Asking, Held, Holding, Wallet
from contract.limiting.limit import Limit
from contract.limits import UNTOLD, Ban, LeaseAnswer
from contract.problems import LIMITER_UNAVAILABLE, Problem
from limiting.fallback import LocalLimits
from limiting.penalties import PenaltyBox
from messages import Exchange
from ports import LimiterObjects, Unavailable

_REST: Final = 1.0
"""Seconds that an object is left alone."""
_MOST_CALLS: Final = 2
"""For one request: the isolate's shard, and another one."""


class LimitMemory:
    """What the isolate remembers of limits, whichever table has them."""

    __slots__ = ("home", "local", "penalties", "wallet")

    def __init__(self, nonce: str) -> None:
        """`nonce` tells this isolate from any other."""
        self.wallet = Wallet(nonce)
        self.local = LocalLimits()
        self.penalties = PenaltyBox()
        self.home = zlib.crc32(nonce.encode())
        """A number by which isolates differ: which shard is theirs."""


class Timing(NamedTuple):
    """How long requests wait, in seconds."""

    first: float
    renewal: float


class Permit(NamedTuple):
    """What was taken, to be given back: a permit that is not used, or a request that is over."""

    place: "Place"
    holding: Holding
    held: Held | None
    lease: str
    """That of the isolate's own count, where the object was away."""
    cost: int


class Decision(NamedTuple):
    """What a client is told: what is left, at least; and the seconds until everything is free
    again, or, where it was refused, until it may succeed."""

    admitted: bool
    remaining: int
    reset: float
    local: bool = False
    permit: Permit | None = None
    banned: bool = False


class Place(NamedTuple):
    """An object and its part of the limit; all of it where there are no shards."""

    name: str
    limit: Limit
    alone: Limit
    """What the isolate admits by itself while the object is away."""
    key: str


class Limiter:
    """The limit of one policy, for any key."""

    def __init__(
        self,
        limit: Limit,
        *,
        mode: Literal["leased", "exact"],
        shards: int,
        timing: Timing,
        share: float,
        fail_closed: bool,
        bans: bool,
        objects: LimiterObjects,
        memory: LimitMemory,
        clock: Callable[[], float],
    ) -> None:
        self._in_flight = limit.algorithm == "concurrency"
        self._leases = mode == "leased" and limit.life() > 0
        self._remembers = mode == "leased" and not self._in_flight
        parts = [limit.shard(number, shards) for number in range(shards)]
        home = memory.home % shards
        numbered = [(f"#{number}" if shards > 1 else "", part) for number, part in enumerate(parts)]
        self._parts = [
            (suffix, part, part.share(share)) for suffix, part in numbered[home:] + numbered[:home]
        ]
        self._timing = timing
        self._fail_closed = fail_closed
        self._ban = Ban() if bans else None
        """What the object is told where no ban has begun."""
        self._objects = objects
        self._memory = memory
        self._clock = clock

    def at_hand(self, key: str, exchange: Exchange, cost: int = 1) -> Decision | None:
        """What can be said at no call; None where `acquire` has to ask.

        Raises `Problem` as that does.
        """
        place = next(self._places(key))
        now = self._clock()
        holding = self._memory.wallet.of(place.name, now)
        decision = self._at_hand(place, holding, exchange, cost, now)
        # Another shard may have what this one has not.
        found = decision is not None and (decision.admitted or len(self._parts) == 1)
        return decision if found else None

    async def acquire(
        self, key: str, exchange: Exchange, cost: int = 1, *, hold: bool = False
    ) -> Decision:
        """Take `cost` permits of `key`, or say when, once there were none `at_hand`. With `hold`
        they can be given back.

        Raises `Problem` (limiter-unavailable) where the object is away and the limit fails closed.
        """
        refused: Decision | None = None
        calls = 0
        one = len(self._parts) == 1
        for place in self._places(key):
            now = self._clock()
            holding = self._memory.wallet.of(place.name, now)
            decision = None if one else self._at_hand(place, holding, exchange, cost, now)
            if decision is None:
                if calls >= _MOST_CALLS:
                    break
                calls += 1
                decision = await self._ask(place, holding, exchange, cost, now, hold=hold)
            if decision.admitted or decision.banned:
                return decision
            if refused is None or decision.reset < refused.reset:
                refused = decision
        if refused is None:
            raise AssertionError("there is a shard, and it was asked")
        return refused

    def give_back(self, permit: Permit, exchange: Exchange) -> None:
        """What was taken is not used, or no longer; the object hears of it after the answer."""
        place, holding, held, lease, cost = permit
        now = self._clock()
        if held is None:
            self._memory.local.give_back(place.name, place.alone, lease, now)
            return
        holding.give_back(held, cost, now)
        if self._in_flight or not self._leases:
            exchange.defer(self._tell(place, holding))

    def owe(self, key: str, exchange: Exchange, cost: int) -> None:
        """`cost` more permits of `key` were used, whether or not there were any; the object hears
        of it after the answer."""
        place = next(self._places(key))
        holding = self._memory.wallet.of(place.name, self._clock())
        holding.owe(cost)
        exchange.defer(self._tell(place, holding))

    def tell_ban(self, key: str, ban: Ban, exchange: Exchange) -> None:
        """`key` is banned from now on, which the object hears of after the answer, and others of
        it when they ask next."""
        exchange.defer(self._tell_ban(next(self._places(key)), ban))

    def _places(self, key: str) -> Iterator[Place]:
        """The isolate's own shard first, always the same one."""
        for suffix, part, alone in self._parts:
            yield Place(key + suffix, part, alone, key)

    def _at_hand(
        self, place: Place, holding: Holding, exchange: Exchange, cost: int, now: float
    ) -> Decision | None:
        """What can be decided without a call."""
        if self._leases:
            held = holding.take(cost, now)
            if held is not None:
                if holding.wants_more(now):
                    _count_call(exchange)
                    exchange.defer(self._renew(place, holding))
                permit = Permit(place, holding, held, "", cost)
                left = holding.left(now) + holding.share(place.limit)
                return Decision(True, left, holding.reset(now), permit=permit)
        if self._remembers:
            wait = holding.refused_for(cost, now)
            if wait > 0:
                return Decision(False, 0, wait)
        if now < holding.away_until:
            return self._alone(place, holding, exchange, cost, now)
        return None

    async def _ask(
        self,
        place: Place,
        holding: Holding,
        exchange: Exchange,
        cost: int,
        now: float,
        *,
        hold: bool,
    ) -> Decision:
        renews = self._leases and holding.renews(now)
        timeout = self._timing.renewal if renews else self._timing.first
        asking = holding.ask(
            place.limit,
            cost,
            now,
            batch=self._leases and not renews,
            hold=hold,
            patience=timeout,
            ban=self._ban,
        )
        _count_call(exchange)
        if renews and holding.wants_more(now):
            _count_call(exchange)
            exchange.defer(self._renew(place, holding))
        try:
            answer = await self._objects.lease(place.name, asking.request, timeout=timeout)
        except Unavailable as failure:
            now = self._clock()
            holding.failed(asking, now, _REST, str(failure))
            return self._alone(place, holding, exchange, cost, now)
        now = self._clock()
        held = holding.learn(asking, answer, now)
        self._heed(place, answer, now)
        if not answer.admitted:
            banned = answer.ban is not None
            return Decision(False, 0 if banned else answer.remaining, answer.wait, banned=banned)
        permit = Permit(place, holding, held, "", cost) if held is not None else None
        told = self._leases and answer.share != UNTOLD
        beyond = holding.share(place.limit) if told else answer.remaining
        return Decision(True, beyond + holding.left(now), answer.reset, permit=permit)

    def _alone(
        self, place: Place, holding: Holding, exchange: Exchange, cost: int, now: float
    ) -> Decision:
        """The isolate decides by itself."""
        exchange.log["limiter"] = holding.failure
        if self._fail_closed:
            raise Problem(LIMITER_UNAVAILABLE, headers={"retry-after": "1"})
        answer = self._memory.local.check(place.name, place.alone, cost, now)
        if not answer.admitted:
            return Decision(False, answer.remaining, answer.wait, local=True)
        exchange.log["limiter_local"] = cost
        permit = None
        if self._in_flight:
            permit = Permit(place, holding, None, answer.lease, cost)
        else:
            holding.owe(cost)
        return Decision(True, answer.remaining, answer.reset, local=True, permit=permit)

    async def _renew(self, place: Place, holding: Holding) -> None:
        """Ask for more ahead of need."""
        now, patience = self._clock(), self._timing.first
        asking = holding.ask(place.limit, 0, now, batch=True, patience=patience, ban=self._ban)
        if asking.request.wanted:
            await self._send(place, holding, asking)

    async def _tell(self, place: Place, holding: Holding) -> None:
        """Tell the object what it has to know, if nobody has done so meanwhile."""
        now = self._clock()
        if holding.has_news() and now >= holding.away_until:
            asking = holding.ask(place.limit, 0, now, patience=self._timing.first)
            await self._send(place, holding, asking)

    async def _tell_ban(self, place: Place, ban: Ban) -> None:
        """Once: where it does not arrive, the ban is this isolate's alone."""
        now = self._clock()
        holding = self._memory.wallet.of(place.name, now)
        if now >= holding.away_until:
            asking = holding.ask(place.limit, 0, now, patience=self._timing.first, ban=ban)
            await self._send(place, holding, asking)

    def _heed(self, place: Place, answer: LeaseAnswer, now: float) -> None:
        """Refuse who is banned, whoever has said so, without a call from now on."""
        if answer.ban is not None:
            seconds, number = answer.ban.seconds, answer.ban.number
            self._memory.penalties.learn(place.key, seconds, number, now)

    async def _send(self, place: Place, holding: Holding, asking: Asking) -> None:
        try:
            answer = await self._objects.lease(
                place.name, asking.request, timeout=self._timing.first
            )
        except Unavailable as failure:
            holding.failed(asking, self._clock(), _REST, str(failure))
        else:
            now = self._clock()
            holding.learn(asking, answer, now)
            self._heed(place, answer, now)


def _count_call(exchange: Exchange) -> None:
    exchange.log["limiter_calls"] = exchange.log.get("limiter_calls", 0) + 1
