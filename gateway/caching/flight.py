"""One fetch for all requests that want the same: who goes to the service, and who waits for that.

The `CacheLease` object of a key decides. Where it does not answer, everybody goes.
"""

import hashlib
from typing import Final

from caching.decision import Forward, Validate
from caching.request import CacheRequest
from contract.cache_lease import SHARDS, FlightRequest, Outcome, ReleaseRequest, Turn
from messages import Exchange
from ports import CacheLeases, Unavailable

MARGIN: Final = 0.5
"""Seconds that the object is given beyond what it waits."""


def for_all(request: CacheRequest, decision: Validate | Forward) -> bool:
    """Whether others can be answered with what the service answers to this, and this with what it
    answers to others: a whole answer, that is fresh for a while."""
    if request.method != "GET" or "range" in request.read or decision.reason == "request":
        return False
    if isinstance(decision, Forward):
        return True
    facts = decision.stored.facts
    return facts.lifetime > 0 and not facts.validate


class Flight:
    """A turn of one request: what to do, and how the others hear what came of it."""

    __slots__ = ("_flights", "_key", "_token", "is_kept", "outcome", "turn")

    def __init__(self, flights: "Flights", key: str, turn: Turn, token: int = 0) -> None:
        self._flights = flights
        self._key = key
        self._token = token
        self.turn = turn
        self.outcome = Outcome.FAILED
        self.is_kept = False
        """Whether an answer is on its way into the store; whoever puts it there ends the lease."""

    async def end(self, outcome: Outcome) -> None:
        """Tell those who wait. Never raises: without it the lease ends by itself."""
        if self.turn is Turn.LEAD:
            await self._flights.release(self._key, self._token, outcome)


class Flights:
    """Those of one route."""

    def __init__(self, leases: CacheLeases, *, wait: float, lease: float, region: str) -> None:
        """`wait`: seconds for which a request waits for another's answer; `lease`: those after
        which the next one goes to the service."""
        self._leases = leases
        self._wait = wait
        self._lease = lease
        self._region = region

    async def join(
        self, exchange: Exchange, key: str, *, waits: bool = True, has_fallback: bool = False
    ) -> Flight:
        """Lead, or wait until `key` is stored. `waits`: or else hear at once that another leads."""
        digest = hashlib.sha256(key.encode()).hexdigest()[:32]
        wait = self._wait if waits else 0.0
        request = FlightRequest(
            key=digest, seconds=self._lease, wait=wait, has_fallback=has_fallback
        )
        try:
            answer = await self._leases.acquire(
                self._object(digest), request, timeout=wait + MARGIN
            )
        except Unavailable as failure:
            exchange.log["cache_lease"] = str(failure)
            return Flight(self, digest, Turn.ALONE)
        return Flight(self, digest, answer.turn, answer.token)

    async def release(self, key: str, token: int, outcome: Outcome) -> None:
        """End the lease. Never raises."""
        request = ReleaseRequest(key=key, token=token, outcome=outcome)
        try:
            await self._leases.release(self._object(key), request, timeout=MARGIN)
        except Unavailable:
            return

    def _object(self, digest: str) -> str:
        return f"{self._region}/{int(digest[:4], 16) % SHARDS:02x}"
