"""The answers of one route in the store: found by their keys and variants, written, forgotten.

The one module here that waits for anything.
"""

from collections.abc import Coroutine
from typing import Any, Final, NamedTuple

from caching.entries import Entry, Variants, read_entry, variant_of
from caching.flight import Flight
from caching.keys import Key, addresses_of, key_of
from caching.purges import Purges
from caching.settings import CacheRules
from caching.stored import StoredResponse
from caching.storing import retention
from contract.cache_lease import Outcome
from messages import Exchange, Headers, Response
from ports import ResponseStore, Unavailable

_DAY: Final = 86_400.0
"""Seconds for which the list of variants is kept at least."""


class Place(NamedTuple):
    """Where the answer to a request is stored, or would be, and what is there."""

    key: Key
    variants: Variants | None = None
    entry: Entry | None = None
    known: float = 0.0
    """What was known of purges before anything was asked."""
    flight: Flight | None = None
    """What others wait for, where the answer to this request is theirs as well."""

    @property
    def stored(self) -> StoredResponse | None:
        return self.entry.stored if self.entry is not None else None

    def exact(self, headers: Headers) -> str:
        """The key of what answers a request with these fields, as far as that is known."""
        if self.variants is None:
            return self.key.url
        return self.key.of_variant(variant_of(self.variants, headers))


class Shelf:
    """All of it for one route. Where the store does not answer, nothing is there."""

    TIMEOUT: Final = 0.5
    """Seconds after which a look-up is given up."""

    def __init__(
        self, rules: CacheRules, store: ResponseStore, made_by: str, purges: Purges
    ) -> None:
        """`made_by` tells what makes the answers from what made them before."""
        self._rules = rules
        self._store = store
        self._purges = purges
        self._made_by = made_by

    def key(self, exchange: Exchange) -> Key:
        """The key for the request of `exchange`, which has not been to its service yet."""
        return key_of(exchange, self._made_by)

    async def find(self, exchange: Exchange, headers: Headers) -> Place:
        """What is stored for a request with these fields."""
        key, known = self.key(exchange), self._purges.sequence
        entry, variants = await self._look_up(exchange, key.url), None
        if entry is not None and entry.variants is not None:
            variants = entry.variants
            variant = variant_of(variants, headers)
            entry = await self._look_up(exchange, key.of_variant(variant))
        if entry is not None and entry.stored is not None:
            entry = self._judged(exchange, entry, entry.stored)
        return Place(key, variants, entry, known)

    def _judged(self, exchange: Exchange, entry: Entry, stored: StoredResponse) -> Entry | None:
        """`entry` as far as it has not been purged."""
        usable = self._purges.judge(stored, addresses_of(exchange), exchange.now)
        if usable is None:
            exchange.log["purged_entry"] = True
            return None
        return entry if usable is stored else entry._replace(stored=usable)

    async def _look_up(self, exchange: Exchange, key: str) -> Entry | None:
        try:
            found = await self._store.lookup(key, timeout=self.TIMEOUT)
        except Unavailable as failure:
            exchange.log["cache_store"] = str(failure)
            return None
        return None if found is None else read_entry(found)

    def write_later(
        self,
        exchange: Exchange,
        place: Place,
        asked: Headers,
        kept: StoredResponse,
        response: Response,
    ) -> None:
        """Keep `kept` with the body of `response` when the answer is out.

        `asked`: the fields of the request, as the client has them.
        """
        twin = self._store.duplicate(response)
        if place.flight is None:
            exchange.defer(self._write(place, asked, kept, twin))
        else:
            place.flight.is_kept = True
            exchange.defer(self._land(place.flight, self._write(place, asked, kept, twin)))

    async def _land(self, flight: Flight, writing: Coroutine[Any, Any, None]) -> None:
        """Tell those who wait once it is written, or has failed to be."""
        outcome = Outcome.FAILED
        try:
            await writing
            outcome = Outcome.STORED
        finally:
            await flight.end(outcome)

    async def _write(
        self, place: Place, asked: Headers, kept: StoredResponse, twin: Response
    ) -> None:
        facts, key = kept.facts, place.key.url
        stored_at = facts.response_time
        ttl = retention(kept, self._rules, stored_at)
        names = [name for name, _ in facts.vary]
        if names:
            variants = place.variants
            if variants is None or variants[1:] != names:
                variants = [f"{stored_at:.3f}", *names]
                nothing, longer = Response(200, Headers(), b""), max(ttl, _DAY)
                await self._store.store(key, nothing, variants, stored_at=stored_at, ttl=longer)
            key = place.key.of_variant(variant_of(variants, asked))
        twin.status, twin.headers = kept.status, Headers(kept.fields)
        await self._store.store(key, twin, facts, stored_at=stored_at, ttl=ttl)

    async def forget(self, exchange: Exchange, keys: list[str]) -> None:
        """Purge `keys`, now."""
        try:
            await self._store.purge(keys, timeout=self.TIMEOUT)
        except Unavailable as failure:
            exchange.log["cache_store"] = str(failure)
