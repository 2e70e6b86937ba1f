"""The gateway as a function: an exchange in, a response out, whatever happens on the way.

The one place where routing, pipeline and problems meet, and the only one that catches everything.
It is plain Python: `edge.border` feeds it from JavaScript, tests feed it directly.
"""

import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from admin.host import name_of
from contract.names import HEALTH_PATH, IDENTITY_KEYS_PATH, REQUEST_ID
from contract.problems import INTERNAL_ERROR, NOT_FOUND, TYPE_PREFIX, WEBSOCKET_REFUSED, Problem
from contract.sessions import SESSION_COOKIE
from ends.forwarding import refuse_loop
from hardening import Hardening
from health import Health
from identity_keys import IdentityKeys
from limiting.address_guard import AddressGuard
from memory import Memory
from messages import Exchange, Headers, Response
from pipeline import Next, problem_response
from policies.cors import answer_preflight, is_preflight
from policies.credentials import drop_session
from policies.dispatch import take_in
from ports import Platform
from reference import explain_problem
from routing.compile import CompiledRoute, CompiledRoutes
from routing.table import Table
from security_headers import SecurityHeaders

SHORT: Final = 12
"""Digits of a table's id that are shown to people."""


class Control(NamedTuple):
    """What an isolate has beside the table that answers: see `tables`."""

    describe: Callable[["Application"], Mapping[str, Any]]
    """For operators: which table answers, since when, and what stands in the way of others."""
    host: str
    """That of operators, without a port; empty where they have none."""
    answer: Next
    """The answer to a request to that host. Raises `Problem`."""


class Application:
    """The gateway for one table on one platform."""

    def __init__(
        self,
        table: Table,
        table_id: str,
        platform: Platform,
        memory: Memory | None = None,
        control: Control | None = None,
    ) -> None:
        self.table_id = table_id
        self.short_id = table_id[:SHORT]
        self._routes = CompiledRoutes(table, platform, memory)
        self._control = control
        self._admin_host = control.host if control is not None else ""
        self._answer_operator = control.answer if control is not None else _nobody
        guard = table.address_guard
        self._address_guard = AddressGuard(guard) if guard is not None else None
        self._hardening = Hardening(table.request_limits)
        self._security_headers = SecurityHeaders(table.security_headers)
        self.health = Health(platform, self.short_id, self._described, self._routes.credentials)
        self._own: Mapping[str, Next] = {
            HEALTH_PATH: self.health,
            IDENTITY_KEYS_PATH: IdentityKeys(platform.signer),
        }

    async def handle(self, exchange: Exchange) -> Response:
        """Answer `exchange`. Never raises: a defect becomes an internal-error problem."""
        try:
            response = await self._respond(exchange)
        except Problem as problem:
            response = problem_response(problem, exchange)
        except Exception:
            exchange.log["traceback"] = traceback.format_exc()
            response = problem_response(Problem(INTERNAL_ERROR), exchange)
        exchange.answer_fields += self._security_headers.fields(exchange.request.scheme)
        exchange.answer_fields.append((REQUEST_ID, exchange.request_id))
        response.headers.amend(exchange.answer_fields)
        return response

    async def _respond(self, exchange: Exchange) -> Response:
        if self._address_guard is not None:
            self._address_guard.check(exchange.client_address, exchange.now)
        request = exchange.request
        came = exchange.came
        self._hardening.check(request, came)
        take_in(exchange)
        exchange.via = came.get("via")
        if exchange.via is not None:
            refuse_loop(exchange.via)
        if "upgrade" in came:
            exchange.upgrade = came["upgrade"].strip().lower() == "websocket"
        own = self._own.get(request.path)
        if own is not None:
            return await own(exchange)
        if request.path.startswith(TYPE_PREFIX):
            return explain_problem(request)
        if self._admin_host and name_of(request.host) == self._admin_host:
            return await self._answer_operator(exchange)
        if request.method == "OPTIONS":
            return self._options(exchange)
        route = self.locate(exchange)
        if SESSION_COOKIE in came.get("cookie", "") and not route.needs_session:
            drop_session(request.headers)
        if exchange.upgrade and not route.versioned.settings.websocket:
            raise Problem(WEBSOCKET_REFUSED)
        return await route.handle(exchange)

    def locate(self, exchange: Exchange) -> CompiledRoute:
        """The route of `exchange`, which then knows of it. Raises `Problem`."""
        request = exchange.request
        found = self._routes.resolve(request)
        request.path = found.path
        exchange.route = found.target
        exchange.version = found.version
        exchange.version_in_path = found.version_in_path
        exchange.parameters = found.parameters
        exchange.rest = found.rest
        self._note_version(exchange, found.version_in_path)
        return found.target

    def _note_version(self, exchange: Exchange, in_path: bool) -> None:
        """What names the version is the gateway's business, and other answers depend on it."""
        if exchange.version is None:
            return
        versions = self._routes.versions
        exchange.request.query = versions.without_selector(exchange.request.query)
        if not in_path:
            exchange.answer_fields += [("vary", name) for name in versions.vary]

    def _described(self) -> Mapping[str, Any]:
        return self._control.describe(self) if self._control is not None else {}

    def _options(self, exchange: Exchange) -> Response:
        """What the table says of a target (RFC 9110, section 9.3.7), and to a preflight."""
        request = exchange.request
        methods = self._routes.methods(request)
        response = Response(204, Headers([("allow", ", ".join(methods))]))
        if is_preflight(request.headers):
            rules = {
                method: [route.cors for route in self._routes.possible(request, method)]
                for method in methods
                if method not in ("HEAD", "OPTIONS")
            }
            for name, value in answer_preflight(exchange, rules):
                response.headers.add(name, value)
        return response


async def _nobody(exchange: Exchange) -> Response:
    raise Problem(NOT_FOUND)
