"""The gateway as a function: an exchange in, a response out, whatever happens on the way.

The one place where routing, pipeline and problems meet, and the only one that catches everything.
It is plain Python: `edge.border` feeds it from JavaScript, tests feed it directly.
"""

import traceback
from typing import Final

from contract.names import HEALTH_PATH, REQUEST_ID
from contract.problems import INTERNAL_ERROR, Problem
from health import Health
from messages import Exchange, Response
from pipeline import problem_response
from policies.dispatch import drop_outside_fields
from ports import Platform
from reference import explain_problem
from routing.compile import Routes
from routing.paths import normalise_path
from routing.table import Table

_LIST_FIELDS: Final = frozenset({"link", "vary"})
"""Fields that the gateway adds to; any other field that it sets replaces the service's."""


class Application:
    """The gateway for one table on one platform."""

    def __init__(self, table: Table, table_id: str, platform: Platform) -> None:
        self._routes = Routes(table, platform)
        self._health = Health(platform, table_id)

    async def handle(self, exchange: Exchange) -> Response:
        """Answer `exchange`. Never raises: a defect becomes an internal-error problem."""
        try:
            response = await self._respond(exchange)
        except Problem as problem:
            response = problem_response(problem, exchange)
        except Exception:
            exchange.log["traceback"] = traceback.format_exc()
            response = problem_response(Problem(INTERNAL_ERROR), exchange)
        headers = response.headers
        for name, value in exchange.answer_fields:
            if name not in _LIST_FIELDS:
                headers.remove(name)
            headers.add(name, value)
        headers.set(REQUEST_ID, exchange.request_id)
        return response

    async def _respond(self, exchange: Exchange) -> Response:
        request = exchange.request
        request.path = normalise_path(request.path)
        drop_outside_fields(request.headers)
        if request.path == HEALTH_PATH:
            return await self._health(exchange)
        explanation = explain_problem(request)
        if explanation is not None:
            return explanation
        route = self._routes.resolve(exchange)
        return await route.handle(exchange)
