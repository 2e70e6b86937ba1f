"""The least that any Python gateway does at the border, written straight down, with no gateway.

It reads the request's fields, sends the request on with two more, waits up to ten seconds for the
answer, adds one field to it and writes a log line. What `gateway/public` takes beyond this is the
gateway's own: matching, pipeline, tracing.
"""

from typing import Any

import js
from pyodide.ffi import create_once_callable, run_sync

_array_from = getattr(js.Array, "from")
_stringify = js.JSON.stringify
_new_request = js.Request.new
_new_response = js.Response.new
_set_field = js.Function.prototype.call.bind(js.Headers.prototype.set)
_set_timeout = js.setTimeout
_clear_timeout = js.clearTimeout
_log = js.console.log

_REQUEST_ID = "0123456789abcdef0123456789abcdef"
_TRACEPARENT = f"00-{_REQUEST_ID}-0123456789abcdef-01"
_LINE = (
    f'{{"time":1790000000.123,"level":"info","request_id":"{_REQUEST_ID}","status":200,'
    f'"duration_ms":1.234,"route":"open","version":"v2","trace_id":"{_REQUEST_ID}",'
    f'"method":"GET","path":"/v2/open/rm_1","service":"upstream"}}'
)


def on_fetch(request: Any, env: Any, ctx: Any) -> Any:
    """Do by hand what the gateway has to do for a public route."""
    _stringify(_array_from(request.headers))
    outgoing = _new_request(request.url, request)
    fields = outgoing.headers
    _set_field(fields, "traceparent", _TRACEPARENT)
    _set_field(fields, "x-request-id", _REQUEST_ID)
    answer = env.UPSTREAM.fetch(outgoing)
    expire = create_once_callable(answer.cancel)
    timer = _set_timeout(expire, 10_000)
    response = run_sync(answer)
    _clear_timeout(timer)
    expire.destroy()
    copy = _new_response(response.body, response)
    _set_field(copy.headers, "x-request-id", _REQUEST_ID)
    _log(_LINE)
    return copy
