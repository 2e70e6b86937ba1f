"""Faults on purpose: a service that is late, or fails, as often as the table says.

For tests and game days. It stands in for the service, so breaker, retries and time limits see what
they would see of a real fault. Only where the gateway runs in one of `ENVIRONMENTS`.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from messages import Headers, Request, Response
from ports import Service, Unavailable
from resilience.settings import FaultsSettings
from routing.units import seconds

ENVIRONMENTS: Final = frozenset({"development", "staging"})
"""Values of the variable ENVIRONMENT with which there are faults at all."""

FAULT: Final = "x-fault"
"""In an answer: which fault it had, `delay` or `abort`."""


class FaultyService:
    """`service` with the faults of a route."""

    def __init__(
        self,
        service: Service,
        settings: FaultsSettings,
        pause: Callable[[float], Awaitable[None]],
        chance: Callable[[], float],
    ) -> None:
        self._service = service
        self._header = settings.header.lower() if settings.header is not None else None
        delay, abort = settings.delay, settings.abort
        self._delay = (seconds(delay.time), delay.percent) if delay is not None else (0.0, 0.0)
        self._abort = (abort.status, abort.percent) if abort is not None else (0, 0.0)
        self._pause = pause
        self._chance = chance

    async def send(
        self,
        request: Request,
        *,
        timeout: float,
        total: float | None = None,
        host: str | None = None,
    ) -> Response:
        """As `Service.send`."""
        if self._header is not None and self._header not in request.headers:
            return await self._service.send(request, timeout=timeout, total=total, host=host)
        delay, percent = self._delay
        delayed = self._chance() * 100 < percent
        if delayed:
            allowed = timeout if total is None else min(timeout, total)
            await self._pause(min(delay, allowed))
            if delay >= allowed:
                raise Unavailable("injected fault", timed_out=True)
            timeout -= delay
            total = None if total is None else total - delay
        status, percent = self._abort
        if self._chance() * 100 < percent:
            fields = [("content-type", "text/plain"), (FAULT, "abort")]
            return Response(status, Headers(fields), b"A fault that was injected on purpose.\n")
        response = await self._service.send(request, timeout=timeout, total=total, host=host)
        if delayed:
            response.headers.set(FAULT, "delay")
        return response
