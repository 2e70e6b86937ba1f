"""Fallback: another answer where the service of a route fails: one of the table's, or another
service's. It says so in X-Fallback, and no cache may keep it.

It stands behind the transform, so it speaks the service's words as the service would.
"""

from typing import Final, Literal

from breakers.settings import expanded
from contract.problems import (
    UPSTREAM_BUSY,
    UPSTREAM_NOT_CONFIGURED,
    UPSTREAM_TIMEOUT,
    UPSTREAM_UNAVAILABLE,
    UPSTREAM_UNREACHABLE,
    Problem,
)
from messages import Exchange, Response, discard
from pipeline import Next
from resilience.repeating import may_repeat

FALLBACK: Final = "x-fallback"
"""In an answer: what it is from, `respond` or `service`."""

_OF_CALL: Final = {UPSTREAM_TIMEOUT.code: "timeout", UPSTREAM_UNREACHABLE.code: "connection"}
_NOT_SENT: Final = frozenset(
    {UPSTREAM_UNAVAILABLE.code, UPSTREAM_BUSY.code, UPSTREAM_NOT_CONFIGURED.code}
)
"""Problems of a service that was not asked."""
_MAX_BODY: Final = 65_536


class Fallback:
    """Answers by `instead` where what comes of the rest is one of `on`."""

    def __init__(
        self, on: tuple[str, ...], instead: Next, kind: Literal["respond", "service"]
    ) -> None:
        self._on = expanded(on)
        self._instead = instead
        self._kind = kind

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        request = exchange.request
        # Another service would get the request a second time.
        if self._kind == "service" and not await may_repeat(exchange, _MAX_BODY):
            return await next(exchange)
        path, headers = request.path, request.headers.copy()
        try:
            response = await next(exchange)
        except Problem as problem:
            code = problem.type.code
            if code not in _NOT_SENT and _OF_CALL.get(code) not in self._on:
                raise
            request.path, request.headers = path, headers
            answer = await self._answer(exchange, code)
            if answer is None:
                raise
            return answer
        if response.status not in self._on:
            return response
        request.path, request.headers = path, headers
        answer = await self._answer(exchange, response.status)
        if answer is None:
            return response
        await discard(response.body)
        return answer

    async def _answer(self, exchange: Exchange, because: str | int) -> Response | None:
        """The other answer, marked; None where that fails as well."""
        exchange.log["fallback"] = self._kind
        exchange.log["fallback_because"] = because
        try:
            answer = await self._instead(exchange)
        except Problem as problem:
            exchange.log["fallback_failed"] = problem.type.code
            return None
        answer.headers.set(FALLBACK, self._kind)
        answer.headers.set("cache-control", "no-store")
        return answer
