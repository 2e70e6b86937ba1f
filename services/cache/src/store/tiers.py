"""The two tiers: the Cache API of this data centre, then KV. Bodies never enter Python.

A hit in KV is copied into the Cache API after the answer, so the next one is near. A tier that
fails is as good as empty: it is logged, and the request goes on without it.
"""

from typing import Any, Final

import js
import msgspec
from pyodide.ffi import JsException, jsnull, run_sync, to_js

from contract import problems
from contract.cache import EDGE, GLOBAL, MAX_BODY
from contract.edge import log, wait_until
from contract.problems import Problem
from store.entry import MAX_KV_BODY, MIN_KV_TTL, Entry, Fields, envelope_head, kv_key

CACHE_API: Final = "cache-api"
KV: Final = "kv"

_Response = js.Response
_Bytes = js.Uint8Array
_parse = js.JSON.parse
_encode = msgspec.json.Encoder().encode
_decode_entry = msgspec.json.Decoder(Entry).decode


class Tiers:
    """Both tiers, for the life of the isolate."""

    def __init__(self, kv: Any) -> None:
        self._kv = kv
        self._cache = js.caches.default

    def get(self, url: str, now: float, ctx: Any, tiers: frozenset[str]) -> Any | None:
        """The stored form of the response under `url` as a JavaScript Response."""
        if EDGE in tiers:
            near = self._attempt("match", self._cache.match(url))
            if near is not None:
                return near
        if GLOBAL not in tiers:
            return None
        buffer = self._attempt("kv.get", self._kv.get(kv_key(url), "arrayBuffer"))
        if buffer is None:
            return None
        content = _Bytes.new(buffer)
        end = content.indexOf(10)
        entry = _decode_entry(content.subarray(0, end).to_bytes())
        if entry.kept_for(now) <= 0:
            return None
        body = content.subarray(end + 1)
        if EDGE in tiers:
            near = _response(entry.stored_fields(CACHE_API, now), body)
            wait_until(ctx, self._cache.put(url, near))
        return _response(entry.stored_fields(KV, now), body)

    def put(
        self, url: str, entry: Entry, body: Any, now: float, tiers: frozenset[str]
    ) -> list[str]:
        """Store `body` (a Uint8Array) in each of `tiers` that takes it; gives their names."""
        writes = {}
        if EDGE in tiers:
            near = _response(entry.stored_fields(CACHE_API, now), body)
            writes[CACHE_API] = self._cache.put(url, near)
        if GLOBAL in tiers and body.length <= MAX_KV_BODY:
            head = to_js(envelope_head(entry))
            content = _Bytes.new(head.length + body.length)
            content.set(head)
            content.set(body, head.length)
            lifetime = max(MIN_KV_TTL, int(entry.ttl))
            writes[KV] = self._kv.put(
                kv_key(url), content, _parse(f'{{"expirationTtl":{lifetime}}}')
            )
        return [tier for tier, write in writes.items() if self._succeeded(f"{tier}.put", write)]

    def purge(self, urls: list[str]) -> None:
        """Remove entries from both tiers. Raises `JsException` where a tier fails."""
        deletions = [self._cache.delete(url) for url in urls]
        deletions += [self._kv.delete(kv_key(url)) for url in urls]
        run_sync(js.Promise.all(to_js(deletions)))

    def answers(self) -> bool:
        """Whether KV can be read."""
        return self._succeeded("kv.get", self._kv.get("ping"))

    def _attempt(self, operation: str, promise: Any) -> Any | None:
        """The promise's result; None if there is none, or if it fails."""
        try:
            result = run_sync(promise)
        except JsException as error:
            log({"level": "error", "event": "tier", "operation": operation, "error": str(error)})
            return None
        return None if result is jsnull else result

    def _succeeded(self, operation: str, promise: Any) -> bool:
        try:
            run_sync(promise)
        except JsException as error:
            log({"level": "error", "event": "tier", "operation": operation, "error": str(error)})
            return False
        return True


def read_body(request: Any) -> Any:
    """The whole body as a Uint8Array. Raises a 413 `Problem` beyond `MAX_BODY`.

    Raises `JsException` where the body ends before its time.
    """
    stream = request.body
    if stream is jsnull or stream is None:
        return _Bytes.new(0)
    reader = stream.getReader()
    parts = js.Array.new()
    size = 0
    while not (step := run_sync(reader.read())).done:
        size += step.value.byteLength
        if size > MAX_BODY:
            reader.cancel()
            raise Problem(problems.CONTENT_TOO_LARGE, f"At most {MAX_BODY} bytes are stored.")
        parts.push(step.value)
    return _Bytes.new(run_sync(js.Blob.new(parts).arrayBuffer()))


def _response(fields: Fields, body: Any) -> Any:
    """The stored form, always a 200: which others the Cache API takes is its own affair."""
    init = _parse(_encode({"status": 200, "headers": fields}).decode())
    return _Response.new(body, init)
