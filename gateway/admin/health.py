"""`/-/health`: what `/healthz` is made of. Without the auth Worker only the log says that."""

from admin.endpoint import Asked, Endpoint
from contract.operators import STATUS
from health import health_response
from messages import Response
from tables.live import Tables


class HealthEndpoints:
    """Tells how everything is, as the isolate that is asked sees it."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def endpoints(self) -> tuple[Endpoint, ...]:
        """The only one."""
        return (Endpoint("health.read", "GET", "health", STATUS, self._read),)

    async def _read(self, asked: Asked) -> Response:
        return health_response(await self._tables.current.health.details())
