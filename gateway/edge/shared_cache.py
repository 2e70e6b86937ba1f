"""The tiers of the cache behind the isolate's memory: the Cache API, then the cache Worker."""

from collections.abc import Callable, Sequence
from typing import Any

import js
from pyodide.ffi import JsException

from caching.entries import Known, text_of
from contract.cache import EDGE, FACTS, GLOBAL, STATUS, STORED_AT, TIERS, TTL, PurgeRequest
from edge.asking import ask, encoded
from edge.convert import JsStream, Origin, request_to_js, response_from_js
from edge.driver import Rejected, invoke, promising, settled, within
from messages import Headers, Request, Response


class SharedCache:
    """The Cache API of this data centre, then the cache Worker. Only the latter ever writes."""

    def __init__(self, binding: Any) -> None:
        self._binding = binding
        self._fetch = promising(binding.fetch, binding)
        self._match = promising(js.caches.default.match, js.caches.default)

    async def lookup(
        self,
        key: str,
        *,
        tiers: frozenset[str],
        timeout: float,
        note: Callable[[str], None],
    ) -> Response | None:
        if EDGE in tiers:
            try:
                near = await within(timeout, self._match(key))
            except (JsException, Rejected) as error:
                note(f"Cache API: {str(error)[:200]}")
                near = None
            if near is not None:
                return response_from_js(near, inside=True)
        if GLOBAL not in tiers:
            return None
        wanted = request_to_js(Request("GET", "", headers=Headers([(TIERS, ", ".join(tiers))])))
        far = await ask("cache", timeout, self._fetch, key, wanted)
        # What is stored may be an error as well; what is none of it has no facts.
        if far.status != 200 and not far.headers.has(FACTS):
            return None
        return response_from_js(far, inside=True)

    def duplicate(self, response: Response) -> Response:
        origin: Origin | None = response.origin
        if origin is None or origin.body is not response.body:
            # The body is in memory, and can be used twice.
            return Response(response.status, response.headers.copy(), response.body)
        twin = response_from_js(origin.source.clone())
        twin.headers = response.headers.copy()
        # Cloning has put another stream in the place of the one that we knew.
        body = JsStream(origin.source.body, None) if origin.body else None
        response.body, response.origin = body, origin._replace(body=body)
        return twin

    async def store(
        self,
        key: str,
        response: Response,
        facts: Known,
        *,
        stored_at: float,
        ttl: float,
        tiers: frozenset[str],
    ) -> None:
        headers = response.headers.copy()
        headers.set(FACTS, text_of(facts))
        headers.set(STATUS, str(response.status))
        headers.set(STORED_AT, f"{stored_at:.3f}")
        headers.set(TTL, f"{ttl:g}")
        headers.set(TIERS, ", ".join(sorted(tiers)))
        request = Request("PUT", "", headers=headers, body=response.body)
        await settled(self._fetch(key, request_to_js(request)))

    async def purge(self, keys: Sequence[str], *, timeout: float) -> None:
        cache, message = self._binding, encoded(PurgeRequest(keys=tuple(keys)))
        await ask("cache", timeout, invoke, cache.purge, cache, message)
