"""Cache: answers from the store where the rules allow it, and stores what they let be stored.

The rules are `caching`; here is which way a request takes: a stored answer, the service, or none.
Every answer of a cacheable route says in Cache-Status (RFC 9211) what happened.
"""

from typing import Any

from caching import cache_status
from caching.answering import EntryBroken, served
from caching.codings import Accepted
from caching.collapsing import Collapsing
from caching.counting import Counting
from caching.decide import decide
from caching.decision import Decision, Forward, OnlyIfCached, Serve, Validate
from caching.explaining import explained
from caching.fetching import Clock, Fetching
from caching.flight import Flights, for_all
from caching.keying import EVERYTHING, Keying
from caching.keys import Key
from caching.memory_tier import MemoryTier
from caching.negotiating import Negotiating, asked_for, decode_for
from caching.purges import Purges
from caching.refreshing import Refreshing
from caching.request import CacheRequest
from caching.settings import CacheRules
from caching.shelf import Place, Shelf
from caching.tags import Tags, take_tags
from contract.cache import EDGE, GLOBAL
from contract.problems import NOT_STORED, Problem
from messages import Exchange, Response
from pipeline import Next
from ports import ResponseStore


class Cache:
    """Stores answers by `rules`, which are those of one route."""

    def __init__(
        self,
        rules: CacheRules,
        store: ResponseStore,
        made_by: str = "",
        clock: Clock | None = None,
        *,
        purges: Purges | None = None,
        tags: Tags | None = None,
        flights: Flights | None = None,
        counting: Counting | None = None,
        tiers: frozenset[str] = frozenset((EDGE, GLOBAL)),
        memory: MemoryTier | None = None,
        remembers: bool = True,
        keying: Keying = EVERYTHING,
        keeps_codings: bool = False,
    ) -> None:
        """`made_by` tells what makes the answers from what made them before; empty for one way.
        `tiers` are those behind `memory`, which holds answers if `remembers`. `keeps_codings`:
        nobody behind this reads or changes the body of an answer."""
        self._rules = rules
        self._keying = keying
        self._keeps_codings = keeps_codings
        self._counting = counting
        self._shelf = shelf = Shelf(
            rules,
            store,
            made_by,
            purges=purges or Purges(),
            tiers=tiers,
            memory=memory,
            remembers=remembers,
            keying=keying,
        )
        self._fetching = fetching = Fetching(rules, shelf, tags or Tags(()), clock)
        self._collapsing = Collapsing(flights, fetching, shelf, rules) if flights else None
        self._refreshing = Refreshing(fetching, shelf, keying, self._collapsing)

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        try:
            return await self._answer(exchange, next)
        finally:
            if self._counting is not None and "cache" in exchange.log:
                log = exchange.log
                tier, size = log.get("cache_tier", ""), log.get("cache_bytes", 0)
                self._counting.note(exchange, log["cache"], tier, size)

    async def _answer(self, exchange: Exchange, next: Next) -> Response:
        asked = exchange.request
        if asked.method not in ("GET", "HEAD"):
            return await self._pass(exchange, next, "method")
        next = Negotiating(next, self._keeps_codings)
        wanted = asked_for(asked)
        asked.query = self._keying.canonical(asked.query)
        key = self._shelf.key(exchange, asked.headers)
        if key is None:
            exchange.log["not_stored"] = "claim"
            return await self._pass(exchange, next, "bypass", wanted)
        request = self._keying.asked(asked, exchange.principal)
        request.takes_plain = wanted.plain
        place, decision = await self._looked(exchange, request, key)
        if isinstance(decision, OnlyIfCached):
            status = f"{cache_status.NAME}; detail=only-if-cached"
            raise Problem(NOT_STORED, headers={"cache-status": status})
        if isinstance(decision, Forward) and decision.reason == "request":
            return await self._pass(exchange, next, "request", wanted)
        try:
            return await self._decided(exchange, next, request, place, decision)
        except EntryBroken as failure:
            exchange.log["cache_store"] = str(failure)
            nothing = Place(key, known=place.known)
            return await self._fetching.ask(exchange, next, request, nothing, Forward("uri-miss"))

    async def _decided(
        self,
        exchange: Exchange,
        next: Next,
        request: CacheRequest,
        place: Place,
        decision: Serve | Validate | Forward,
    ) -> Response:
        if isinstance(decision, Serve):
            return await self._hit(exchange, next, decision, place)
        together = self._collapsing
        ask = together.ask if together and for_all(request, decision) else self._fetching.ask
        return await ask(exchange, next, request, place, decision)

    async def _looked(
        self, exchange: Exchange, request: CacheRequest, key: Key
    ) -> tuple[Place, Decision]:
        """What is stored for the request, and what becomes of it then."""
        if request.passes_by:
            place = Place(key)
        else:
            place = await self._shelf.find(exchange, key, exchange.request.headers)
        stored = () if place.stored is None else (place.stored,)
        return place, decide(request, stored, self._rules, exchange.now)

    async def explain(self, exchange: Exchange) -> dict[str, Any]:
        """What would become of the request of `exchange` now: see `caching.explaining`."""
        asked = exchange.request
        wanted = asked_for(asked)
        asked.query = self._keying.canonical(asked.query)
        key = self._shelf.key(exchange, asked.headers)
        if key is None:
            because = "its key has a claim of the caller, who is not known here"
            return {"outcome": "bypass", "because": because}
        if asked.method in ("GET", "HEAD"):
            request = self._keying.asked(asked, exchange.principal)
            request.takes_plain = wanted.plain
            place, decision = await self._looked(exchange, request, key)
        else:
            place, decision = Place(key), Forward("method")
        return explained(decision, place, exchange.now, purged="purged_entry" in exchange.log)

    async def _pass(
        self, exchange: Exchange, next: Next, reason: str, wanted: Accepted | None = None
    ) -> Response:
        """The service answers, and nothing is stored."""
        exchange.log["cache"] = "bypass"
        response = await next(exchange)
        if wanted is not None:
            decode_for(wanted, response)
        take_tags(response.headers)
        response.headers.add("cache-status", cache_status.forwarded(reason))
        return response

    async def _hit(self, exchange: Exchange, next: Next, serve: Serve, place: Place) -> Response:
        exchange.log["cache"] = "stale" if serve.stale_because else "hit"
        if serve.revalidate:
            self._refreshing.later(exchange, next, place.key)
        told = cache_status.hit(serve.ttl, serve.stale_because)
        return await served(exchange, serve, place, told)
