"""Circuit breaker: stops calling a service that keeps failing, and finds out when it is back.

The object of the service and region decides; the isolate keeps a view of it. While that says closed
a request makes no call, and what came of it is told behind the answer, many at once. Only a request
that could be a probe asks the object before it goes on. Where the object does not answer, the last
known state counts, and from there on the isolate's own copy of the same state machine.
"""

import math
from typing import Final

from breakers.settings import CircuitBreakerSettings, Results
from breakers.talk import Talk
from breakers.view import BreakerView, Pass
from contract.circuit_breaker import State
from contract.outcome_window import Outcome
from contract.problems import (
    UPSTREAM_INVALID,
    UPSTREAM_TIMEOUT,
    UPSTREAM_UNAVAILABLE,
    UPSTREAM_UNREACHABLE,
    Problem,
)
from messages import Body, Exchange, Response
from pipeline import NeverSent, Next
from routing.units import seconds

_RESULTS: Final[dict[str, int | str]] = {
    UPSTREAM_TIMEOUT.code: "timeout",
    UPSTREAM_UNREACHABLE.code: "connection",
    UPSTREAM_INVALID.code: UPSTREAM_INVALID.status,
}
"""Problems of a call. With any other one the service was not asked, which says nothing of it."""


class CircuitBreakerPolicy:
    """The breaker of `service`, shared by all whose `view` is the same."""

    def __init__(
        self, service: str, settings: CircuitBreakerSettings, view: BreakerView, talk: Talk
    ) -> None:
        self._service = service
        self._results = Results(settings)
        slow = settings.slow_call_duration_threshold
        self._slow_from = seconds(slow) if slow is not None else None
        # The clock is only asked where time matters.
        self._timed = slow is not None or settings.sliding_window_type == "time_based"
        self._view = view
        self._talk = talk

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        view, body = self._view, exchange.request.body
        given = view.free_pass() if view.passes else await self._ask(exchange)
        begun = self._talk.clock() if self._timed else exchange.now
        try:
            response = await next(exchange)
        except Problem as problem:
            asked = not isinstance(problem, NeverSent)
            result = _RESULTS.get(problem.type.code) if asked else None
            self._note(exchange, given, _asked_at(begun, body), result)
            raise
        except Exception:
            # A defect of ours says nothing of the service; a probe's place is free again.
            self._talk.note(view, exchange, given, None, exchange.now)
            raise
        self._note(exchange, given, _asked_at(begun, body), response.status)
        return response

    async def _ask(self, exchange: Exchange) -> Pass:
        """Get permission to call. Raises `Problem` (upstream-unavailable) where it is refused."""
        view = self._view
        if view.is_held(exchange.now):
            # An operator may have changed it.
            self._talk.tell_if_due(view, exchange)
            raise self._refusal(exchange)
        status, given = await self._talk.ask(view, exchange)
        if not status.granted:
            raise self._refusal(exchange)
        exchange.log["breaker"] = status.state.value
        return given

    def _note(
        self, exchange: Exchange, given: Pass, asked_at: float, result: int | str | None
    ) -> None:
        now = self._talk.clock() if self._timed else exchange.now
        outcome = None
        failed = self._results.failed(result) if result is not None else None
        if failed is not None:
            slow = self._slow_from is not None and now - asked_at >= self._slow_from
            outcome = _OUTCOMES[failed, slow]
        self._talk.note(self._view, exchange, given, outcome, now)

    def _refusal(self, exchange: Exchange) -> Problem:
        state = self._view.state
        exchange.log["breaker"] = state.value
        wait = self._view.retry_after(exchange.now)
        why = "was taken out of use" if state is State.FORCED_OPEN else "failed repeatedly"
        return Problem(
            UPSTREAM_UNAVAILABLE,
            f"The service {self._service!r} {why} and is not being called.",
            headers={"retry-after": str(max(1, math.ceil(wait)))},
        )


def _asked_at(begun: float, body: Body) -> float:
    """When the service had all that it needs to answer: for how long a client takes it is not
    responsible. Never, as far as can be told, of a large body that was passed on as it came."""
    if body is None or isinstance(body, bytes):
        return begun
    return math.inf if body.arrived is None else max(begun, body.arrived)


_OUTCOMES: Final = {
    (False, False): Outcome.GOOD,
    (True, False): Outcome.FAILED,
    (False, True): Outcome.SLOW,
    (True, True): Outcome.SLOW_FAILED,
}
