"""The cache Worker's entry: entries by fetch on the URL of their key, `purge` and `ping` by RPC."""

import time
from typing import Any

import js
import msgspec
from pyodide.ffi import JsException
from workers import WorkerEntrypoint

from contract import problems
from contract.cache import ORIGIN, TIER, TIERS, PurgeRequest, PurgeResponse
from contract.edge import head_of, log, raw, to_js_response
from contract.problems import Problem
from contract.service import ServiceRequest, ServiceResponse, answer
from store.entry import MAX_KV_BODY, Fields, entry_of, is_complete, key_url, tiers_of
from store.tiers import Tiers, read_body

_array_from = getattr(js.Array, "from")
_stringify = js.JSON.stringify
_decode_fields = msgspec.json.Decoder(Fields).decode
_decode_purge = msgspec.json.Decoder(PurgeRequest).decode
_encode = msgspec.json.Encoder().encode

_tiers: Tiers | None = None


class Default(WorkerEntrypoint):  # type: ignore[misc]
    """What the binding CACHE of other Workers reaches."""

    def fetch(self, request: Any) -> Any:
        incoming = raw(request)

        def handle(head: ServiceRequest) -> Any:
            url = key_url(head.path, head.query)
            match head.method:
                case "GET":
                    return _get(_open(self.env), url, incoming, raw(self.ctx))
                case "PUT":
                    return _put(_open(self.env), url, incoming)
                case _:
                    allowed = {"allow": "GET, PUT"}
                    raise Problem(problems.METHOD_NOT_ALLOWED, headers=allowed)

        result = answer(handle, head_of(incoming), log)
        return to_js_response(result) if isinstance(result, ServiceResponse) else result

    def purge(self, request: str) -> str:
        """Forget entries: a JSON `PurgeRequest` in, a JSON `PurgeResponse` out."""
        keys = list(dict.fromkeys(_decode_purge(request).keys))
        if not all(key.startswith(ORIGIN) for key in keys):
            raise ValueError(f"every key begins with {ORIGIN}")
        _open(self.env).purge(keys)
        return _encode(PurgeResponse(purged=len(keys))).decode()

    def ping(self) -> str:
        """Answer "ok" if KV does."""
        return "ok" if _open(self.env).answers() else "KV unavailable"


def _get(tiers: Tiers, url: str, request: Any, ctx: Any) -> Any:
    named = request.headers.get(TIERS)
    asked = tiers_of(named if isinstance(named, str) else None)
    found = tiers.get(url, time.time(), ctx, asked)
    if found is None:
        raise Problem(problems.NOT_FOUND, "Nothing is stored under this key.")
    return found


def _put(tiers: Tiers, url: str, request: Any) -> ServiceResponse:
    """201 and the tiers that store it; 204 where it must not be stored."""
    fields = _decode_fields(_stringify(_array_from(request.headers)))
    try:
        entry = entry_of(fields)
    except ValueError as error:
        raise Problem(problems.MALFORMED_REQUEST, f"{error}.") from None
    if entry is None:
        return ServiceResponse(204)
    try:
        body = read_body(request)
    except JsException:
        raise Problem(problems.MALFORMED_REQUEST, "The body ended before its time.") from None
    if not is_complete(fields, body.length):
        raise Problem(problems.MALFORMED_REQUEST, "The body is not as long as Content-Length says.")
    wanted = tiers_of(dict(fields).get(TIERS))
    stored = tiers.put(url, entry, body, time.time(), wanted)
    if not stored and body.length <= MAX_KV_BODY:
        raise Problem(problems.UPSTREAM_UNAVAILABLE, "No tier takes entries.")
    return ServiceResponse(201, {TIER: ", ".join(stored)})


def _open(env: Any) -> Tiers:
    global _tiers  # noqa: PLW0603  (bindings live as long as the isolate)
    if _tiers is None:
        _tiers = Tiers(raw(env).CACHE_KV)
    return _tiers
