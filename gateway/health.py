"""Is every Worker there, which table answers, and can it call its services?

`/healthz` says to everybody whether all was well a moment ago, and no more; operators are told how
it is, and what is not well.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from contract.problems import METHOD_NOT_ALLOWED, Problem
from ends.credentials import Credentials
from messages import Exchange, Headers, Response
from ports import Platform

WELL: Final = "ok"


class Health:
    """Asks every dependency at once; 200 when all are well, 503 otherwise."""

    TIMEOUT: Final = 1.0
    """Seconds that each of them has."""

    KEPT: Final = 1.0
    """Seconds for which everybody is told the same: whoever asks need not be known, and a look is a
    call to every Worker and object there is."""

    def __init__(
        self,
        platform: Platform,
        table_id: str,
        describe: Callable[[], Mapping[str, Any]],
        credentials: Mapping[str, Credentials],
    ) -> None:
        """`describe` says more about the table that answers; `credentials` are its services'."""
        self._platform = platform
        self._table_id = table_id
        self._describe = describe
        self._credentials = credentials
        self._latest: dict[str, Any] | None = None
        self._look_at = 0.0

    async def __call__(self, exchange: Exchange) -> Response:
        """For everybody. What is not well stands in the log line."""
        if exchange.request.method not in ("GET", "HEAD"):
            raise Problem(METHOD_NOT_ALLOWED, headers={"allow": "GET, HEAD"})
        details = self._latest
        if details is None or exchange.now >= self._look_at:
            # Before the wait: others are told what was seen last, while this one looks.
            self._look_at = exchange.now + self.KEPT
            details = self._latest = await self.details()
        if details["status"] != WELL:
            states = {name: state for name, state in details["workers"].items() if state != WELL}
            exchange.log["unwell"] = states | dict.fromkeys(
                details.get("without_credentials", ()), "without credentials"
            )
        return health_response({"status": details["status"]})

    async def details(self) -> dict[str, Any]:
        """For operators: `status`, and what it is made of."""
        workers = {"gateway": WELL} | await self._platform.health(self.TIMEOUT)
        known = self._credentials
        are_there = await self._platform.together([one.are_there() for one in known.values()])
        unset = [name for name, there in zip(known, are_there, strict=True) if not there]
        well = not unset and all(state == WELL for state in workers.values())
        body: dict[str, Any] = {
            "status": WELL if well else "degraded",
            "table": self._table_id,
            "workers": workers,
        }
        if unset:
            body["without_credentials"] = unset
        described = self._describe()
        if described:
            body["tables"] = described
        return body


def health_response(body: Mapping[str, Any]) -> Response:
    """The answer with `body`, by whose `status` it has its own."""
    headers = Headers([("content-type", "application/json"), ("cache-control", "no-store")])
    return Response(200 if body["status"] == WELL else 503, headers, msgspec.json.encode(body))
