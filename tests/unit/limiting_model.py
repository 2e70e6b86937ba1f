"""A world of isolates and one object, with true time, in which messages are late, lost and doubled
and everything can crash; and what was admitted in it, judged by each algorithm's own definition.

The pieces under test are the real ones; only the distance between them is made here.
"""

import heapq
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import msgspec

from contract.limiting.algorithm import whole
from contract.limiting.authority import Authority
from contract.limiting.calendar import period_index
from contract.limiting.holder import Asking, Held, Holding
from contract.limiting.limit import DRIFT, Limit
from contract.limits import LeaseAnswer, LeaseRequest

START: Final = 1_800_000_000.0
"""A multiple of the windows that are used: the beginning of one."""


class Admitted(NamedTuple):
    """`cost` permits used at the true time `at`; for concurrency, given back at `until`."""

    at: float
    cost: int
    until: float = 0.0


class Isolate:
    """One holder, whose clock begins anywhere and is a little fast or slow."""

    def __init__(self, world: "World", offset: float, rate: float) -> None:
        assert abs(rate - 1.0) <= DRIFT + 1e-9
        self._world = world
        self._offset = offset
        self._rate = rate
        self.lag = 0.0
        """Seconds for which the clock has stood still, as it does between two waits."""
        self.restart()

    def restart(self) -> None:
        self.holding = Holding(f"isolate-{next(self._world.numbers)}", self.clock())
        self.granted = 0
        """Permits that the object has granted to it since, heard of or not."""
        self.coming = 0
        """Those of them whose answers are still on their way."""
        self.told_at = 0
        """What the object had granted to others when it told what falls to this isolate."""

    def told(self) -> int:
        """What it tells a client that is left."""
        return self.holding.left(self.clock()) + self.holding.share(self._world.limit)

    def share(self) -> tuple[int, int]:
        """What falls to it beyond what it holds, and as of when."""
        return self.holding.share(self._world.limit), self.holding._share._settled

    def clock(self) -> float:
        # In whole milliseconds, as in workerd.
        since = self._world.now - self.lag - START
        return math.floor((self._offset + since * self._rate) * 1000) / 1000

    def until_over(self) -> float:
        """True seconds until the last lease that it holds is over; 0 where it holds none."""
        ends = [lease.ends for lease in self.holding._leases]
        return max(0.0, (max(ends) - self.clock()) / self._rate) if ends else 0.0


