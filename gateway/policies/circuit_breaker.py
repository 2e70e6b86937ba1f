"""Circuit breaker: stops calling a service that keeps failing, and finds out when it is back.

The object of the service decides; the isolate keeps a view of it. While closed a request costs no
call: successes are counted here, and go along with the next report of a failure. Where the object
does not answer, the isolate judges by its own copy of the same state machine.
"""

import math
from typing import Final

from contract.breaker import BreakerReport, BreakerRequest, BreakerStatus
from contract.circuit_breaker import BreakerSettings, CircuitBreaker, State
from contract.problems import UPSTREAM_NOT_CONFIGURED, UPSTREAM_UNAVAILABLE, Problem
from messages import Exchange, Response
from pipeline import Next
from ports import BreakerObjects, Unavailable

_FAILURE_STATUS: Final = 500


class CircuitBreakerPolicy:
    """The breaker of `service`, shared by all routes that lead there."""

    TIMEOUT: Final = 0.5
    """Seconds that the object has to answer."""

    def __init__(self, service: str, settings: BreakerSettings, objects: BreakerObjects) -> None:
        self._service = service
        self._settings = settings
        self._objects = objects
        self._local = CircuitBreaker()
        self._known = BreakerStatus(state=State.CLOSED, version=0)
        self._open_until = 0.0
        """Unix seconds until which the known open state holds without asking again."""
        self._successes = 0
        """Successes that the object has not been told of."""

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        probe = self._known.state is not State.CLOSED and await self._ask(exchange)
        try:
            response = await next(exchange)
        except Problem as problem:
            if problem.type is UPSTREAM_NOT_CONFIGURED:
                raise  # it was not asked: this says nothing about it, nor for other tables
            await self._observe(exchange, good=problem.type.status < _FAILURE_STATUS, probe=probe)
            raise
        await self._observe(exchange, good=response.status < _FAILURE_STATUS, probe=probe)
        return response

    async def _ask(self, exchange: Exchange) -> bool:
        """Get permission to call; `True` when the call is a probe.

        Raises `Problem` (upstream-unavailable) where it is refused.
        """
        if exchange.now < self._open_until:
            raise self._refusal(exchange, self._open_until - exchange.now)
        try:
            status = await self._objects.acquire(
                self._service, BreakerRequest(settings=self._settings), timeout=self.TIMEOUT
            )
        except Unavailable as failure:
            exchange.log["breaker_object"] = str(failure)
            permitted = self._local.acquire(self._settings, exchange.now)
            status = self._local_status(exchange.now, permitted)
        self._learn(status, exchange)
        if not status.permitted:
            raise self._refusal(exchange, status.retry_after)
        return status.state is State.HALF_OPEN

    async def _observe(self, exchange: Exchange, *, good: bool, probe: bool) -> None:
        self._local.record(
            self._settings,
            exchange.now,
            successes=int(good),
            failures=int(not good),
            probe=probe and self._local.state is State.HALF_OPEN,
        )
        if good and not probe:
            self._successes = min(self._successes + 1, self._settings.window)
            return
        report = BreakerReport(
            settings=self._settings,
            successes=int(good) if probe else self._successes,
            failures=int(not good),
            probe=probe,
        )
        self._successes = 0
        try:
            status = await self._objects.report(self._service, report, timeout=self.TIMEOUT)
        except Unavailable as failure:
            exchange.log["breaker_object"] = str(failure)
            status = self._local_status(exchange.now, permitted=True)
        self._learn(status, exchange)

    def _learn(self, status: BreakerStatus, exchange: Exchange) -> None:
        if status.version < self._known.version:
            return  # an answer that was overtaken by a later one
        if status.state is not self._known.state:
            exchange.log["breaker"] = status.state.value
        self._known = status
        waits = status.state is State.OPEN
        self._open_until = exchange.now + status.retry_after if waits else 0.0
        if status.state is State.CLOSED and self._local.state is not State.CLOSED:
            self._local = CircuitBreaker()

    def _local_status(self, now: float, permitted: bool) -> BreakerStatus:
        return BreakerStatus(
            state=self._local.state,
            version=self._known.version,
            retry_after=self._local.retry_after(self._settings, now),
            permitted=permitted,
        )

    def _refusal(self, exchange: Exchange, wait: float) -> Problem:
        exchange.log["breaker"] = self._known.state.value
        return Problem(
            UPSTREAM_UNAVAILABLE,
            f"The service {self._service!r} failed repeatedly and is not being called.",
            headers={"retry-after": str(max(1, math.ceil(wait)))},
        )
