"""Where a JavaScript request becomes an exchange, and the exchange's answer a JavaScript response.

One instance for each isolate; it also writes the request's log line, one JSON object a line.
"""

import os
import random
import time
from collections.abc import Coroutine
from typing import Any

import js
import msgspec

from application import Application
from contract.names import CLIENT_ADDRESS
from contract.problems import UPSTREAM_INVALID, Problem
from edge.adapters import CloudflarePlatform
from edge.convert import request_from_js, response_to_js
from edge.driver import drive, later
from messages import Exchange
from pipeline import problem_response
from routing.table import Table
from tracing import continue_trace

_log = js.console.log
_encode = msgspec.json.Encoder().encode


class Border:
    """The gateway's side of `fetch`, for one table."""

    def __init__(self, table: Table, table_id: str, env: Any) -> None:
        self._application = Application(table, table_id, CloudflarePlatform(env))
        # For ids that have to be unique and not secret: seeded once, since each call for the
        # platform's entropy crosses the border.
        self._random = random.Random(os.urandom(32))  # noqa: S311

    def handle(self, request: Any, ctx: Any) -> Any:
        """Answer a JavaScript Request with a JavaScript Response, or with a promise of one."""
        return drive(self._answer(request, ctx))

    async def _answer(self, request: Any, ctx: Any) -> Any:
        entropy = self._random.randbytes(40).hex()
        incoming = request_from_js(request)
        trace_id = continue_trace(incoming.headers, entropy[:48])
        exchange = Exchange(
            incoming,
            request_id=entropy[48:],
            client_address=incoming.headers.get(CLIENT_ADDRESS) or "-",
            now=time.time(),
            defer=lambda work: ctx.waitUntil(drive(_deferred(work))),
            chance=self._random.random(),
        )
        # Method and path are noted now, as the client sent them.
        exchange.log["trace_id"] = trace_id
        exchange.log["method"] = incoming.method
        exchange.log["path"] = incoming.path
        response = await self._application.handle(exchange)
        try:
            answer = response_to_js(response)
        except Exception as error:  # a field or status that JavaScript does not take
            exchange.log["unusable_answer"] = str(error)[:500]
            response = problem_response(Problem(UPSTREAM_INVALID), exchange)
            response.headers.amend(exchange.answer_fields)
            answer = response_to_js(response)
        _log(_log_line(exchange, response.status))
        return answer


async def _deferred(work: Coroutine[Any, Any, None]) -> None:
    """`work`, after the answer; nobody is left to tell of a failure but the log."""
    try:
        await later(work)
    except Exception as error:
        line = {"level": "error", "event": "deferred", "error": str(error)[:500]}
        _log(_encode(line).decode())


def _log_line(exchange: Exchange, status: int) -> str:
    """One JSON object: what was asked, what was answered, and what the policies noted down."""
    route, version, principal = exchange.route, exchange.version, exchange.principal
    line = {
        "time": round(exchange.now, 3),
        "level": "error" if status >= 500 else "info",
        "request_id": exchange.request_id,
        "status": status,
        "duration_ms": round((time.time() - exchange.now) * 1000, 3),
        "route": route.name if route else None,
        "version": version.name if version else None,
        **exchange.log,
    }
    if principal is not None:
        line["subject"] = principal.subject
    return _encode(line).decode()
