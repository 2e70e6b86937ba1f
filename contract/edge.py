"""A Worker's border to JavaScript: fetch in and out, D1 behind `contract.database`.

With `contract.webcrypto` the only module of this package that needs workerd; nothing that CPython
runs imports them. It speaks to the raw JavaScript objects, because the SDK's wrappers convert every
argument and result.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import js
import msgspec
from pyodide.ffi import JsException, jsnull, run_sync, to_js

from contract import problems
from contract.callers import AUDIENCE, ISSUER, KEYS, Callers
from contract.database import DatabaseUnavailable, Row, Statement, Value
from contract.log_line import log_line
from contract.problems import Problem
from contract.service import ServiceRequest, ServiceResponse, answer
from contract.webcrypto import WebCrypto

_Response = js.Response
_parse = js.JSON.parse
_stringify = js.JSON.stringify
_from_entries = js.Object.fromEntries
_encode = msgspec.json.Encoder().encode
_decode_fields = msgspec.json.Decoder(dict[str, str]).decode
_decode_rows = msgspec.json.Decoder(list[dict[str, Any]]).decode

Handler = Callable[[ServiceRequest], ServiceResponse]


_held: set["asyncio.Future[Any]"] = set()
"""Deferred work; the event loop itself holds tasks only weakly."""

_callers: Callers | None = None


def raw(wrapper: Any) -> Any:
    """The JavaScript object behind the SDK's `self.env` or `self.ctx` or a request."""
    for name in ("_env", "js_object", "_ctx"):
        inner = getattr(wrapper, name, None)
        if inner is not None:
            return inner
    return wrapper


def log(line: dict[str, Any]) -> None:
    """One JSON object a line."""
    js.console.log(log_line(line))


def wait_until(ctx: Any, future: "asyncio.Future[Any]") -> None:
    """Let the request's context live until `future` is done: a task, or what a call has given.

    waitUntil wants a promise of JavaScript's own. What Pyodide makes of a future is destroyed when
    the call returns, and the work with it.
    """
    finished = js.Promise.withResolvers()
    ctx.waitUntil(finished.promise)
    _held.add(future)

    def release(done: "asyncio.Future[Any]") -> None:
        _held.discard(done)
        if not done.cancelled() and done.exception() is not None:
            log({"level": "error", "event": "deferred", "error": str(done.exception())[:500]})
        finished.resolve(None)

    future.add_done_callback(release)


def serve(handle: Handler, request: Any, *, body_limit: int, callers: Callers | None = None) -> Any:
    """Answer a JavaScript Request with a JavaScript Response; never raises.

    Without `callers` every request is nobody's.
    """

    def read_and_handle(head: ServiceRequest) -> ServiceResponse:
        if callers is not None:
            head = callers.identified(head, time.time())
        body = request.body
        if body is jsnull or body is None:
            return handle(head)
        content = _read(request, body, head.headers.get("content-length"), body_limit)
        return handle(msgspec.structs.replace(head, body=content))

    return to_js_response(answer(read_and_handle, head_of(request), log))


def callers_of(env: Any) -> Callers:
    """The callers of the Worker with this `env`, by its variables IDENTITY_*."""
    global _callers  # noqa: PLW0603  (made once for the isolate)
    if _callers is None:
        variables = raw(env)
        keys, issuer, audience = (text_of(variables, name) for name in (KEYS, ISSUER, AUDIENCE))
        _callers = Callers(keys, WebCrypto(), issuer=issuer, audience=audience, log=log)
    return _callers


def text_of(variables: Any, name: str) -> str:
    """A variable or secret of a raw `env`; empty where it is not set."""
    value = getattr(variables, name, None)
    return value if isinstance(value, str) else ""


def head_of(request: Any) -> ServiceRequest:
    """A JavaScript Request without its body. HEAD is GET here: the platform drops the body."""
    _, _, target = request.url.partition("#")[0].partition("://")
    target, _, query = target.partition("?")
    method = request.method
    return ServiceRequest(
        "GET" if method == "HEAD" else method,
        "/" + target.partition("/")[2],
        query,
        _decode_fields(_stringify(_from_entries(request.headers))),
    )


def to_js_response(response: ServiceResponse) -> Any:
    """A JavaScript Response."""
    fields = [*response.headers.items(), *(("set-cookie", one) for one in response.cookies)]
    init = _parse(_encode({"status": response.status, "headers": fields}).decode())
    return _Response.new(jsnull if response.body is None else to_js(response.body), init)


def _read(request: Any, body: Any, declared: str | None, limit: int) -> bytes:
    """The whole body. Raises a 413 `Problem` as soon as it is known to exceed `limit` bytes."""
    too_large = Problem(problems.CONTENT_TOO_LARGE, f"At most {limit} bytes are accepted.")
    if declared is not None and declared.isdigit():
        if int(declared) > limit:
            raise too_large
        content: bytes = run_sync(request.arrayBuffer()).to_bytes()
        return content
    reader = body.getReader()
    parts: list[bytes] = []
    size = 0
    while not (step := run_sync(reader.read())).done:
        part: bytes = step.value.to_bytes()
        size += len(part)
        if size > limit:
            reader.cancel()
            raise too_large
        parts.append(part)
    return b"".join(parts)


class D1Database:
    """D1. Prepared statements are kept for the isolate's life: SQL texts have to be constants."""

    def __init__(self, binding: Any) -> None:
        self._binding = binding
        self._prepared: dict[str, Any] = {}

    def query(self, sql: str, *values: Value) -> list[Row]:
        try:
            result = run_sync(self._bound(sql, values).all())
        except JsException as error:
            raise DatabaseUnavailable(str(error)) from None
        return list(_decode_rows(_stringify(result.results)))

    def batch(self, *statements: Statement) -> list[list[Row]]:
        bound = to_js([self._bound(sql, values) for sql, values in statements])
        try:
            results = run_sync(self._binding.batch(bound))
        except JsException as error:
            raise DatabaseUnavailable(str(error)) from None
        return [list(_decode_rows(_stringify(result.results))) for result in results]

    def _bound(self, sql: str, values: tuple[Value, ...]) -> Any:
        prepared = self._prepared.get(sql)
        if prepared is None:
            prepared = self._prepared[sql] = self._binding.prepare(sql)
        # D1 knows null, but not undefined, which is what None would become.
        return prepared.bind(*[jsnull if value is None else value for value in values])
