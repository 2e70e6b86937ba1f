"""The side of the isolate: permits that it holds of each key, and what it has to ask for when.

A request that finds a permit takes it, and nobody is asked. When few are left, as many as requests
have been using are asked for ahead of need. Whoever finds none asks for itself, and waits for no
other request: what an answer brings beyond that is there for all as soon as it has come. All of it
is plain data, changed in one go before or after a wait, never half before and half after.

Times are readings of the isolate's clock, of which only differences count. The life of a lease is
counted from before it was asked for, and what is forgotten is lost, so that whatever happens here
too few permits are used, never too many.
"""

import math
from collections import OrderedDict
from typing import Final

from contract.limiting.limit import Limit
from contract.limiting.told_share import ToldShare
from contract.limits import Ban, LeaseAnswer, LeaseRequest, Report, Return

_MOST_RETURNS: Final = 16
_MOST_LEASES: Final = 4
"""Of one key; with more, nothing is asked for ahead of need."""
_LARGEST: Final = 10_000
_CRUMBS: Final = 4
_NEVER: Final = -math.inf
_STEP_BACK: Final = 1.0
"""Seconds. A clock that goes back further than readings of different requests may differ has been
set, and what was counted by it is void."""


class Held:
    """A lease, as the isolate holds it."""

    __slots__ = ("asked", "ends", "last", "left", "name", "permits")

    def __init__(self, name: str, permits: int, left: int, asked: float, ends: float) -> None:
        self.name = name
        self.permits = permits
        self.left = left
        self.asked = asked
        self.ends = ends
        self.last = asked
        """When a permit of it was last used."""

    def returned(self) -> Return:
        """What the object is told of it when it is over."""
        age = max(0.0, self.last - self.asked)
        return Return(self.name, self.permits - self.left, round(age, 3))


class Asking:
    """A request that is on its way to the object."""

    __slots__ = ("at", "batch", "number", "request")

    def __init__(self, request: LeaseRequest, number: int, at: float, *, batch: bool) -> None:
        self.request = request
        self.number = number
        """How many of the same key there were with it."""
        self.at = at
        self.batch = batch
        """Whether permits are wanted beyond the cost; one request does so at a time."""


