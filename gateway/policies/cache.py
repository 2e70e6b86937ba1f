"""Cache: answers from the store where the rules allow it, and stores what they let be stored.

The rules are `caching`; here is what they need: look-ups, the service, and bodies. Every answer of
a cacheable route says in Cache-Status (RFC 9211) what happened.
"""

import copy
from collections.abc import Callable
from typing import Any, Final

from msgspec import structs

from caching import cache_status
from caching.conditions import has_it, validators
from caching.counting import Counting
from caching.decide import STALE_IF_ERROR, decide, selected
from caching.decision import (
    ERRORS,
    OWN_CONDITIONS,
    Decision,
    Forward,
    OnlyIfCached,
    Serve,
    Validate,
)
from caching.explaining import explained
from caching.flight import Flights, for_all
from caching.keying import EVERYTHING, Keying
from caching.keys import Key
from caching.memory_tier import MemoryTier
from caching.purges import Purges
from caching.ranges import Part
from caching.request import CacheRequest
from caching.serving import head_of
from caching.settings import CacheRules
from caching.shelf import Place, Shelf
from caching.stored import Facts, StoredResponse, current_age
from caching.storing import Refusal, store
from caching.tags import Tags, TooMany, take_tags, together
from caching.updating import identified, is_same_representation, updated
from contract.cache import EDGE, GLOBAL, MAX_BODY
from contract.cache_lease import Outcome, Turn
from contract.problems import NOT_STORED, Problem
from messages import Exchange, Request, Response, discard, read_body
from pipeline import Next
from ports import ResponseStore

Clock = Callable[[], float]
"""Unix seconds."""

_MAX_REFRESHING: Final = 1000

_MOST_FLIGHTS: Final = 2
"""The first may only tell what answers vary with; the second is for the own variant."""

_NO_ANSWER: Final = (Turn.FAILED, Turn.LATE)


