"""The answers of one route in the store: found by their keys and variants, written, forgotten."""

from typing import Final, NamedTuple

from caching.codings import ACCEPT
from caching.entries import (
    Entry,
    Mislabelled,
    Variants,
    as_bytes,
    as_read,
    read_entry,
    variant_of,
)
from caching.flight import Flight
from caching.keying import Keying
from caching.keys import Key, addresses_of, key_of
from caching.memory_tier import MEMORY, MemoryTier
from caching.purges import Purges
from caching.settings import CacheRules
from caching.stored import StoredResponse, current_age
from caching.storing import retention
from contract.cache import MAX_BODY, STORED_AT, TIER, TTL
from contract.cache_lease import Outcome
from messages import BodyBroken, BodyTooLarge, Exchange, Headers, Response, read_body
from ports import ResponseStore, Unavailable

_LIST_HELD: Final = 60.0
"""Seconds for which it stays in memory: others may have made another one meanwhile."""

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
        self,
        rules: CacheRules,
        store: ResponseStore,
        made_by: str,
        *,
        purges: Purges,
        tiers: frozenset[str],
        memory: MemoryTier | None,
        remembers: bool,
        keying: Keying,
    ) -> None:
        """`made_by` tells what makes the answers from what made them before. `tiers`: those behind
        `memory`, which holds what answers vary with, so that a hit takes one call at most; with
        `remembers` answers as well."""
        self._tiers = tiers
        self._remembers = remembers
        self._keying = keying
        self._memory = memory
        self._rules = rules
        self._store = store
        self._purges = purges
        self._made_by = made_by

    def key(self, exchange: Exchange, headers: Headers) -> Key | None:
        """The key for the request of `exchange`, with these fields, which has not been to its
        service yet; None where the route keeps none of its answers."""
        apart = self._keying.suffix(headers, exchange.principal)
        return None if apart is None else key_of(exchange, self._made_by, apart)

    async def find(self, exchange: Exchange, key: Key, headers: Headers) -> Place:
        """What is stored under `key` for a request with these fields."""
        known = self._purges.sequence
        entry, variants = await self._look_up(exchange, key.url), None
        if entry is not None and entry.variants is not None:
            variants = entry.variants
            variant = variant_of(variants, headers)
            entry = await self._look_up(exchange, key.of_variant(variant))
        return Place(key, variants, entry, known)

    async def _look_up(self, exchange: Exchange, key: str) -> Entry | None:
        """What is under `key` and was not purged, from the nearest tier that has it fresh; the
        farther ones may have what others have fetched since."""
        memory, held = self._memory, None
        if memory is not None:
            held = memory.get(key, exchange.now)
            if held is not None:
                held = self._judged(exchange, held)
            if held is not None and (not self._tiers or _is_fresh(held, exchange.now)):
                exchange.log["cache_tier"] = MEMORY
                return held
        found = await self._look_further(exchange, key) if self._tiers else None
        return held if found is None else self._judged(exchange, found)

    def _judged(self, exchange: Exchange, entry: Entry) -> Entry | None:
        """`entry` as far as it has not been purged."""
        stored = entry.stored
        if stored is None or self._purges.spare(stored.facts):
            return entry
        usable = self._purges.judge(stored, addresses_of(exchange), exchange.now)
        if usable is None:
            exchange.log["purged_entry"] = True
            return None
        return entry if usable is stored else entry._replace(stored=usable)

    async def _look_further(self, exchange: Exchange, key: str) -> Entry | None:
        log, memory = exchange.log, self._memory

        def note(failure: str) -> None:
            log["cache_store"] = _with(failure, log.get("cache_store", ""))

        try:
            found = await self._store.lookup(
                key, tiers=self._tiers, timeout=self.TIMEOUT, note=note
            )
        except Unavailable as failure:
            note(str(failure))
            return None
        entry = None if found is None else read_entry(found)
        if found is None or entry is None:
            return None
        tier = found.headers.get(TIER)
        if memory is not None and (self._remembers or entry.stored is None):
            entry = await self._promoted(memory, key, entry, exchange.now)
        if entry is None:
            note(f"{tier}: a body broke off")
        else:
            log["cache_tier"] = tier
        return entry

    async def _promoted(
        self, memory: MemoryTier, key: str, entry: Entry, now: float
    ) -> Entry | None:
        """`entry`, which is in memory from now on if it is small; None if its body breaks off."""
        response, stored = entry.response, entry.stored
        length = 0 if stored is None else stored.facts.length
        until = _kept_until(response.headers)
        if length is None or length > memory.MAX_BODY or until is None:
            return entry
        try:
            body = await read_body(response.body, memory.MAX_BODY)
        except (BodyBroken, BodyTooLarge):
            return None
        if stored is not None and len(body) != length:
            return None
        if stored is None:
            until = min(until, now + _LIST_HELD)
        memory.put(key, entry, body, until)
        return entry._replace(response=Response(response.status, response.headers, body))

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
        if place.flight is not None:
            place.flight.is_kept = True
        exchange.defer(self._land(place, asked, kept, twin))

    async def _land(
        self, place: Place, asked: Headers, kept: StoredResponse, twin: Response
    ) -> None:
        """Tell those who wait once it is written, or has failed to be: the next one leads where
        the service's body broke off; where it cannot be kept nobody has to wait for it."""
        outcome = Outcome.FAILED
        try:
            is_kept = await self._write(place, asked, kept, twin)
            outcome = Outcome.STORED if is_kept else Outcome.UNSTORABLE
        except (Unavailable, Mislabelled):
            outcome = Outcome.UNSTORABLE
            raise
        finally:
            if place.flight is not None:
                await place.flight.end(outcome)

    async def _write(
        self, place: Place, asked: Headers, kept: StoredResponse, twin: Response
    ) -> bool:
        """Whether it is kept. Raises `Unavailable` where it is in memory at most, and
        `Mislabelled`."""
        # Reading raises where the body breaks off; sent as a stream, it would seem to have ended.
        try:
            body = await read_body(twin.body, MAX_BODY)
        except BodyTooLarge:
            return False
        kept = as_read(kept, body, is_coded=twin.is_coded or bool(kept.facts.coding))
        facts, key = kept.facts, place.key.url
        stored_at = facts.response_time
        ttl = retention(kept, self._rules, stored_at)
        names = [name for name, _ in facts.vary]
        variants = place.variants
        if variants is not None and ACCEPT in variants[1:] and ACCEPT not in names:
            # Plain, and in no coding that others get: it is one variant, and not in their way.
            names = sorted([*names, ACCEPT])
        if names:
            if variants is None or variants[1:] != names:
                variants = [f"{stored_at:.3f}", *names]
                listed = Entry(None, variants, Response(200, Headers(), b""))
                await self._keep(key, listed, b"", stored_at, max(ttl, _DAY))
            key = place.key.of_variant(variant_of(variants, asked))
        await self._keep(key, Entry(kept, None, as_bytes(kept, body)), body, stored_at, ttl)
        return True

    async def _keep(
        self, key: str, entry: Entry, body: bytes, stored_at: float, ttl: float
    ) -> None:
        """In every tier, the nearest first."""
        if self._memory is not None and (self._remembers or entry.stored is None):
            held = ttl if entry.stored is not None else min(ttl, _LIST_HELD)
            self._memory.put(key, entry, body, stored_at + held)
        elif self._memory is not None:
            self._memory.forget(key)  # perhaps a list of variants, in whose place it is
        if not self._tiers:
            return
        known = entry.stored.facts if entry.stored is not None else entry.variants or []
        await self._store.store(
            key, entry.response, known, stored_at=stored_at, ttl=ttl, tiers=self._tiers
        )

    async def forget(self, exchange: Exchange, keys: list[str]) -> None:
        """Let go of `keys`, now."""
        if self._memory is not None:
            for key in keys:
                self._memory.forget(key)
        if not self._tiers:
            return
        try:
            await self._store.purge(keys, timeout=self.TIMEOUT)
        except Unavailable as failure:
            exchange.log["cache_store"] = str(failure)


def _with(failure: str, failures: str) -> str:
    """Those of one request, in order and each once."""
    if not failures or failure in failures:
        return failures or failure
    return f"{failures}; {failure}"


def _is_fresh(entry: Entry, now: float) -> bool:
    """Whether no farther tier could have anything better; a list of variants is as good as any."""
    stored = entry.stored
    if stored is None:
        return True
    return stored.facts.lifetime > current_age(stored.facts, now) and not stored.facts.validate


def _kept_until(fields: Headers) -> float | None:
    """Unix seconds at which the time of an entry is over that a tier gave with these fields."""
    try:
        return float(fields.get(STORED_AT) or "") + float(fields.get(TTL) or "")
    except ValueError:
        return None