class Holding:
    """What the isolate holds of one key, and knows of it."""

    __slots__ = (
        "_batch_until",
        "_clock",
        "_counted_since",
        "_debt",
        "_leased_until",
        "_leases",
        "_low",
        "_name",
        "_rate",
        "_refused_cost",
        "_refused_until",
        "_report",
        "_reports",
        "_reset_at",
        "_rest_until",
        "_returns",
        "_share",
        "_size",
        "_used",
        "away_until",
        "failure",
    )

    def __init__(self, name: str, now: float) -> None:
        """`name` is told apart from that of any other holding, of this isolate or another."""
        self._name = name
        self._clock = now
        self._leases: list[Held] = []
        self._leased_until = _NEVER
        """The end of the latest lease that was more than the last crumbs of a quota."""
        self._returns: list[Return] = []
        self._refused_until = _NEVER
        self._refused_cost = 0
        self._reset_at = now
        self._share = ToldShare()
        self._batch_until = _NEVER
        """Until when the answer to a request for more than its cost may come."""
        self._rest_until = _NEVER
        """Until when nothing is asked for ahead of need, as there was nothing."""
        self._low = 0
        """With so few permits left more are asked for."""
        self._size = 0
        self._rate = 0.0
        self._used = 0
        self._counted_since = now
        self._debt = 0
        self._report: Report | None = None
        self._reports = 0
        self.away_until = _NEVER
        """Until when the object is not asked, as it did not answer."""
        self.failure = ""
        """How it did not, when it was last asked."""

    def _now(self, now: float) -> float:
        """Readings of different requests may differ by a little; by more, nothing here holds."""
        if now >= self._clock:
            self._clock = now
        elif now < self._clock - _STEP_BACK:
            self._clock = now
            self._leases.clear()
            self._leased_until = self._refused_until = self.away_until = _NEVER
            self._batch_until = self._rest_until = _NEVER
            self._counted_since = now
        return self._clock

    def take(self, cost: int, now: float) -> Held | None:
        """Take `cost` permits of a lease, where there is one that has them."""
        now = self._now(now)
        self._used += cost
        for lease in self._leases:
            if lease.left >= cost and now < lease.ends:
                lease.left -= cost
                lease.last = now
                return lease
        return None

    def give_back(self, lease: Held, cost: int, now: float) -> None:
        """`cost` permits that were taken, or held, will not be used, or are no longer."""
        lease.left = min(lease.permits, lease.left + cost)
        if lease not in self._leases:
            self._note(lease.returned())

    def left(self, now: float) -> int:
        """Permits that are there."""
        return sum([lease.left for lease in self._leases if now < lease.ends])

    def share(self, limit: Limit) -> int:
        """Permits beyond those that are there which fall to this isolate, as it was last told."""
        return self._share.of(limit)

    def refused_for(self, cost: int, now: float) -> float:
        """Seconds for which a request of `cost` is known to be refused; 0 where it is not."""
        now = self._now(now)
        if cost < self._refused_cost:
            return 0.0
        return max(0.0, self._refused_until - now)

    def reset(self, now: float) -> float:
        """Seconds until a new window begins, or everything is free again."""
        return max(0.0, self._reset_at - now)

    def renews(self, now: float) -> bool:
        """Whether a lease would still be good, were there enough left of it: who asks then asks
        for a renewal, and else for a first grant."""
        return now < self._leased_until

    def wants_more(self, now: float) -> bool:
        """Whether permits are to be asked for ahead of need."""
        if now < self._batch_until or now < self._rest_until or len(self._leases) >= _MOST_LEASES:
            return False
        return self.left(now) <= self._low

    def has_news(self) -> bool:
        """Whether the object is to be told of something."""
        return bool(self._returns or self._debt or self._report)

    def ask(
        self,
        limit: Limit,
        cost: int,
        now: float,
        *,
        batch: bool = False,
        hold: bool = False,
        patience: float = 1.0,
        ban: Ban | None = None,
    ) -> Asking:
        """What to ask the object for; with `batch`, for more than the cost, unless somebody does
        so already, who has `patience` seconds for it."""
        now = self._now(now)
        self._put_away(now)
        wanted = 0
        batch = batch and now >= self._batch_until and len(self._leases) < _MOST_LEASES
        if batch:
            wanted = self._wanted(limit, now)
            self._batch_until = now + patience
        if self.failure:  # one request finds out, and none waits with it
            self.away_until = now + patience
        if self._report is None and self._debt:
            self._reports += 1
            self._report = Report(f"{self._name}.{self._reports}", self._debt)
            self._debt = 0
        request = LeaseRequest(
            limit=limit,
            cost=cost,
            wanted=wanted,
            hold=hold,
            returns=tuple(self._returns),
            report=self._report,
            holder=self._name,
            ban=ban,
        )
        return Asking(request, self._share.asked(), now, batch=batch)

    def learn(self, asking: Asking, answer: LeaseAnswer, now: float) -> Held | None:
        """Take in what the object said: the lease that holds the cost, where it was to be held."""
        request = asking.request
        now = self._now(now)
        self.away_until, self.failure = _NEVER, ""
        self._returns = [one for one in self._returns if one not in request.returns]
        if self._report is request.report:
            self._report = None
        self._reset_at = asking.at + answer.reset
        self._share.learn(asking.number, request.limit, answer.share)
        if asking.batch:
            self._batch_until = _NEVER
        if not answer.admitted:
            self._note_refusal(request.cost, answer, now)
            return None
        if request.cost:
            self._refused_until = _NEVER
        if request.wanted:
            self._low = answer.permits // 4
            if answer.permits < min(_CRUMBS, request.wanted):
                self._rest_until = now + request.limit.life() / 4
        if not answer.lease or asking.at > now:  # the clock has been set back meanwhile
            return None
        held = request.cost if request.hold or request.limit.algorithm == "concurrency" else 0
        lease = Held(
            answer.lease,
            answer.permits + held,
            answer.permits,
            asking.at,
            asking.at + answer.life,
        )
        if answer.permits:
            self._leases.append(lease)
        if answer.permits >= _CRUMBS:
            self._leased_until = max(self._leased_until, lease.ends)
        return lease if held else None

    def failed(self, asking: Asking, now: float, rest: float, failure: str) -> None:
        """There was no answer, as `failure` says; the object is left alone for `rest` seconds."""
        now = self._now(now)
        if asking.batch:
            self._batch_until = _NEVER
        self.away_until, self.failure = now + rest, failure
        self._share.lose(asking.request.limit)

    def owe(self, cost: int) -> None:
        """`cost` was admitted without the object, which will be told."""
        self._debt += cost
        self._share.owe(cost)

    def _note_refusal(self, cost: int, answer: LeaseAnswer, now: float) -> None:
        """What costs as much need not ask. A ban is remembered elsewhere: it holds whatever the
        cost, and no longer than the limit has any."""
        if answer.ban is None:
            self._refused_until = now + answer.wait
            self._refused_cost = cost

    def _wanted(self, limit: Limit, now: float) -> int:
        """As many permits as requests use in the life of a lease; at first fewer, and then twice
        as many each time, so that a few quick requests do not look like many."""
        seconds = max(now - self._counted_since, 0.05)
        rate = self._used / seconds
        self._rate = rate if rate > self._rate else (rate + self._rate) / 2
        self._used, self._counted_since = 0, now
        size = min(math.floor(self._rate * limit.life()), 2 * self._size, _LARGEST)
        self._size = max(1, size)
        return max(0, size - self.left(now))

    def _put_away(self, now: float) -> None:
        """Leases that are over, by their time or their permits, go to what the object is told."""
        over = [lease for lease in self._leases if not lease.left or now >= lease.ends]
        if over:
            self._leases = [lease for lease in self._leases if lease not in over]
            for lease in over:
                self._note(lease.returned())

    def _note(self, returned: Return) -> None:
        others = [one for one in self._returns if one.lease != returned.lease]
        self._returns = [*others[1 - _MOST_RETURNS :], returned]


class Wallet:
    """What the isolate holds of all keys: bounded, and what was used longest ago is forgotten."""

    MAX_KEYS: Final = 4096

    def __init__(self, nonce: str) -> None:
        """`nonce` tells this isolate from any other."""
        self._nonce = nonce
        self._made = 0
        self._holdings: OrderedDict[str, Holding] = OrderedDict()

    def of(self, key: str, now: float) -> Holding:
        """What is held of `key`."""
        holding = self._holdings.get(key)
        if holding is not None:
            self._holdings.move_to_end(key)
            return holding
        while len(self._holdings) >= self.MAX_KEYS:
            self._holdings.popitem(last=False)
        self._made += 1
        holding = self._holdings[key] = Holding(f"{self._nonce}.{self._made}", now)
        return holding
