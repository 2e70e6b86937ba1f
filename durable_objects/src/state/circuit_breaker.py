"""`CircuitBreaker`: one breaker for each object, so one object for each upstream."""

import time
from typing import Any

import msgspec
from workers import DurableObject

from contract.breaker import BreakerReport, BreakerRequest, BreakerStatus
from contract.circuit_breaker import BreakerSettings
from contract.circuit_breaker import CircuitBreaker as Breaker
from state.record import Record

_decode_report = msgspec.json.Decoder(BreakerReport).decode
_decode_request = msgspec.json.Decoder(BreakerRequest).decode
_encode = msgspec.json.Encoder().encode


class CircuitBreaker(DurableObject):  # type: ignore[misc]
    """Judges one upstream from what all isolates report."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._record = Record(ctx, Breaker)

    def report(self, report: str) -> str:
        """Take in outcomes: a JSON `BreakerReport` in, a JSON `BreakerStatus` out."""
        outcome = _decode_report(report)
        now = time.time()
        self._record.value.record(
            outcome.settings,
            now,
            successes=outcome.successes,
            failures=outcome.failures,
            probe=outcome.probe,
        )
        self._record.save()
        return self._status(outcome.settings, now, permitted=True)

    def acquire(self, request: str) -> str:
        """Ask to call: a JSON `BreakerRequest` in, a JSON `BreakerStatus` out."""
        settings = _decode_request(request).settings
        now = time.time()
        permitted = self._record.value.acquire(settings, now)
        self._record.save()
        return self._status(settings, now, permitted=permitted)

    def ping(self) -> str:
        """Answer "ok" if SQLite works."""
        return "ok" if self._record.answers() else "storage failed"

    def _status(self, settings: BreakerSettings, now: float, *, permitted: bool) -> str:
        breaker = self._record.value
        return _encode(
            BreakerStatus(
                state=breaker.state,
                version=breaker.version,
                retry_after=breaker.retry_after(settings, now),
                permitted=permitted,
            )
        ).decode()
