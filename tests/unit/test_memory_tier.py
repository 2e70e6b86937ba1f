"""The tier in memory: bounded by bytes, time ends what is held; and how a cache uses its tiers."""

from typing import Any

import pytest

from caching.entries import Entry
from caching.memory_tier import MemoryTier
from caching.settings import CacheRules
from caching.stored import Facts, StoredResponse
from contract.cache import EDGE, GLOBAL
from messages import Exchange, Headers, Response
from policies.cache import Cache
from tests.unit.fakes import NOW, FakeStore, FakeStream, exchange, json_response, run

BOTH = frozenset((EDGE, GLOBAL))


def entry(**fields: str) -> Entry:
    facts = Facts(response_time=NOW, date=NOW, lifetime=60.0)
    stored = StoredResponse(status=200, fields=list(fields.items()), facts=facts)
    return Entry(stored, None, Response(200, Headers()))


def test_it_never_holds_more_than_it_may() -> None:
    """Distinct entries of many times its size."""
    most = 200_000
    tier = MemoryTier(most)
    for number in range(2000):
        tier.put(f"key-{number}", entry(x="y"), b"z" * (number % 3000), NOW + 60)
        assert tier.size <= most
    held = [number for number in range(2000) if tier.get(f"key-{number}", NOW) is not None]
    assert held == list(range(2000 - len(tier), 2000)), "the latest are those that are held"
    counted = sum(MemoryTier.OVERHEAD + len(f"key-{n}") + 2 + n % 3000 for n in held)
    assert tier.size == counted
    for number in held:
        tier.forget(f"key-{number}")
    assert (len(tier), tier.size) == (0, 0)


def test_what_answers_vary_with_and_their_tags_count_as_well() -> None:
    """A client chooses how long a value is that its variant is told apart by."""
    most = 200_000
    tier, long = MemoryTier(most), "x" * 10_000
    facts = Facts(
        response_time=NOW,
        date=NOW,
        vary=(("accept-language", long), ("x-other", None)),
        tags=(long,),
        targeted=(("cdn-cache-control", long),),
    )
    kept = StoredResponse(status=200, fields=[], facts=facts)
    for number in range(20):
        tier.put(f"key-{number}", Entry(kept, None, Response(200, Headers())), b"", NOW + 60)
    assert len(tier) <= most // (3 * len(long))


def test_what_was_used_lately_stays() -> None:
    tier = MemoryTier(3 * (MemoryTier.OVERHEAD + 10))
    for key in ("a", "b", "c"):
        tier.put(key, entry(), b"", NOW + 60)
    tier.get("a", NOW)
    tier.put("d", entry(), b"", NOW + 60)
    assert [key for key in "abcd" if tier.get(key, NOW) is not None] == ["a", "c", "d"]


def test_what_is_put_again_takes_the_place() -> None:
    tier = MemoryTier()
    tier.put("a", entry(), b"first", NOW + 60)
    tier.put("a", entry(), b"2", NOW + 60)
    held = tier.get("a", NOW)
    assert held is not None
    assert held.response.body == b"2"
    assert tier.size == MemoryTier.OVERHEAD + 2


NOT_HELD = {
    "too large a body": (b"x" * (MemoryTier.MAX_BODY + 1), NOW + 60, NOW),
    "one whose time is over": (b"x", NOW + 60, NOW + 60),
}


@pytest.mark.parametrize(("body", "until", "now"), NOT_HELD.values(), ids=NOT_HELD)
def test_what_is_not_held(body: bytes, until: float, now: float) -> None:
    tier = MemoryTier()
    tier.put("a", entry(), b"before", NOW + 60)
    tier.put("a", entry(), body, until)
    assert tier.get("a", now) is None
    assert tier.size == 0


class Isolate:
    """A cache with a memory of its own before tiers that others share."""

    def __init__(self, store: FakeStore, tiers: frozenset[str] = BOTH) -> None:
        self.store = store
        self.memory = MemoryTier()
        rules = CacheRules(default_ttl=30.0)
        self.cache = Cache(rules, store, tiers=tiers, memory=self.memory)
        self.body = b"{}"
        self.log: dict[str, Any] = {}

    def get(self, later: float = 0, **headers: str) -> Response:
        async def service(_: Exchange) -> Response:
            return json_response(self.body, 200, etag='"1"', **self.fields)

        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = exchange("GET", "/things", headers=named, now=NOW + later)
        answered = run(self.cache(asked, service))
        self.log = asked.log
        return answered

    fields: dict[str, str] = {}  # noqa: RUF012


def test_a_hit_in_memory_asks_nobody() -> None:
    one = Isolate(FakeStore())
    one.get()
    asked = one.store.asked
    assert one.get().body == b"{}"
    assert (one.log["cache"], one.log["cache_tier"]) == ("hit", "memory")
    assert one.store.asked == asked


def test_what_others_have_stored_is_in_memory_from_the_first_hit_on() -> None:
    store = FakeStore()
    Isolate(store).get()
    one = Isolate(store)
    for tier in ("kv", "memory"):
        assert one.get().body == b"{}"
        assert (one.log["cache"], one.log["cache_tier"]) == ("hit", tier)


def test_variants_are_found_in_memory() -> None:
    one = Isolate(FakeStore())
    one.fields = {"vary": "accept-language"}
    one.get(accept_language="de")
    asked = one.store.asked
    one.get(accept_language="de")
    assert (one.log["cache"], one.store.asked) == ("hit", asked)
    one.get(accept_language="fr")
    assert one.log["cache"] == "miss"


def test_a_large_body_stays_a_stream() -> None:
    store = FakeStore()
    first = Isolate(store)
    first.body = b"x" * (MemoryTier.MAX_BODY + 1)
    first.get()
    (stored,) = store.entries.values()
    stream = stored.body = FakeStream(first.body)
    assert Isolate(store).get().body is stream
    assert not stream.was_read


def test_a_body_that_is_not_as_long_as_it_was_is_no_hit() -> None:
    store = FakeStore()
    Isolate(store).get()
    (stored,) = store.entries.values()
    stored.body = FakeStream(b"{")
    one = Isolate(store)
    assert one.get().body == b"{}"
    assert one.log["cache"] == "miss"


def test_memory_alone_needs_no_store() -> None:
    store = FakeStore()
    store.down = True
    one = Isolate(store, frozenset())
    one.get()
    assert one.get().body == b"{}"
    assert one.log == {"cache": "hit", "cache_tier": "memory", "cache_bytes": 2}
    assert store.asked == 0


def test_what_is_stale_in_memory_may_be_fresh_in_another_tier() -> None:
    store = FakeStore()
    one, other = Isolate(store), Isolate(store)
    one.get()
    other.get()
    other.body = b"[]"
    assert other.get(40).body == b"[]"
    assert one.get(41).body == b"[]"
    assert one.log["cache"] == "hit"