class Cache:
    """Stores answers by `rules`, which are those of one route."""

    REFRESH_TIME: Final = 10.0
    """Seconds in which an isolate asks no second time for what it uses stale meanwhile."""

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
        keying: Keying = EVERYTHING,
    ) -> None:
        """`made_by` tells what makes the answers from what made them before; empty for one way.
        `tiers` are those behind `memory`."""
        self._rules = rules
        self._shelf = Shelf(
            rules,
            store,
            made_by,
            purges=purges or Purges(),
            tiers=tiers,
            memory=memory,
            keying=keying,
        )
        self._keying = keying
        self._tags = tags or Tags(())
        self._clock = clock
        self._flights = flights
        self._counting = counting
        self._refreshing: dict[str, float] = {}

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
        request = CacheRequest(asked.method, asked.headers)
        if asked.method not in ("GET", "HEAD"):
            return await self._pass(exchange, next, "method")
        asked.query = self._keying.canonical(asked.query)
        key = self._shelf.key(exchange, asked.headers)
        if key is None:
            exchange.log["not_stored"] = "claim"
            return await self._pass(exchange, next, "bypass")
        self._note_caller(exchange, request)
        place, decision = await self._looked(exchange, request, key)
        match decision:
            case Serve():
                return await self._hit(exchange, next, decision, place)
            case OnlyIfCached():
                status = f"{cache_status.NAME}; detail=only-if-cached"
                raise Problem(NOT_STORED, headers={"cache-status": status})
            case Forward("request"):
                return await self._pass(exchange, next, "request")
        if self._flights is not None and for_all(request, decision):
            return await self._together(exchange, next, request, place, decision)
        return await self._ask(exchange, next, request, place, decision)

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
        request = CacheRequest(asked.method, asked.headers)
        asked.query = self._keying.canonical(asked.query)
        key = self._shelf.key(exchange, asked.headers)
        if key is None:
            because = "its key has a claim of the caller, who is not known here"
            return {"outcome": "bypass", "because": because}
        if asked.method in ("GET", "HEAD"):
            place, decision = await self._looked(exchange, request, key)
        else:
            place, decision = Place(key), Forward("method")
        return explained(decision, place, exchange.now, purged="purged_entry" in exchange.log)

    async def _ask(
        self,
        exchange: Exchange,
        next: Next,
        request: CacheRequest,
        place: Place,
        decision: Validate | Forward,
    ) -> Response:
        """The service answers, or says that what is stored does."""
        if isinstance(decision, Validate):
            return await self._validate(exchange, next, request, place, decision)
        reason = "vary-miss" if place.variants is not None else decision.reason
        exchange.log["cache"] = "miss"
        request.headers = request.headers.copy()  # as the client has them, whoever edits the others
        if place.flight is None:
            response = await next(exchange)
            return self._stored(exchange, request, response, place, reason)
        # The whole answer, for the others as well; the client's conditions are for it alone.
        response = await next(_again(exchange, []))
        answer = self._stored(exchange, request, response, place, reason)
        return _for_client(request, answer, self._now(exchange))

    async def _together(
        self,
        exchange: Exchange,
        next: Next,
        request: CacheRequest,
        place: Place,
        decision: Validate | Forward,
    ) -> Response:
        """Ask the service for all that want the same, or wait for who does."""
        flights = self._flights
        assert flights is not None  # noqa: S101  (else everybody asks alone)
        for _ in range(_MOST_FLIGHTS):
            may_be_stale = isinstance(decision, Validate) and decision.if_error
            flight = await flights.join(
                exchange, place.exact(request.headers), has_fallback=may_be_stale
            )
            if flight.turn is Turn.LEAD:
                own = place._replace(flight=flight)
                return await self._lead(exchange, next, request, own, decision)
            if isinstance(decision, Validate) and decision.if_error and flight.turn in _NO_ANSWER:
                exchange.log["stale_after"] = flight.turn.value
                return await self._despite(exchange, request, place, decision, None)
            if flight.turn is not Turn.STORED:
                break
            reason = decision.reason
            place = await self._shelf.find(exchange, place.key, request.headers)
            stored = () if place.stored is None else (place.stored,)
            found = decide(request, stored, self._rules, self._now(exchange))
            if isinstance(found, Serve):
                exchange.log["cache"] = "collapsed"
                told = cache_status.forwarded(reason, collapsed=True, ttl=found.ttl)
                return await _served(exchange, found, place, told)
            if not isinstance(found, Validate | Forward) or not for_all(request, found):
                break
            decision = found
        return await self._ask(exchange, next, request, place, decision)

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
            return await self._ask(exchange, next, request, place, decision)
        finally:
            if flight is not None and not flight.is_kept:
                exchange.defer(flight.end(flight.outcome))

    def _note_caller(self, exchange: Exchange, request: CacheRequest) -> None:
        """Whose credential was verified is known by it, though it is gone (RFC 9111, section 3.5).
        With a claim in the key the answer is for those alone who share it."""
        if exchange.principal is not None and self._keying.claim is None:
            request.read.setdefault("authorization", "")

    async def _pass(self, exchange: Exchange, next: Next, reason: str) -> Response:
        """The service answers, and nothing is stored."""
        exchange.log["cache"] = "bypass"
        response = await next(exchange)
        take_tags(response.headers)
        response.headers.add("cache-status", cache_status.forwarded(reason))
        return response

    async def _hit(self, exchange: Exchange, next: Next, serve: Serve, place: Place) -> Response:
        exchange.log["cache"] = "stale" if serve.stale_because else "hit"
        if serve.revalidate:
            self._refresh_later(exchange, next, place.key)
        return await _served(
            exchange, serve, place, cache_status.hit(serve.ttl, serve.stale_because)
        )

    async def _validate(
        self,
        exchange: Exchange,
        next: Next,
        request: CacheRequest,
        place: Place,
        decision: Validate,
    ) -> Response:
        """Ask whether what is stored is still good (RFC 9111, section 4.3)."""
        exchange.log["cache"] = "miss"
        stored = decision.stored
        try:
            response = await next(_again(exchange, decision.fields))
        except Problem as problem:
            if not decision.if_error or problem.type.status not in ERRORS:
                raise
            exchange.log["stale_after"] = problem.type.code
            return await self._despite(exchange, request, place, decision, problem.type.status)
        if response.status in ERRORS and decision.if_error:
            await discard(response.body)
            return await self._despite(exchange, request, place, decision, response.status)
        if response.status == 304 and decision.fields:
            if identified([stored], response):
                return await self._update(exchange, request, place, response, decision.reason)
            # It is about another one: the whole answer, then (section 4.3.4).
            response = await next(_again(exchange, []))
        if request.method == "HEAD" and response.status == 200:
            if is_same_representation(stored, response.headers):
                return await self._update(exchange, request, place, response, decision.reason)
            await self._shelf.forget(exchange, [place.key.url])
        answer = self._stored(exchange, request, response, place, decision.reason)
        return _for_client(request, answer, self._now(exchange))

    async def _despite(
        self,
        exchange: Exchange,
        request: CacheRequest,
        place: Place,
        decision: Validate,
        failure: int | None,
    ) -> Response:
        """What is stored, as the service has failed (RFC 5861, section 4).

        `failure`: the status with which it has; None where it was another request that it failed.
        """
        exchange.log["cache"] = "stale"
        status, part = selected(request, decision.stored)
        serve = Serve(decision.stored, status, decision.age, decision.ttl, part)
        told = cache_status.forwarded(
            decision.reason, failure, ttl=decision.ttl, detail=STALE_IF_ERROR
        )
        return await _served(exchange, serve, place, told)

    async def _update(
        self,
        exchange: Exchange,
        request: CacheRequest,
        place: Place,
        response: Response,
        reason: str,
    ) -> Response:
        """What is stored, with what the service has just said of it."""
        exchange.log["cache"] = "validated"
        assert place.entry is not None  # noqa: S101  (there was something to validate)
        assert place.entry.stored is not None  # noqa: S101
        now = self._now(exchange)
        news = take_tags(response.headers)
        new, is_kept = updated(
            request,
            place.entry.stored,
            response,
            self._rules,
            request_time=exchange.now,
            response_time=now,
            chance=exchange.chance,
        )
        if is_kept:
            try:
                new = self._named(exchange, place, new, news or list(place.entry.stored.facts.tags))
            except TooMany:
                is_kept = False
        if is_kept:
            self._shelf.write_later(exchange, place, request.headers, new, place.entry.response)
        else:
            await self._shelf.forget(exchange, [place.key.url])
        status, part = selected(request, new)
        age = current_age(new.facts, now)
        serve = Serve(new, status, age, new.facts.lifetime - age, part)
        told = cache_status.forwarded(reason, response.status, stored=is_kept)
        return await _served(exchange, serve, place, told)

    def _stored(
        self,
        exchange: Exchange,
        request: CacheRequest,
        response: Response,
        place: Place,
        reason: str,
    ) -> Response:
        """`response`, of which a copy is stored if it may be."""
        named = take_tags(response.headers)
        kept = store(
            request,
            response,
            self._rules,
            request_time=exchange.now,
            response_time=self._now(exchange),
            chance=exchange.chance,
        )
        if isinstance(kept, StoredResponse):
            try:
                kept = self._named(exchange, place, kept, named)
            except TooMany:
                kept = Refusal.TAGS
        told = cache_status.forwarded(
            reason, response.status, stored=isinstance(kept, StoredResponse)
        )
        if isinstance(kept, Refusal):
            exchange.log["not_stored"] = kept.value
            if place.flight is not None and response.status not in ERRORS:
                place.flight.outcome = Outcome.UNSTORABLE
        else:
            self._shelf.write_later(exchange, place, request.headers, kept, response)
        response.headers.add("cache-status", told)
        return response

    def _named(
        self, exchange: Exchange, place: Place, kept: StoredResponse, named: list[str]
    ) -> StoredResponse:
        """`kept` with all by which it can be purged. Raises `TooMany`."""
        tags = together(self._tags.of(exchange), named)
        facts = structs.replace(kept.facts, known=place.known, tags=tags)
        return structs.replace(kept, facts=facts)

    def _refresh_later(self, exchange: Exchange, next: Next, key: Key) -> None:
        """Validate what was used stale when the answer is out (RFC 5861, section 3)."""
        now, refreshing = exchange.now, self._refreshing
        if refreshing.get(key.url, 0.0) > now:
            return
        if len(refreshing) >= _MAX_REFRESHING:
            refreshing.clear()
        refreshing[key.url] = now + self.REFRESH_TIME
        later = _again(exchange, [])
        later.log, later.answer_fields = {}, []
        later.request.method = "GET"
        exchange.defer(self._refresh(later, next))

    async def _refresh(self, exchange: Exchange, next: Next) -> None:
        request = CacheRequest("GET", exchange.request.headers.copy())
        self._note_caller(exchange, request)
        key = self._shelf.key(exchange, request.headers)
        if key is None:
            return
        place = await self._shelf.find(exchange, key, request.headers)
        if place.stored is None:
            return
        # Where the service fails, what is stored stays as it is.
        decision = Validate(place.stored, "stale", validators(place.stored), True, 0.0, 0.0)
        if self._flights is None:
            response = await self._validate(exchange, next, request, place, decision)
        else:
            exact = place.exact(request.headers)
            flight = await self._flights.join(exchange, exact, waits=False)
            if flight.turn is Turn.LATE:
                return  # somebody else is at it
            own = place._replace(flight=flight)
            response = await self._lead(exchange, next, request, own, decision)
        if exchange.log["cache"] == "stale" or "not_stored" in exchange.log:
            await discard(response.body)

    def _now(self, exchange: Exchange) -> float:
        return exchange.now if self._clock is None else max(exchange.now, self._clock())


