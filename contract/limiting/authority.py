"""The side of the object: decides, and hands out permits in leases that isolates spend by
themselves, without ever admitting more than the limit.

**The argument.** A request that asks is admitted when the object decides, and charged at that time.
Permits of a lease are used later, at times that the object does not know. It knows that each is
used between `granted` and `until`, on its own clock: the isolate counts the life of a lease from
when it asked, which is before `granted`, and counts less than the object does by more than its
clock can be slow (`limit.told`). Until a lease is settled all its permits count in full, wherever
in that time they may be used. It is settled as used at `until`, or, when the isolate says what
became of it, with what was used, at the last use. Now take any time at which too much could have
been admitted, and of all leases used in it the one that was granted last:

- *Sliding log*: any window `(t - w, t]`. When the last lease was granted, each other one used in
  the window was unsettled, or settled at a time after `t - w`, hence less than a window ago. So all
  of them were counted, and together with the last within the quota. Were a permit charged at
  `granted`, one granted late in a window and used in the next would be forgotten while it counts.
- *Token bucket*: the same for any `(s, t]`, where unsettled permits count without flowing in again,
  and settled ones flow in from their last possible use on.
- *Fixed window, calendar*: a lease ends with its window, so it is used in the one in which it was
  charged.
- *Sliding-window counter*: likewise; and within a window the weight of the previous one only falls,
  so the estimate at any use is no more than it was when the last lease was granted.
- *Concurrency*: no permits are used later; each counts until it is given back or has expired.

**What is left, for who does not ask.** Others use the quota meanwhile, so nobody can know. Each
answer says what part of the free permits falls to who asks (`share`), if all that hold leases get
the same. An isolate tells its clients that, with what it holds, until it has the next answer: for
no longer than a lease lives, as without one it has to ask. Isolates that were told with the same
ones about tell, beyond what they hold, no more together than was free. Who came since is not
thought of: what it uses may be in what the others still tell.

Time is the latest that was ever seen, so a clock that steps back only makes all of this longer. A
return names a lease that is still out, and is the end of it, so a second one finds nothing. Only
what is written counts, and the answer leaves after the write: a crash loses unused permits.

**What it costs.** A permit of a sliding log or a bucket counts up to a lease's life longer than it
has to, a tenth of the window (`Limit.life`): at steady demand at least 10/11 of the quota are used,
and all of it by those who ask each time. Windows that do not slide lose nothing but what is out
when demand ends: a lease takes at most one part in `_SHARE` of what is left, so near the limit
there are none, and each request asks.
"""

import math
from typing import Final

import msgspec

from contract.limiting.algorithm import Counts, counts_for, whole
from contract.limiting.limit import Limit, passed, told
from contract.limits import UNTOLD, Ban, LeaseAnswer, LeaseRequest, Report, Return

_SHARE: Final = 4
"""A lease gets at most one part in so many of what is left."""
_LARGEST: Final = 10_000
_MOST_LEASES: Final = 256
"""That are out; beyond that each request asks, and nothing can be given back."""
MOST_IN_FLIGHT: Final = 1024
_MOST_REPORTS: Final = 32
_PATIENCE: Final = 20
"""Who leases is refused until one part in so many of the quota is free: one call for several."""
_SHORTEST_WAIT: Final = 0.01


class Lease(msgspec.Struct, array_like=True):
    """`permits` that are out. At `kept` they are settled as used at `until`. `holder` may spend
    them; it is empty where they are held for one request, and for gateways that do not tell."""

    number: int
    permits: int
    granted: float
    until: float
    kept: float
    holder: str = ""


