"""How the gateway and the cache Worker speak about stored responses.

Bodies travel by `fetch` on the URL of the key: GET looks an entry up (404 where there is none), PUT
stores the body under the response header fields it comes with. Control travels by RPC.

A PUT has to say the length of its body, so its sender has read it to the end: a stream that breaks
off reaches the other Worker as one that ended, and half a body would be stored as the whole.

**The stored form** is the same in every tier, in the answer to GET, and in what `caches.default`
holds under the key's URL, where the gateway looks first: status 200, whatever the response's own
is, as not every store takes every status, and its body and header fields, except that

- `Cache-Control` says `public, max-age=<TTL>`, which is what the Cache API goes by, and the
  service's own is kept in `ORIGIN_CACHE_CONTROL` (no such field if there was none);
- `STATUS`, `STORED_AT`, `TTL`, `FACTS` and `TIER` are added;
- `Age`, `Set-Cookie`, `Content-Length`, the targeted cache fields of RFC 9213, and what belongs to
  a single connection are missing; so is `Content-Encoding`, which is in `FACTS`: where a body is
  encoded, its bytes mean nothing to any tier.

How long an entry is kept is not how long it is fresh: a stale one may be validated, or used where
the service fails. That is the gateway's business (`gateway/caching`), and in `FACTS`.

Whoever sends an entry to a client puts `Cache-Control` back and takes the `gateway-` fields off.
"""

from typing import Final, Protocol

import msgspec

ORIGIN: Final = "https://cache.internal/"
"""Keys live below this URL; it is never resolved, and the same in every tier."""

MAX_BODY: Final = 8 * 1024 * 1024
"""Bytes. Larger bodies are not stored: each is complete in memory before any of it is."""

STORED_AT: Final = "gateway-stored-at"
"""Unix seconds at which the response was stored."""

TTL: Final = "gateway-ttl"
"""Seconds for which the entry is kept, counted from `STORED_AT`."""

FACTS: Final = "gateway-facts"
"""What the gateway's rules know of the response, as one JSON text in ASCII; kept as it is."""

TIERS: Final = "gateway-tiers"
"""Which tiers a PUT or a GET is about, such as `edge, global`; without it both."""

EDGE: Final = "edge"
"""The Cache API of a data centre."""

GLOBAL: Final = "global"
"""KV, which all data centres share."""

STATUS: Final = "gateway-status"
"""The response's own status code, on PUT and in the stored form."""

TIER: Final = "gateway-tier"
"""On a hit: which tier answered (`cache-api` or `kv`). In the answer to PUT: those that store."""

ORIGIN_CACHE_CONTROL: Final = "gateway-origin-cache-control"
"""In the stored form: the Cache-Control that the service sent."""


class PurgeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Remove the entries of these keys (URLs below `ORIGIN`) from every tier."""

    keys: tuple[str, ...]


class PurgeResponse(msgspec.Struct, frozen=True, kw_only=True):
    """How many keys were purged. Purging what is not there is not an error."""

    purged: int


class CacheRpc(Protocol):
    """The RPC methods of the cache Worker."""

    async def purge(self, request: str) -> str: ...

    async def ping(self) -> str: ...
