"""The gateway's entry, with what is bound as CACHE_API in the place of `caches.default`: a Worker
that fails when it is told to (tests/workers/fault.mjs), and else asks the real one."""

from typing import Any

import gateway_worker
import js

_placed: list[Any] = []


def on_fetch(request: Any, env: Any, ctx: Any) -> Any:
    """Cloudflare's entry point for HTTP."""
    if not _placed:
        _placed.append(_replace(env.CACHE_API))
    return gateway_worker.on_fetch(request, env, ctx)


on_fetch.__signature__ = ()  # type: ignore[attr-defined]


def _replace(binding: Any) -> Any:
    """A method of RPC can be called, and no more; bound it is a function like any other."""
    call, bind = js.Function.prototype.call, js.Function.prototype.bind
    place = js.JSON.parse('{"configurable":true,"value":{}}')
    place.value.match = call.call(bind, call, binding.match, binding)
    js.Object.defineProperty(js.caches, "default", place)
    return place
