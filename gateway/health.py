"""`/healthz`: is every Worker there, and which table answers?"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from contract.problems import METHOD_NOT_ALLOWED, Problem
from messages import Exchange, Headers, Response
from ports import Platform


class Health:
    """Asks every dependency at once and lists the answers; 200 when all are well, 503 otherwise."""

    TIMEOUT: Final = 1.0
    """Seconds that each of them has."""

    def __init__(
        self, platform: Platform, table_id: str, describe: Callable[[], Mapping[str, Any]]
    ) -> None:
        """`describe` says more about the table that answers."""
        self._platform = platform
        self._table_id = table_id
        self._describe = describe

    async def __call__(self, exchange: Exchange) -> Response:
        if exchange.request.method not in ("GET", "HEAD"):
            raise Problem(METHOD_NOT_ALLOWED, headers={"allow": "GET, HEAD"})
        workers = {"gateway": "ok"} | await self._platform.health(self.TIMEOUT)
        well = all(state == "ok" for state in workers.values())
        body: dict[str, Any] = {
            "status": "ok" if well else "degraded",
            "table": self._table_id,
            "workers": workers,
        }
        described = self._describe()
        if described:
            body["tables"] = described
        headers = Headers([("content-type", "application/json"), ("cache-control", "no-store")])
        return Response(200 if well else 503, headers, msgspec.json.encode(body))
