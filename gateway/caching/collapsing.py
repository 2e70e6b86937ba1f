"""One request among many that want the same: it asks for all of them, or waits and looks again.

Which of them asks is decided by `caching.flight`.
"""

from typing import Final

from caching import cache_status
from caching.answering import served
from caching.decide import decide
from caching.decision import Forward, Serve, Validate
from caching.fetching import Fetching
from caching.flight import Flights, for_all
from caching.request import CacheRequest
from caching.settings import CacheRules
from caching.shelf import Place, Shelf
from contract.cache_lease import Turn
from messages import Exchange, Response
from pipeline import Next

_MOST_FLIGHTS: Final = 2
"""The first may only tell what answers vary with; the second is for the own variant."""

_NO_ANSWER: Final = (Turn.FAILED, Turn.LATE)


class Collapsing:
    """For one route."""

    def __init__(
        self, flights: Flights, fetching: Fetching, shelf: Shelf, rules: CacheRules
    ) -> None:
        self._flights = flights
        self._fetching = fetching
        self._shelf = shelf
        self._rules = rules

    async def ask(
        self,
        exchange: Exchange,
        next: Next,
        request: CacheRequest,
        place: Place,
        decision: Validate | Forward,
    ) -> Response:
        """Ask the service for all that want the same, or wait for who does."""
        for _ in range(_MOST_FLIGHTS):
            may_be_stale = isinstance(decision, Validate) and decision.if_error
            flight = await self._flights.join(
                exchange, place.exact(request.headers), has_fallback=may_be_stale
            )
            if flight.turn is Turn.LEAD:
                own = place._replace(flight=flight)
                return await self._lead(exchange, next, request, own, decision)
            if isinstance(decision, Validate) and decision.if_error and flight.turn in _NO_ANSWER:
                exchange.log["stale_after"] = flight.turn.value
                return await self._fetching.despite(exchange, request, place, decision, None)
            if flight.turn is not Turn.STORED:
                break
            reason = decision.reason
            place = await self._shelf.find(exchange, place.key, request.headers)
            stored = () if place.stored is None else (place.stored,)
            found = decide(request, stored, self._rules, self._fetching.now(exchange))
            if isinstance(found, Serve):
                exchange.log["cache"] = "collapsed"
                told = cache_status.forwarded(reason, collapsed=True, ttl=found.ttl)
                return await served(exchange, found, place, told)
            if not isinstance(found, Validate | Forward) or not for_all(request, found):
                break
            decision = found
        return await self._fetching.ask(exchange, next, request, place, decision)

    async def refresh(
        self,
        exchange: Exchange,
        next: Next,
        request: CacheRequest,
        place: Place,
        decision: Validate,
    ) -> Response | None:
        """Ask the service unless somebody else is at it: None, then."""
        exact = place.exact(request.headers)
        flight = await self._flights.join(exchange, exact, waits=False)
        if flight.turn is Turn.LATE:
            return None
        own = place._replace(flight=flight)
        return await self._lead(exchange, next, request, own, decision)

    async def _lead(
        self,
        exchange: Exchange,
        next: Next,
        request: CacheRequest,
        place: Place,
        decision: Validate | Forward,
    ) -> Response:
        """Ask the service, and tell those who wait for the flight of `place`."""
        flight = place.flight
        try:
            return await self._fetching.ask(exchange, next, request, place, decision)
        finally:
            if flight is not None and not flight.is_kept:
                exchange.defer(flight.end(flight.outcome))
