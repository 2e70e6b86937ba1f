"""The least that any Python gateway does at the border, written straight down, with no gateway.

It reads the request's fields, sends the request on with two more, waits up to ten seconds for the
answer, adds one field to it and writes a log line. What `gateway/public` takes beyond this is the
gateway's own: matching, pipeline, tracing. The means are the gateway's, see gateway/edge/driver.py:
promises that Pyodide makes no futures of, one callback, no signature to bind arguments to.
"""

from typing import Any

import js
from pyodide.ffi import create_once_callable

_call = js.Function.prototype.call
_apply = js.Function.prototype.apply
_bind = _call.bind(js.Function.prototype.bind)


def _promising(function: Any, this: Any, trap: Any = _apply) -> Any:
    handler = _bind(function, this)
    handler.construct = trap
    return js.Proxy.new(js.Object, handler).new


_then = _promising(_call, js.Reflect.get(js.Promise.prototype, "then"))
_race = _promising(js.Promise.race, js.Promise, _call)
_wait = _promising(js.scheduler.wait, js.scheduler)
_array_from = getattr(js.Array, "from")
_stringify = js.JSON.stringify
_new_request = js.Request.new
_new_response = js.Response.new
_set_field = _call.bind(js.Headers.prototype.set)
_log = js.console.log

_REQUEST_ID = "0123456789abcdef0123456789abcdef"
_TRACEPARENT = f"00-{_REQUEST_ID}-0123456789abcdef-01"
_LINE = (
    f'{{"time":1790000000.123,"level":"info","request_id":"{_REQUEST_ID}","status":200,'
    f'"duration_ms":1.234,"route":"open","version":"v2","trace_id":"{_REQUEST_ID}",'
    f'"method":"GET","path":"/v2/open/rm_1","service":"upstream"}}'
)
_fetch: Any = None


def on_fetch(request: Any, env: Any, ctx: Any) -> Any:
    """Do by hand what the gateway has to do for a public route."""
    global _fetch  # noqa: PLW0603  (made of the first request's env, kept for the isolate)
    if _fetch is None:
        _fetch = _promising(env.UPSTREAM.fetch, env.UPSTREAM)
    _stringify(_array_from(request.headers))
    outgoing = _new_request(request.url, request)
    fields = outgoing.headers
    _set_field(fields, "traceparent", _TRACEPARENT)
    _set_field(fields, "x-request-id", _REQUEST_ID)
    callback = create_once_callable(_finish)
    return _then(_race(_fetch(outgoing), _wait(10_000)), callback, _bind(callback, None, None))


on_fetch.__signature__ = ()  # type: ignore[attr-defined]


def _finish(response: Any, *rejection: Any) -> Any:
    if rejection or response is None:
        raise RuntimeError("the service failed or was late")
    copy = _new_response(response.body, response)
    _set_field(copy.headers, "x-request-id", _REQUEST_ID)
    _log(_LINE)
    return copy
