"""Asking the service: its answer is stored if it may be, a 304 makes good again what is stored, and
that may answer where it fails (RFC 9111, sections 3 and 4.3; RFC 5861, section 4).

The rules are elsewhere; here is how one request goes by them.
"""

import copy
from collections.abc import Callable

from msgspec import structs

from caching import cache_status
from caching.answering import served
from caching.codings import ACCEPT, accepted
from caching.conditions import has_it
from caching.decide import STALE_IF_ERROR, selected
from caching.decision import ERRORS, OWN_CONDITIONS, Forward, Serve, Validate
from caching.keys import can_be_named
from caching.negotiating import decode_for
from caching.request import CacheRequest
from caching.settings import CacheRules
from caching.shelf import Place, Shelf
from caching.stored import Facts, StoredResponse, current_age
from caching.storing import Refusal, store
from caching.tags import Tags, TooMany, take_tags, together
from caching.updating import identified, is_same_representation, updated
from contract.cache_lease import Outcome
from contract.problems import Problem
from messages import Exchange, Request, Response, discard
from pipeline import Next

Clock = Callable[[], float]
"""Unix seconds."""


class Fetching:
    """For one route."""

    def __init__(self, rules: CacheRules, shelf: Shelf, tags: Tags, clock: Clock | None) -> None:
        self._rules = rules
        self._shelf = shelf
        self._tags = tags
        self._clock = clock

    def now(self, exchange: Exchange) -> float:
        """Unix seconds, never before the request came."""
        return exchange.now if self._clock is None else max(exchange.now, self._clock())

    async def ask(
        self,
        exchange: Exchange,
        next: Next,
        request: CacheRequest,
        place: Place,
        decision: Validate | Forward,
    ) -> Response:
        """The service answers, or says that what is stored does."""
        if isinstance(decision, Validate):
            return await self.validate(exchange, next, request, place, decision)
        reason = "vary-miss" if place.variants is not None else decision.reason
        exchange.log["cache"] = "miss"
        request.headers = request.headers.copy()  # as the client has them, whoever edits the others
        if place.flight is None:
            response = await next(exchange)
            return self._stored(exchange, request, response, place, reason)
        # The whole answer, for the others as well; the client's conditions are for it alone.
        response = await next(again(exchange, []))
        answer = self._stored(exchange, request, response, place, reason)
        return _for_client(request, answer, self.now(exchange))

    async def validate(
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
            response = await next(again(exchange, decision.fields))
        except Problem as problem:
            if not decision.if_error or problem.type.status not in ERRORS:
                raise
            exchange.log["stale_after"] = problem.type.code
            return await self.despite(exchange, request, place, decision, problem.type.status)
        if response.status in ERRORS and decision.if_error:
            await discard(response.body)
            return await self.despite(exchange, request, place, decision, response.status)
        if response.status == 304 and decision.fields:
            if identified([stored], response):
                return await self._update(exchange, request, place, response, decision.reason)
            # It is about another one: the whole answer, then (section 4.3.4).
            response = await next(again(exchange, []))
        if request.method == "HEAD" and response.status == 200:
            if is_same_representation(stored, response.headers):
                return await self._update(exchange, request, place, response, decision.reason)
            await self._shelf.forget(exchange, [place.key.url])
        answer = self._stored(exchange, request, response, place, decision.reason)
        return _for_client(request, answer, self.now(exchange))

    async def despite(
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
        return await served(exchange, serve, place, told)

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
        now = self.now(exchange)
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
        return await served(exchange, serve, place, told)

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
            response_time=self.now(exchange),
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
        response.headers.remove(*self._rules.targets)  # which are for us alone
        decode_for(accepted(request.headers.get(ACCEPT)), response)
        response.headers.add("cache-status", told)
        return response

    def _named(
        self, exchange: Exchange, place: Place, kept: StoredResponse, named: list[str]
    ) -> StoredResponse:
        """`kept` with all by which it can be purged. Raises `TooMany`."""
        if not can_be_named(exchange, place.key):
            raise TooMany
        tags = together(self._tags.of(exchange), named)
        facts = structs.replace(kept.facts, known=place.known, tags=tags)
        return structs.replace(kept, facts=facts)


def again(exchange: Exchange, fields: list[tuple[str, str]]) -> Exchange:
    """`exchange` with a request of its own, which has `fields` in place of the client's conditions:
    what is done to it on the way can be done again."""
    own, asked = copy.copy(exchange), exchange.request
    headers = asked.headers.copy()
    headers.remove(*OWN_CONDITIONS)
    headers.extend(fields)
    own.request = Request(
        asked.method,
        asked.path,
        asked.query,
        headers,
        host=asked.host,
        scheme=asked.scheme,
        origin=asked.origin,
    )
    return own


def _for_client(request: CacheRequest, response: Response, now: float) -> Response:
    """A whole answer, for a client whose conditions did not go along: 304 if it has that one."""
    facts = Facts(response_time=now, date=now)
    if response.status != 200 or not has_it(request, response.headers, facts):
        return response
    return Response(304, response.headers, None)
