"""How the gateway and the cache Worker speak about stored responses.

Bodies travel by `fetch` on the URL of the key: GET looks an entry up (404 where there is none),
PUT stores the body under the response header fields it comes with. Control travels by RPC.
"""

from typing import Final, Protocol

import msgspec

ORIGIN: Final = "https://cache.internal/"
"""Keys live below this URL; it is never resolved, and the same in every tier."""

STORED_AT: Final = "gateway-stored-at"
"""Unix seconds at which the response was stored."""

TTL: Final = "gateway-ttl"
"""Freshness lifetime of the stored response in seconds, counted from `STORED_AT`."""

STATUS: Final = "gateway-status"
"""The stored response's status code, on PUT."""

TIER: Final = "gateway-tier"
"""On a hit: which tier of the cache Worker answered (`cache-api` or `kv`)."""


class PurgeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Remove the entries of these keys from every tier."""

    keys: tuple[str, ...]


class PurgeResponse(msgspec.Struct, frozen=True, kw_only=True):
    """How many keys were purged. Purging what is not there is not an error."""

    purged: int


class CacheRpc(Protocol):
    """The RPC methods of the cache Worker."""

    async def purge(self, request: str) -> str: ...

    async def ping(self) -> str: ...
