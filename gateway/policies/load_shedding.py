"""Load shedding: an isolate that has too much to do refuses what matters least, at once.

What it goes by are the requests under way. Each priority has a limit of its own, so what matters
most still gets in where the rest is refused.
"""

from contract.problems import OVERLOADED, Problem
from messages import Exchange, Response
from pipeline import Next
from resilience.load import Load


class LoadShedding:
    """Lets a request in while fewer than `limit` are under way, of whatever priority."""

    def __init__(self, load: Load, limit: int, priority: str) -> None:
        self._load = load
        self._limit = limit
        self._priority = priority

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        load, request_id = self._load, exchange.request_id
        if not load.admit(request_id, exchange.now, self._limit):
            exchange.log["shed"] = self._priority
            raise Problem(OVERLOADED, headers={"retry-after": "1"})
        try:
            return await next(exchange)
        finally:
            load.leave(request_id)
