"""A request with an idempotency key, as far as it is known what became of it. Plain data without a
clock: `now` is Unix seconds.

Whatever happens, a key is begun a second time only where the first attempt has said itself that no
service got anything of it, or where the key has expired. An attempt that says nothing leaves it in
doubt once its lease is over; what it says later still counts.
"""

from enum import StrEnum
from typing import Final

import msgspec

from contract.idempotency import (
    BeginAnswer,
    BeginRequest,
    End,
    EndRequest,
    KeptAnswer,
    Standing,
)


class Phase(StrEnum):
    """What an attempt has said of itself."""

    FREE = "free"
    RUNNING = "running"
    ANSWERED = "answered"
    IN_DOUBT = "in-doubt"


_OTHER: Final = BeginAnswer(standing=Standing.OTHER)
_IN_DOUBT: Final = BeginAnswer(standing=Standing.IN_DOUBT)


class KeyedRequest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is kept of it."""

    phase: Phase = Phase.FREE
    attempt: str = ""
    fingerprint: str = ""
    leased_until: float = 0.0
    expires_at: float = 0.0
    status: int = 0
    answer: KeptAnswer | None = None

    def begin(self, request: BeginRequest, now: float) -> BeginAnswer:
        """How the key stands; where that is `BEGUN`, it belongs to this attempt from now on."""
        if self.phase is Phase.FREE or self.is_over(now):
            self.phase = Phase.RUNNING
            self.attempt = request.attempt
            self.fingerprint = request.fingerprint
            self.leased_until = now + request.lease
            # A key is not forgotten while its request may be under way.
            self.expires_at = now + max(request.ttl, request.lease)
            self.status, self.answer = 0, None
            return BeginAnswer(standing=Standing.BEGUN)
        if request.fingerprint != self.fingerprint:
            return _OTHER
        if self.phase is Phase.ANSWERED:
            if self.answer is None:
                return BeginAnswer(standing=Standing.NOT_KEPT, status=self.status)
            return BeginAnswer(standing=Standing.DONE, answer=self.answer)
        left = self.leased_until - now
        if self.phase is Phase.RUNNING and left > 0:
            return BeginAnswer(standing=Standing.RUNNING, wait=left)
        return _IN_DOUBT

    def end(self, request: EndRequest) -> bool:
        """Take note of the end of an attempt. False where the key is not, or no longer, its own."""
        if request.attempt != self.attempt or self.phase in (Phase.FREE, Phase.ANSWERED):
            return False
        match request.end:
            case End.UNSENT:
                self.phase = Phase.FREE
            case End.IN_DOUBT:
                self.phase = Phase.IN_DOUBT
            case End.ANSWERED:
                self.phase = Phase.ANSWERED
                self.status, self.answer = request.status, request.answer
        return True

    def is_over(self, now: float) -> bool:
        """Whether nothing of it counts any more."""
        return self.phase is Phase.FREE or now >= self.expires_at