class World:
    """Everything that can happen, by methods that a schedule calls."""

    def __init__(
        self, limit: Limit, clocks: list[tuple[float, float]], *, leased: bool = True
    ) -> None:
        self.limit = limit
        self.now = START
        self.leased = leased
        self.numbers = itertools.count(1)
        self.admitted: list[Admitted] = []
        self.refused = 0
        self.calls = 0
        self.granted = 0
        """Permits, by the object, to anybody."""
        self.overtold = 0
        """By how many permits an isolate has told more than were left, at the worst, beside what
        others were granted since it was told itself."""
        self.isolates = [Isolate(self, *clock) for clock in clocks]
        self._authority = Authority(name="object-0")
        self._stored = b""
        self._behind = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._sent: list[LeaseRequest] = []

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and what is due in it happen."""
        until = self.now + seconds
        while self._due and self._due[0][0] <= until:
            self.now, _, happen = heapq.heappop(self._due)
            happen()
        self.now = until

    def request(
        self,
        number: int,
        cost: int = 1,
        *,
        there: float = 0.01,
        back: float = 0.01,
        lost: bool = False,
        lasts: float = 0.0,
    ) -> None:
        """A request at an isolate; what it has to send takes `there` and `back` seconds."""
        isolate = self.isolates[number % len(self.isolates)]
        holding, clock = isolate.holding, isolate.clock()
        held = holding.take(cost, clock)
        if held is not None:
            self.admitted.append(Admitted(self.now, cost))
            self._judge(isolate)
            if holding.wants_more(clock):
                asking = holding.ask(self.limit, 0, clock, batch=True)
                self._send(isolate, asking, there, back, lost=lost)
            return
        if self.leased and holding.refused_for(cost, clock):
            self.refused += 1
            return
        asking = holding.ask(self.limit, cost, clock, batch=self.leased)
        self._send(isolate, asking, there, back, lost=lost, lasts=lasts)

    def get_lease(self, isolate: Isolate, *, there: float, back: float) -> None:
        """Permits that were asked for ahead of need, by an isolate that has had many requests."""
        isolate.holding._size, isolate.holding._rate = 5, 1000.0
        asking = isolate.holding.ask(self.limit, 0, isolate.clock(), batch=True)
        self._send(isolate, asking, there, back, lost=False)
        self.pass_time(there + back)

    def spend_late(self, isolate: Isolate, *, lag: float) -> int:
        """Use all permits that an isolate holds, at the last moment at which it may by its clock,
        which has stood still for `lag` seconds by then; and say how many."""
        self.pass_time(max(0.0, isolate.until_over() - 0.002) + lag)
        isolate.lag, spent = lag, 0
        while isolate.holding.take(1, isolate.clock()) is not None:
            spent += 1
        isolate.lag = 0.0
        if spent:
            self.admitted.append(Admitted(self.now, spent))
        return spent

    def tell(self, isolate: Isolate) -> None:
        """An isolate tells at once what became of its leases."""
        asking = isolate.holding.ask(self.limit, 0, isolate.clock())
        self._send(isolate, asking, 0.0, 0.0, lost=False)
        self.pass_time(0.0)

    def look(self, *, after: float) -> None:
        """Somebody asks for nothing, which makes the object look at its windows and leases."""
        self.pass_time(after)
        self._decide(LeaseRequest(limit=self.limit, cost=0))

    def take_when_free(self, part: float) -> None:
        """As soon as the object admits it, a request for a part of all that there can be."""
        cost = max(1, math.floor(self.limit.capacity * part))
        for attempt in range(8):
            answer = self._decide(LeaseRequest(limit=self.limit, cost=cost))
            if answer.admitted:
                self.admitted.append(Admitted(self.now, cost))
                return
            # A wait that was too short is looked at again, and later: leases are settled meanwhile.
            self.pass_time(max(answer.wait, 0.5 if attempt > 3 else 0.0) + 1e-6)

    def double(self, number: int) -> None:
        """A message that was sent before comes once more, as if it were new."""
        if self._sent:
            old = self._sent[number % len(self._sent)]
            self._decide(msgspec.structs.replace(old, cost=0, wanted=0))

    def free(self) -> int:
        """What the object would grant, were all of it asked for."""
        authority = self._authority
        if authority.counts is None:
            return self.limit.capacity
        now = max(authority.latest, self.now - self._behind)
        counts = authority.counts.copy()
        counts.expire(self.limit, now)
        out = sum(lease.permits for lease in authority.leases)
        return max(0, whole(counts.free(self.limit, now) - out))

    def holders(self) -> set[str]:
        """Who may spend permits."""
        leases = self._authority.leases
        return {lease.holder for lease in leases if lease.until > self.now - self._behind}

    def _judge(self, isolate: Isolate) -> None:
        others = self.granted - isolate.granted - isolate.told_at
        left = self.free() + isolate.holding.left(isolate.clock()) + isolate.coming
        self.overtold = max(self.overtold, isolate.told() - left - others)

    def kill_object(self, *, behind: float = 0.0) -> None:
        """The object begins again with what is in its storage, and on a clock that is behind."""
        stored = msgspec.json.decode(self._stored, type=Authority) if self._stored else None
        self._authority = stored or Authority(name=f"object-{next(self.numbers)}")
        self._behind = max(self._behind, behind)

    def erase_if_idle(self) -> None:
        """What the object's alarm does."""
        if self._stored and self.now - self._behind >= self._authority.idle_at:
            self._stored = b""
            self.kill_object()

    def _send(
        self,
        isolate: Isolate,
        asking: Asking,
        there: float,
        back: float,
        *,
        lost: bool,
        lasts: float = 0.0,
    ) -> None:
        holding = isolate.holding

        def arrive() -> None:
            answer = self._decide(asking.request)
            cost = asking.request.cost
            granted = (cost + answer.permits) if answer.admitted else 0
            self.granted += granted
            if holding is isolate.holding:  # else it has crashed
                isolate.granted += granted
                isolate.coming += granted
            others = self.granted - isolate.granted
            if answer.admitted and cost:
                # It is admitted when the object says so, wherever the answer stays.
                self.admitted.append(Admitted(self.now, cost, self.now + lasts))
            self.refused += not answer.admitted
            self._later(back, lambda: come_back(answer, granted, others))

        def come_back(answer: LeaseAnswer, granted: int, others: int) -> None:
            isolate.coming -= granted if holding is isolate.holding else 0
            if lost:
                holding.failed(asking, isolate.clock(), 0.5, "lost")
                return
            before = isolate.share()
            held = holding.learn(asking, answer, isolate.clock())
            if isolate.share() != before:
                isolate.told_at = others
            self._judge(isolate)
            if held is not None:
                self._later(max(0.0, lasts - back), lambda: over(held))

        def over(held: Held) -> None:
            holding.give_back(held, asking.request.cost, isolate.clock())
            done = holding.ask(self.limit, 0, isolate.clock())
            self._send(isolate, done, 0.01, 0.01, lost=False)

        self._later(there, arrive)

    def _decide(self, request: LeaseRequest) -> LeaseAnswer:
        self.calls += 1
        self._sent.append(request)
        answer = self._authority.answer(request, self.now - self._behind)
        if answer.admitted or request.returns:
            self._stored = msgspec.json.encode(self._authority)
        return answer

    def _later(self, seconds: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.now + seconds, next(self.numbers), happen))


