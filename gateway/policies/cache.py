"""Cache: answers from the store where a fresh response is there, and stores what may be stored.

Every answer of a cacheable route says in Cache-Status (RFC 9211) what happened.
"""

from typing import Final

from caching.rules import freshness_lifetime, matches_etag, may_look_up
from contract.cache import ORIGIN, ORIGIN_CACHE_CONTROL, STORED_AT, TIER, TTL
from messages import Exchange, Headers, Response
from pipeline import Next
from ports import ResponseStore, Unavailable

_CACHE_NAME: Final = "edge-gateway"
_NOT_MODIFIED_FIELDS: Final = (
    "cache-control",
    "content-location",
    "date",
    "etag",
    "expires",
    "vary",
)


_OF_THE_STORE: Final = ("age", "cf-cache-status")
"""What the Cache API says about its own copy."""


class Cache:
    """Stores answers for `ttl` seconds where the service states no lifetime of its own."""

    LOOKUP_TIMEOUT: Final = 0.5
    """Seconds after which the request goes to the service instead."""

    def __init__(self, ttl: float, store: ResponseStore, made_by: str = "") -> None:
        """`made_by` tells what makes the answers from what made them before; empty for one way."""
        self._ttl = ttl
        self._store = store
        self._made_by = made_by

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        request = exchange.request
        if not may_look_up(request):
            response = await next(exchange)
            why = "request" if request.method in ("GET", "HEAD") else "method"
            response.headers.add("cache-status", f"{_CACHE_NAME}; fwd={why}")
            exchange.log["cache"] = "bypass"
            return response
        key = cache_key(exchange, self._made_by)
        try:
            stored = await self._store.lookup(key, timeout=self.LOOKUP_TIMEOUT)
        except Unavailable as failure:
            exchange.log["cache_store"] = str(failure)
            stored = None
        if stored is not None:
            age = exchange.now - _number(stored.headers, STORED_AT)
            ttl = _number(stored.headers, TTL) - age
            if ttl > 0:
                exchange.log["cache"] = "hit"
                return self._hit(exchange, stored, age, ttl)
        exchange.log["cache"] = "miss"
        return await self._fetch(exchange, next, key, "uri-miss" if stored is None else "stale")

    def _hit(self, exchange: Exchange, stored: Response, age: float, ttl: float) -> Response:
        headers = stored.headers
        own = headers.get(ORIGIN_CACHE_CONTROL)
        headers.remove(STORED_AT, TTL, TIER, ORIGIN_CACHE_CONTROL, "cache-control", *_OF_THE_STORE)
        if own is not None:
            headers.set("cache-control", own)
        headers.set("age", str(max(0, int(age))))
        headers.set("cache-status", f"{_CACHE_NAME}; hit; ttl={int(ttl)}")
        if matches_etag(exchange.request, headers.get("etag")):
            kept = [field for field in headers if field[0] in _NOT_MODIFIED_FIELDS]
            status = headers.get("cache-status") or ""
            return Response(304, Headers([*kept, ("cache-status", status)]))
        return Response(200, headers, stored.body, origin=stored.origin)

    async def _fetch(self, exchange: Exchange, next: Next, key: str, why: str) -> Response:
        request = exchange.request
        response = await next(exchange)
        ttl = freshness_lifetime(request, response, self._ttl)
        status = f"{_CACHE_NAME}; fwd={why}; fwd-status={response.status}"
        if ttl > 0:
            copy = self._store.duplicate(response)
            exchange.defer(self._store.store(key, copy, stored_at=exchange.now, ttl=ttl))
            status += "; stored"
        response.headers.add("cache-status", status)
        return response


def cache_key(exchange: Exchange, made_by: str = "") -> str:
    """The URL under which the answer is stored: host, version, route, path and query, nothing else.

    The route is in it because header fields may have chosen it; and what it is made by, so that a
    table that was published, or taken back, does not answer with what another one has made.

    Whatever else could change the answer keeps it from being stored: see `caching.rules`.
    """
    request = exchange.request
    version = exchange.version.name if exchange.version else "-"
    query = f"?{request.query}" if request.query else ""
    route = exchange.route.name if exchange.route else "-"
    return f"{ORIGIN}{request.host}/{version}/{route}{made_by}{request.path}{query}"


def _number(headers: Headers, name: str) -> float:
    try:
        return float(headers.get(name) or 0)
    except ValueError:
        return 0.0
