"""Mirror: a copy of some requests goes to another service, and nothing that comes of it comes back.

The copy leaves after the answer, so that no failure and no slowness of that service can be seen.
It has the fields that the service got, and `Gateway-Mirror`; who is calling is signed anew, for the
other service.
"""

from typing import Final

from bodies import request_content
from contract.names import DEADLINE, IDENTITY, MIRROR
from contract.problems import Problem
from identities import Identities
from messages import Exchange, Request, Response, discard
from pipeline import Next
from ports import Service

MAX_IN_FLIGHT: Final = 16
"""Copies that one isolate has under way; those beyond are not made."""

_SHIFT: Final = 1 << 20
"""Takes the first digits off a chance, which may have chosen a backend already."""


class InFlight:
    """Counts copies by the time at which they are over at the latest.

    Not by taking back what was added: a request that is aborted would never do that.
    """

    def __init__(self, limit: int = MAX_IN_FLIGHT) -> None:
        self._limit = limit
        self._ends: dict[str, float] = {}

    def admit(self, request_id: str, now: float, end: float) -> bool:
        """Whether there is room for one more; if so, it has a place until `end` at most."""
        if len(self._ends) >= self._limit:
            self._ends = {one: until for one, until in self._ends.items() if until > now}
            if len(self._ends) >= self._limit:
                return False
        self._ends[request_id] = end
        return True

    def leave(self, request_id: str) -> None:
        """The copy of this request is done."""
        self._ends.pop(request_id, None)


class Mirror:
    """Copies `share` of the requests, in front of what answers them."""

    def __init__(
        self,
        name: str,
        service: Service,
        *,
        share: float,
        max_body: int,
        timeout: float,
        patience: float,
        in_flight: InFlight,
        audience: str,
        identities: Identities,
    ) -> None:
        """`timeout` and `patience`, the seconds that the route's own service may take, bound how
        long a copy counts as under way."""
        self._name = name
        self._service = service
        self._share = share
        self._max_body = max_body
        self._timeout = timeout
        self._patience = patience
        self._in_flight = in_flight
        self._audience = audience
        self._identities = identities

    def over(self, last: Next) -> Next:
        """`last`, mirrored. It has to leave path and fields of the request as the service got
        them."""

        async def mirrored(exchange: Exchange) -> Response:
            if (
                (exchange.chance * _SHIFT) % 1.0 >= self._share
                or "mirror" in exchange.log  # this is a retry, and that was decided before
                or not await self._admit(exchange)
            ):
                return await last(exchange)
            try:
                response = await last(exchange)
            except Exception:
                self._defer(exchange)
                raise
            self._defer(exchange)
            return response

        return mirrored

    async def _admit(self, exchange: Exchange) -> bool:
        """Whether this request is copied; its body is in memory then."""
        request = exchange.request
        body = request.body
        if body is not None and not isinstance(body, bytes):
            if body.length is None or body.length > self._max_body:
                exchange.log["mirror"] = "body"
                return False
        elif body is not None and len(body) > self._max_body:
            exchange.log["mirror"] = "body"
            return False
        end = exchange.now + self._patience + self._timeout
        if not self._in_flight.admit(exchange.request_id, exchange.now, end):
            exchange.log["mirror"] = "full"
            return False
        try:
            await request_content(request, self._max_body)
        except Problem:
            self._in_flight.leave(exchange.request_id)
            raise
        exchange.log["mirror"] = self._name
        return True

    def _defer(self, exchange: Exchange) -> None:
        exchange.defer(self._send(_copy(exchange.request), exchange))

    async def _send(self, request: Request, exchange: Exchange) -> None:
        try:
            if exchange.principal is not None:
                identity = self._identities.field(exchange, exchange.principal, self._audience)
                request.headers.set(IDENTITY, await identity)
            response = await self._service.send(request, timeout=self._timeout)
            await discard(response.body)
        finally:
            self._in_flight.leave(exchange.request_id)


def _copy(request: Request) -> Request:
    headers = request.headers.copy()
    headers.set(MIRROR, "1")
    headers.remove(DEADLINE)  # nobody waits for it
    return Request(
        request.method,
        request.path,
        request.query,
        headers,
        request.body,
        host=request.host,
        scheme=request.scheme,
    )