def _again(exchange: Exchange, fields: list[tuple[str, str]]) -> Exchange:
    """`exchange` with a request of its own, which has `fields` in place of the client's conditions:
    what is done to it on the way can be done again."""
    again, asked = copy.copy(exchange), exchange.request
    headers = asked.headers.copy()
    headers.remove(*OWN_CONDITIONS)
    headers.extend(fields)
    again.request = Request(
        asked.method,
        asked.path,
        asked.query,
        headers,
        host=asked.host,
        scheme=asked.scheme,
        origin=asked.origin,
    )
    return again


async def _served(exchange: Exchange, serve: Serve, place: Place, told: str) -> Response:
    """The answer out of the store, with `told` as our member of Cache-Status."""
    headers = head_of(serve)
    headers.add("cache-status", told)
    if place.entry is not None:
        exchange.log["cache_tier"] = place.entry.tier
        exchange.log["cache_bytes"] = serve.stored.facts.length or 0
    if serve.status in (304, 416) or place.entry is None:
        return Response(serve.status, headers)
    source = place.entry.response
    if isinstance(serve.part, Part):
        content = await read_body(source.body, MAX_BODY)
        return Response(206, headers, content[serve.part.first : serve.part.last + 1])
    return Response(serve.status, headers, source.body, origin=source.origin)


def _for_client(request: CacheRequest, response: Response, now: float) -> Response:
    """A whole answer, for a client whose conditions did not go along: 304 if it has that one."""
    facts = Facts(response_time=now, date=now)
    if response.status != 200 or not has_it(request, response.headers, facts):
        return response
    return Response(304, response.headers, None)
