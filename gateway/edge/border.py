"""Where a JavaScript request becomes an exchange, and the exchange's answer a JavaScript response.

One instance for each isolate; it also writes the request's log line, one JSON object a line.
"""

import os
import random
import time
from collections.abc import Coroutine
from typing import Any

import js

from admin.endpoints import AdminSurroundings, endpoints
from admin.host import admin_host
from admin.plane import AdminPlane
from application import Application, Control
from caching.purger import Purger
from contract.log_line import log_line
from contract.names import CLIENT_ADDRESS, TABLE_FIELD, TRACEPARENT
from contract.problems import UPSTREAM_INVALID, Problem
from edge.adapters import CloudflarePlatform, write_line
from edge.convert import request_from_js, response_to_js
from edge.driver import drive, later, pause
from memory import Memory
from messages import Exchange, Response
from pipeline import problem_response
from routing.table import Table
from tables.live import BuiltIn, Surroundings, Tables
from tables.pace import pace_of
from tracing import continue_trace

_log = js.console.log


class Border:
    """The gateway's side of `fetch`, for the table that is built in and those published later."""

    def __init__(self, built_in: BuiltIn, env: Any, place: Any) -> None:
        """`place` is what the first request says of where it came in (`request.cf`)."""
        self._platform = platform = CloudflarePlatform(env, place)
        self._memory = memory = Memory(os.urandom(8).hex())
        self._admin_host = admin_host(getattr(env, "ADMIN_HOST", None), _complain)
        self._plane: AdminPlane | None = None
        pace = pace_of(
            getattr(env, "TABLES_MAX_AGE", None), getattr(env, "TABLES_DEADLINE", None), _complain
        )
        around = Surroundings(
            platform.feed, platform.archive, memory, pace, time.time, pause, write_line
        )
        if platform.feed is not None and platform.archive is not None:
            memory.purges.is_behind = True
            memory.purger = Purger(
                memory.purges,
                platform.feed,
                clock=time.time,
                pause=pause,
                look=lambda: self._tables.look(pace.background_deadline),
                log=write_line,
            )
        self._tables = Tables(built_in, self._application, around)
        self._tells_table = getattr(env, "ENVIRONMENT", None) == "development"
        # For ids that have to be unique and not secret: seeded once, since each call for the
        # platform's entropy crosses the border.
        self._random = random.Random(os.urandom(32))  # noqa: S311

    def handle(self, request: Any, ctx: Any) -> Any:
        """Answer a JavaScript Request with a JavaScript Response, or with a promise of one."""
        return drive(self._answer(request, ctx))

    def _application(self, tables: Tables, table: Table, table_id: str) -> Application:
        control = Control(tables.describe, self._admin_host, self._answer_operator)
        return Application(table, table_id, self._platform, self._memory, control)

    async def _answer_operator(self, exchange: Exchange) -> Response:
        """By the one plane that an isolate has, whichever table answers."""
        if self._plane is None:
            platform = self._platform
            around = AdminSurroundings(
                platform,
                self._memory,
                self._tables,
                platform.feed,
                platform.archive,
                platform.audit_log,
                platform.is_bound,
            )
            log = platform.audit_log
            self._plane = AdminPlane(endpoints(around), platform, self._memory, log)
        return await self._plane(exchange)

    async def _answer(self, request: Any, ctx: Any) -> Any:
        entropy = self._random.randbytes(40).hex()
        incoming = request_from_js(request)
        came = dict(incoming.headers)
        trace = continue_trace(came.get(TRACEPARENT), entropy[:48])
        exchange = Exchange(
            incoming,
            request_id=entropy[48:],
            client_address=came.get(CLIENT_ADDRESS) or "-",
            now=time.time(),
            defer=lambda work: ctx.waitUntil(drive(_deferred(work))),
            chance=self._random.random(),
            came=came,
            trace=trace,
        )
        # Method and path are noted now, as the client sent them.
        exchange.log["trace_id"] = trace.id
        exchange.log["method"] = incoming.method
        exchange.log["path"] = incoming.path
        # A request keeps to the table that it begins with.
        tables = self._tables
        if exchange.now >= tables.look_at:
            await tables.catch_up(exchange.now, exchange.defer)
        application = tables.current
        if tables.candidate is not None:
            application = tables.choose(incoming.headers)
        exchange.log["table"] = application.short_id
        if self._tells_table:
            exchange.answer_fields.append((TABLE_FIELD, application.short_id))
        response = await application.handle(exchange)
        try:
            answer = response_to_js(response)
        except Exception as error:  # a field or status that JavaScript does not take
            exchange.log["unusable_answer"] = str(error)[:500]
            response = problem_response(Problem(UPSTREAM_INVALID), exchange)
            response.headers.amend(exchange.answer_fields)
            answer = response_to_js(response)
        _log(_log_line(exchange, response.status))
        return answer


def _complain(message: str) -> None:
    write_line({"level": "error", "event": "configuration", "error": message})


async def _deferred(work: Coroutine[Any, Any, None]) -> None:
    """`work`, after the answer; nobody is left to tell of a failure but the log."""
    try:
        await later(work)
    except Exception as error:
        line = {"level": "error", "event": "deferred", "error": str(error)[:500]}
        _log(log_line(line))


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
    return log_line(line)
