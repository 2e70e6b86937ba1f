"""`CircuitBreaker`: one breaker for each object, so one object for each upstream and region.

A breaker that has been left alone for a day is erased: nothing of it counts any more.
"""

import random
import time
from typing import Any, Final

import msgspec
from js import console
from workers import DurableObject

from contract.breaker import (
    BreakerName,
    BreakerReport,
    BreakerRequest,
    ForceRequest,
    details_of,
    status_of,
    take_report,
)
from contract.circuit_breaker import BreakerSettings, Permission, State
from contract.circuit_breaker import CircuitBreaker as Breaker
from contract.log_line import log_line
from state.record import Record

_DAY: Final = 86_400.0

_decode_report = msgspec.json.Decoder(BreakerReport).decode
_decode_request = msgspec.json.Decoder(BreakerRequest).decode
_decode_force = msgspec.json.Decoder(ForceRequest).decode
_encode = msgspec.json.Encoder().encode


class _KeptBreaker(Breaker):
    """A breaker, and what only its object has to know."""

    used_at: float = 0.0
    listed_at: float = 0.0
    """When the directory was last told of it (Unix seconds)."""


class CircuitBreaker(DurableObject):  # type: ignore[misc]
    """Judges one upstream from what the isolates of a region report."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._record = Record(ctx, _KeptBreaker)
        if not self._record.is_stored:
            # An object that has lost its storage is ahead of all that isolates remember of it.
            self._record.value.version = int(time.time() * 1000)

    def report(self, report: str) -> str:
        """Take in outcomes: a JSON `BreakerReport` in, a JSON `BreakerStatus` out."""
        told, now, breaker = _decode_report(report), time.time(), self._record.value
        before = breaker.version
        take_report(breaker, told, now, random.random())  # noqa: S311  (spreads waits)
        if told.listed:
            breaker.listed_at = now
        return self._answer(told.name, told.settings, now, before)

    def acquire(self, request: str) -> str:
        """Ask to call: a JSON `BreakerRequest` in, a JSON `BreakerStatus` out."""
        asked, now, breaker = _decode_request(request), time.time(), self._record.value
        before = breaker.version
        permission = breaker.acquire(asked.settings, now)
        return self._answer(asked.name, asked.settings, now, before, permission)

    def force(self, request: str) -> str:
        """Do as an operator says: a JSON `ForceRequest` in, a JSON `BreakerDetails` out."""
        wanted, now, breaker = _decode_force(request), time.time(), self._record.value
        before = breaker.version
        breaker.force(wanted.mode, now, f"{wanted.reason} ({wanted.by})")
        self._keep(wanted.name, now, before)
        return self.show()

    def show(self) -> str:
        """A JSON `BreakerDetails`."""
        return _encode(details_of(self._record.value, time.time())).decode()

    def ping(self) -> str:
        """Answer "ok" if SQLite works."""
        return "ok" if self._record.answers() else "storage failed"

    def alarm(self, *_: Any) -> None:
        """Erase a breaker that nobody uses; else look again in a day."""
        breaker, now = self._record.value, time.time()
        forced = breaker.state in (State.FORCED_OPEN, State.FORCED_CLOSED)
        if forced or now < breaker.used_at + _DAY:
            self._record.set_alarm(now + _DAY)
        else:
            self._record.erase(_KeptBreaker(version=int(now * 1000)))

    def _answer(
        self,
        name: BreakerName,
        settings: BreakerSettings,
        now: float,
        before: int,
        permission: Permission | None = None,
    ) -> str:
        self._keep(name, now, before)
        breaker = self._record.value
        status = status_of(breaker, settings, now, permission)
        listed = now < breaker.listed_at + _DAY
        return _encode(msgspec.structs.replace(status, listed=listed)).decode()

    def _keep(self, name: BreakerName, now: float, before: int) -> None:
        """Write down what has changed; say so where it is a transition."""
        record = self._record
        if not record.is_stored:
            record.set_alarm(now + _DAY)
        # Rounded, so that a refusal, which changes nothing else, writes nothing.
        record.value.used_at = now // 3600 * 3600
        record.save()
        for event in record.value.events:
            if event.version > before:
                line = {
                    "level": "warn",
                    "event": "breaker",
                    "upstream": name.upstream,
                    "region": name.region,
                    "from": event.before,
                    "to": event.after,
                    "reason": event.reason,
                    "version": event.version,
                }
                console.log(log_line(line))
