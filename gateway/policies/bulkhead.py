"""Bulkhead: so many requests are under way to a service at once, and no more.

A slow service then holds up its own requests and not everybody's. Requests cannot wake each other
here, so one that waits for a place looks for it from time to time, in the order of coming.
"""

from typing import Final

from contract.problems import UPSTREAM_BUSY, Problem
from messages import Exchange, Response
from pipeline import Next
from resilience.permits import Permits
from resilience.surroundings import Surroundings

LOOKS: Final = 10
"""How often one that waits looks for a place."""
_SLACK: Final = 2.0
"""Seconds beyond the time of its call after which a place is free, whatever became of the call."""


class Bulkhead:
    """The bulkhead of `service`, whose `permits` all routes to it share. A request has its place
    until the header fields of the answer are there."""

    def __init__(
        self,
        service: str,
        permits: Permits,
        around: Surroundings,
        *,
        wait: float,
        timeout: float,
    ) -> None:
        """`wait`: seconds in the queue at most. `timeout`: those that the call may take."""
        self._service = service
        self._permits = permits
        self._around = around
        self._wait = wait
        self._hold = timeout + _SLACK

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        permits, now = self._permits, self._around.clock()
        ticket = permits.enter(now, now + self._hold)
        has_place = ticket is not None
        if ticket is None:
            # Good for twice the wait, as those who look may be late.
            ticket = permits.queue_up(now, now + 2 * self._wait)
            exchange.log["bulkhead"] = "queued" if ticket is not None else "full"
        if ticket is None:
            raise self._refusal()
        try:
            if not has_place and not await self._found(ticket):
                exchange.log["bulkhead"] = "full"
                raise self._refusal()
            return await next(exchange)
        finally:
            permits.leave(ticket)

    async def _found(self, ticket: int) -> bool:
        """Whether there was a place in time."""
        for _ in range(LOOKS):
            await self._around.pause(self._wait / LOOKS)
            now = self._around.clock()
            if self._permits.move_up(ticket, now, now + self._hold):
                return True
        return False

    def _refusal(self) -> Problem:
        return Problem(
            UPSTREAM_BUSY,
            f"The service {self._service!r} has as many requests as it may get at once.",
            headers={"retry-after": "1"},
        )
