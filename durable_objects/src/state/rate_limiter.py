"""`RateLimiter`: the counts of one limited key, or of one shard of it, and its leases.

What is decided is `contract.limiting.authority`; here it is kept. A request that is refused writes
nothing. Storage that no longer matters is erased by an alarm, which is set with the first write and
so costs the later ones nothing.
"""

import os
import time
from typing import Any

import msgspec
from workers import DurableObject

from contract.limiting.authority import Authority
from contract.limits import LeaseRequest, LimiterStatus
from state.record import Record

_decode = msgspec.json.Decoder(LeaseRequest).decode
_encode = msgspec.json.Encoder().encode

_SHORTEST_IDLE = 600.0
"""Seconds. An alarm is billed as a request, so that even short windows shall not have many."""


class RateLimiter(DurableObject):  # type: ignore[misc]
    """Counts the permits of one key."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._record = Record(ctx, Authority)
        self._shortest_idle = float(getattr(env, "LIMITER_SHORTEST_IDLE", None) or _SHORTEST_IDLE)
        self._calls = 0
        self._granted = 0

    def lease(self, request: str) -> str:
        """Decide, and hand out permits: a JSON `LeaseRequest` in, a JSON `LeaseAnswer` out."""
        wanted = _decode(request)
        record = self._record
        authority = record.value
        if not authority.name:
            authority.name = os.urandom(6).hex()
        answer = authority.answer(wanted, time.time())
        self._calls += 1
        if answer.admitted:
            self._granted += wanted.cost + answer.permits
        news = wanted.returns or wanted.report or (wanted.ban and wanted.ban.seconds)
        if news or (answer.admitted and (wanted.cost or answer.permits)):
            if not record.is_stored:
                record.set_alarm(self._idle_at())
            record.save()
        return _encode(answer).decode()

    def status(self) -> str:
        """How it stands: a JSON `LimiterStatus`."""
        record = self._record
        status = LimiterStatus(
            calls=self._calls,
            granted=self._granted,
            leases=len(record.value.leases),
            stored=record.is_stored,
            banned=max(0.0, record.value.banned_until - time.time()),
        )
        return _encode(status).decode()

    def ping(self) -> str:
        """Answer "ok" if SQLite works."""
        return "ok" if self._record.answers() else "storage failed"

    def alarm(self, *_: Any) -> None:
        """Erase counts of which none matters any more; else look again later."""
        if time.time() >= self._record.value.idle_at:
            self._record.erase(Authority())
        else:
            self._record.set_alarm(self._idle_at())

    def _idle_at(self) -> float:
        return max(self._record.value.idle_at, time.time() + self._shortest_idle)