class Authority(msgspec.Struct, omit_defaults=True):
    """The counts of one key and the leases that are out: all that an object persists."""

    name: str = ""
    """Told apart from those that were here before the storage was erased: leases bear it."""
    counts: Counts | None = None
    leases: list[Lease] = []
    sequence: int = 0
    reports: list[str] = []
    """The ids of the latest reports."""
    latest: float = 0.0
    """The latest time seen at a decision that counts."""
    idle_at: float = 0.0
    """The time from which on nothing counts."""
    banned_until: float = 0.0
    bans: int = 0
    """Of those in a row, the number of the ban until then."""

    def answer(self, request: LeaseRequest, now: float) -> LeaseAnswer:
        """Decide at `now`. Where the answer grants nothing, only returns have changed anything."""
        limit = request.limit
        now = self.latest = max(self.latest, now)
        counts = self.counts = counts_for(limit, self.counts)
        for told_of in request.returns:
            self._take_back(limit, counts, told_of, now)
        self._settle(limit, counts, now)
        counts.expire(limit, now)
        if request.report is not None:
            self._take_report(limit, counts, request.report, now)
        out = sum([lease.permits for lease in self.leases])
        free = whole(counts.free(limit, now) - out)
        ban = self._take_ban(request.ban, now)
        if ban is not None:
            request = msgspec.structs.replace(request, wanted=0)
        cost = request.cost
        holds = request.hold or limit.algorithm == "concurrency"
        fits = cost == 0 or (cost <= free and self._has_room(limit))
        admitted = fits and (ban is None or cost == 0)
        answer = LeaseAnswer(admitted=False, remaining=max(0, free))
        if admitted:
            answer = self._grant(request, counts, now, free, holds=holds and cost > 0)
        self._note_idle(limit, counts, now)
        wait = 0.0 if fits else self._wait(request, counts, now)
        if ban is not None and not admitted:
            wait = max(wait, ban.seconds)
        share = answer.remaining // self._holders(request.holder, now) if request.holder else UNTOLD
        reset = counts.reset(limit, now)
        return msgspec.structs.replace(answer, reset=reset, wait=wait, share=share, ban=ban)

    def _holders(self, asking: str, now: float) -> int:
        """How many may spend leases, and `asking`. Of gateways that do not tell who they are each
        lease counts as one."""
        holders = [lease.holder for lease in self.leases if lease.until > now]
        return len({asking, *filter(None, holders)}) + holders.count("")

    def _has_room(self, limit: Limit) -> bool:
        """Whether a permit that has to be given back can be kept in mind."""
        return limit.algorithm != "concurrency" or len(self.leases) < MOST_IN_FLIGHT

    def _grant(
        self, request: LeaseRequest, counts: Counts, now: float, free: int, *, holds: bool
    ) -> LeaseAnswer:
        limit, cost = request.limit, request.cost
        end = counts.end(limit, now)
        until = min(now + limit.life(), end)
        life = told(until - now)
        extra = 0
        if request.wanted > 0 and life > 0 and len(self.leases) < _MOST_LEASES:
            extra = max(0, min(request.wanted, (free - cost) // _SHARE, _LARGEST))
        if not extra:
            until, life = now, 0.0
        remaining = max(0, free - cost - extra)
        flight = limit.algorithm == "concurrency"
        if not flight and len(self.leases) >= _MOST_LEASES:
            holds = False
        if cost and not holds:
            counts.charge(limit, cost, now, now)
        permits = extra + (cost if holds else 0)
        name = ""
        if permits:
            kept = now + limit.window if flight else until + limit.grace()
            if limit.starts_afresh:
                kept = min(kept, end)
            self.sequence += 1
            holder = request.holder if extra else ""
            self.leases.append(Lease(self.sequence, permits, now, until, kept, holder))
            name = f"{self.name}.{self.sequence}"
        return LeaseAnswer(
            admitted=True, remaining=remaining, lease=name, permits=extra, life=max(0.0, life)
        )

    def _take_back(self, limit: Limit, counts: Counts, told_of: Return, now: float) -> None:
        name, _, number = told_of.lease.rpartition(".")
        found = [one for one in self.leases if str(one.number) == number]
        if name != self.name or not found:
            return
        lease = found[0]
        used = max(0, min(lease.permits, told_of.used))
        if used and limit.algorithm == "concurrency":
            lease.permits = used
            return
        self.leases.remove(lease)
        if used:
            last = min(lease.granted + passed(told_of.age), lease.until, now)
            counts.charge(limit, used, lease.granted, max(lease.granted, last))

    def _settle(self, limit: Limit, counts: Counts, now: float) -> None:
        """Charge what has not been given back in time."""
        over = [lease for lease in self.leases if lease.kept <= now]
        if over:
            self.leases = [lease for lease in self.leases if lease.kept > now]
            for lease in over:
                counts.charge(limit, lease.permits, lease.granted, lease.until)

    def _take_report(self, limit: Limit, counts: Counts, report: Report, now: float) -> None:
        """Charge what was spent without asking, whether or not there is room for it."""
        if report.id not in self.reports:
            self.reports = [*self.reports[1 - _MOST_REPORTS :], report.id]
            counts.charge(limit, report.permits, now, now)

    def _take_ban(self, told_of: Ban | None, now: float) -> Ban | None:
        """What is left of the key's ban, for a limit that has any; with the one that it tells."""
        if told_of is None:
            return None
        if told_of.seconds > 0:
            before = self.bans if now < self.banned_until else 0
            self.bans = max(before, told_of.number)
            self.banned_until = max(self.banned_until, now + told_of.seconds)
        left = self.banned_until - now
        return Ban(left, self.bans) if left > 0 else None

    def _wait(self, request: LeaseRequest, counts: Counts, now: float) -> float:
        """Seconds until the request may succeed, if all that is out is used at the last moment."""
        limit, permits = request.limit, request.cost
        if request.wanted:
            permits = min(permits + limit.quota // _PATIENCE, limit.capacity)
        permits = max(permits, request.cost)
        if self.leases:
            counts = counts.copy()
            for lease in self.leases:
                counts.charge(limit, lease.permits, lease.granted, lease.until)
        wait = counts.next(limit, now, permits)
        if math.isinf(wait):  # JSON has no infinity, and a later answer says the same
            wait = limit.window or counts.reset(limit, now)
        return max(wait, _SHORTEST_WAIT)

    def _note_idle(self, limit: Limit, counts: Counts, now: float) -> None:
        memory = limit.memory()
        self.idle_at = max(
            now,
            self.banned_until,
            counts.idle_at(limit),
            *[lease.kept + memory for lease in self.leases],
        )
