"""`RateLimiter`: one sliding window for each object, so one object for each limited key.

A refused check changes nothing that counts and writes nothing. Storage that no longer matters is
erased by an alarm, which is set with the first write and so costs the later checks nothing.
"""

import time
from typing import Any

import msgspec
from workers import DurableObject

from contract.limits import LimitRequest
from contract.sliding_window import SlidingWindow
from state.record import Record

_decode = msgspec.json.Decoder(LimitRequest).decode
_encode = msgspec.json.Encoder().encode

_SHORTEST_IDLE = 600.0
"""Seconds. An alarm is billed as a request, so that even short windows shall not have many."""


class _KeptWindow(SlidingWindow):
    """The counts, and how long the window is that they were taken for."""

    length: float = 0.0

    def idle_at(self) -> float:
        """The time (Unix seconds) from which on no count matters: two windows from the latest."""
        return self.latest + max(2 * self.length, _SHORTEST_IDLE)


class RateLimiter(DurableObject):  # type: ignore[misc]
    """Counts the permits of one key."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._record = Record(ctx, _KeptWindow)

    def check(self, request: str) -> str:
        """Take permits: a JSON `LimitRequest` in, a JSON `LimitDecision` out."""
        record = self._record
        counts = record.value
        wanted = _decode(request)
        decision = counts.check(wanted.quota, wanted.window, wanted.cost, time.time())
        if decision.admitted:
            counts.length = wanted.window
            if not record.is_stored:
                record.set_alarm(counts.idle_at())
            record.save()
        return _encode(decision).decode()

    def ping(self) -> str:
        """Answer "ok" if SQLite works."""
        return "ok" if self._record.answers() else "storage failed"

    def alarm(self, *_: Any) -> None:
        """Erase a window in which nothing counts any more; else look again later."""
        idle_at = self._record.value.idle_at()
        if time.time() >= idle_at:
            self._record.erase(_KeptWindow())
        else:
            self._record.set_alarm(idle_at)