def excess(limit: Limit, admitted: list[Admitted]) -> float:
    """By how many permits a window, as the algorithm defines it, had more than the limit."""
    windows = _WINDOWS[limit.algorithm](limit, sorted(admitted))
    return max((used - most for used, most in windows), default=0.0)


Windows = Iterator[tuple[float, float]]
"""What was used, and the most that may be, of every window that matters."""

_ROUNDING: Final = 1e-3
"""Permits, of sums in which there are times: a Unix time as a float is worth 0.2 microseconds."""


def _fixed(limit: Limit, admitted: list[Admitted]) -> Windows:
    return _totals(admitted, limit.quota, lambda at: int(at // limit.window))


def _calendar(limit: Limit, admitted: list[Admitted]) -> Windows:
    index = period_index
    return _totals(admitted, limit.quota, lambda at: index(limit.period, limit.offsets, at))


def _totals(admitted: list[Admitted], quota: int, index: Callable[[float], int]) -> Windows:
    totals: Counter[int] = Counter()
    for one in admitted:
        totals[index(one.at)] += one.cost
    yield from ((total, quota) for total in totals.values())


def _log(limit: Limit, admitted: list[Admitted]) -> Windows:
    used, first = 0, 0
    for one in admitted:
        used += one.cost
        while admitted[first].at <= one.at - limit.window:
            used -= admitted[first].cost
            first += 1
        yield used, limit.quota


def _bucket(limit: Limit, admitted: list[Admitted]) -> Windows:
    for number, first in enumerate(admitted):
        used = 0
        for last in admitted[number:]:
            used += last.cost
            yield used, limit.capacity + (last.at - first.at) * limit.rate + _ROUNDING


def _counter(limit: Limit, admitted: list[Admitted]) -> Windows:
    counts: Counter[int] = Counter()
    for one in admitted:
        index = int(one.at // limit.window)
        counts[index] += one.cost
        weight = index + 1 - one.at / limit.window
        yield counts[index - 1] * weight + counts[index], limit.quota + _ROUNDING


def _flight(limit: Limit, admitted: list[Admitted]) -> Windows:
    for one in admitted:
        yield (
            sum(
                other.cost
                for other in admitted
                if other is one or other.at <= one.at < min(other.until, other.at + limit.window)
            ),
            limit.quota,
        )


_WINDOWS: Final = {
    "sliding_window": _counter,
    "sliding_log": _log,
    "token_bucket": _bucket,
    "fixed_window": _fixed,
    "calendar": _calendar,
    "concurrency": _flight,
}
