"""The tiers of the cache behind the isolate's memory: the Cache API, and the cache Worker."""

import time
from collections.abc import Sequence
from typing import Any, Final

import js
from pyodide.ffi import JsException

from contract.cache import FACTS, PurgeRequest
from edge.asking import ask, encoded
from edge.convert import JsStream, Origin, cut_off, request_to_js, response_from_js
from edge.driver import Rejected, invoke, promising, within
from messages import Headers, Request, Response
from ports import Unavailable

_LATE: Final = 0.9
"""Of the time that it has. Nothing that comes so late is no answer: none at all looks the same."""
_NOTHING: Final = 404


class CacheApi:
    """The Cache API of this data centre, which is only read here."""

    def __init__(self) -> None:
        self._match = promising(js.caches.default.match, js.caches.default)

    async def match(self, key: str, *, timeout: float) -> Response | None:
        began = time.time()
        try:
            found = await within(timeout, self._match(key))
        except (JsException, Rejected) as error:
            raise Unavailable("Cache API", reason=str(error)[:200]) from None
        if found is not None:
            return _awaited(response_from_js(found, inside=True), timeout)
        if time.time() - began >= timeout * _LATE:
            raise Unavailable("Cache API", timed_out=True)
        return None


class CacheWorker:
    """The cache Worker: entries by fetch on the URL of their key."""

    def __init__(self, binding: Any) -> None:
        self._binding = binding
        self._fetch = promising(binding.fetch, binding)

    async def get(self, key: str, headers: Headers, *, timeout: float) -> Response | None:
        request = request_to_js(Request("GET", "", headers=headers))
        answer = await ask("cache", timeout, self._fetch, key, request)
        # What is stored may be a 404 as well.
        if answer.status == _NOTHING and not answer.headers.has(FACTS):
            return None
        return _awaited(response_from_js(answer, inside=True), timeout)

    async def put(self, key: str, headers: Headers, body: Any, *, timeout: float) -> int:
        request = request_to_js(Request("PUT", "", headers=headers, body=body))
        answer = await ask("cache", timeout, self._fetch, key, request)
        return int(answer.status)

    async def purge(self, keys: Sequence[str], *, timeout: float) -> None:
        cache, message = self._binding, encoded(PurgeRequest(keys=tuple(keys)))
        await ask("cache", timeout, invoke, cache.purge, cache, message)


def _awaited(response: Response, timeout: float) -> Response:
    """`response`, whose body is waited for no longer than for itself where it is read here."""
    if isinstance(response.body, JsStream):
        response.body.patience = timeout
    return response


def duplicate(response: Response, seconds: float | None = None) -> Response:
    """Split the body in two; the copy breaks off after so many seconds, if it has to."""
    origin: Origin | None = response.origin
    if origin is None or origin.body is not response.body:
        # The body is in memory, and can be used twice.
        headers, is_coded = response.headers.copy(), response.is_coded
        return Response(response.status, headers, response.body, is_coded=is_coded)
    twin = response_from_js(origin.source.clone(), is_coded=response.is_coded)
    twin.headers = response.headers.copy()
    # Cloning has put another stream in the place of the one that we knew.
    body = JsStream(origin.source.body, None) if origin.body else None
    response.body, response.origin = body, origin._replace(body=body)
    return twin if seconds is None else cut_off(twin, js.AbortSignal.timeout(seconds * 1000))
