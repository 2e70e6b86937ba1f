"""Retry: sends a request again where the service failed and repeating it does no harm.

Every try passes the breaker behind this, which counts it; one that is open ends the trying.
"""

from typing import Final

from breakers.settings import expanded
from contract.problems import (
    UPSTREAM_BUSY,
    UPSTREAM_TIMEOUT,
    UPSTREAM_UNAVAILABLE,
    UPSTREAM_UNREACHABLE,
    Problem,
)
from messages import Exchange, Response, discard
from pipeline import Next
from resilience.backoff import full_jitter, retry_after
from resilience.budget import RetryBudget
from resilience.repeating import may_repeat
from resilience.settings import RetriesSettings
from resilience.surroundings import Surroundings
from routing.units import seconds, size_in_bytes

_OF_CALL: Final = {UPSTREAM_TIMEOUT.code: "timeout", UPSTREAM_UNREACHABLE.code: "connection"}
_NOT_SENT: Final = frozenset({UPSTREAM_UNAVAILABLE.code, UPSTREAM_BUSY.code})
"""Problems of one service that was not asked; another one may take the request."""


class Retry:
    """Retries of a route's requests to its service, or to one of its backends after the other."""

    def __init__(
        self,
        settings: RetriesSettings,
        budget: RetryBudget,
        around: Surroundings,
        *,
        total: float | None = None,
        elsewhere: bool = False,
    ) -> None:
        """`total`: seconds from the arrival of a request that all tries have together.
        `elsewhere`: a retry goes to another service than the try before."""
        self._attempts = settings.attempts
        self._on = expanded(settings.on)
        self._base = seconds(settings.backoff.base)
        self._most = seconds(settings.backoff.max)
        self._max_body = size_in_bytes(settings.max_buffered_body)
        self._budget = budget
        self._around = around
        self._total = total
        self._elsewhere = elsewhere

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        if not await may_repeat(exchange, self._max_body):
            return await next(exchange)
        self._budget.earn()
        request = exchange.request
        # What stands behind edits path and fields, for each try anew.
        path, headers, tries = request.path, request.headers, 1
        while True:
            request.path, request.headers = path, headers.copy()
            answer, wait = await self._try(exchange, next, tries)
            if wait is None:
                if isinstance(answer, Problem):
                    raise answer
                return answer
            if not isinstance(answer, Problem):
                await discard(answer.body)
            tries += 1
            exchange.log["tries"] = tries
            if wait > 0:
                await self._around.pause(wait)

    async def _try(
        self, exchange: Exchange, next: Next, tries: int
    ) -> tuple[Response | Problem, float | None]:
        """What came of it, and the seconds until the next try, if there is one."""
        try:
            response = await next(exchange)
        except Problem as problem:
            code = problem.type.code
            if self._elsewhere and code in _NOT_SENT:
                # Nobody was asked, so nothing is sent twice, and there is nothing to wait for.
                return problem, 0.0 if tries <= self._attempts else None
            if _OF_CALL.get(code) not in self._on:
                return problem, None
            return problem, self._wait(exchange, tries, problem.headers.get("retry-after"))
        if response.status not in self._on:
            return response, None
        return response, self._wait(exchange, tries, response.headers.get("retry-after"))

    def _wait(self, exchange: Exchange, tries: int, asked: str | None) -> float | None:
        """Seconds until the next try, with what the answer asked for in Retry-After."""
        if tries > self._attempts:
            return None
        now = self._around.clock()
        wait = full_jitter(tries - 1, self._base, self._most, self._around.chance())
        if asked is not None and not self._elsewhere:  # the other service has not asked for it
            wait = max(wait, retry_after(asked, now) or 0.0)
        if self._total is None:
            in_time = wait <= self._most
        else:
            in_time = now + wait < exchange.now + self._total
        if not in_time:
            exchange.log["not_retried"] = "time"
            return None
        if not self._budget.spend(now):
            exchange.log["not_retried"] = "budget"
            return None
        return wait
