"""Idempotency: a request with an Idempotency-Key reaches its service once, however often it comes.

The object of the key hears of a request before it is sent, and of its end before the client does
(draft-ietf-httpapi-idempotency-key-header-07). Where the end is not known the key stays in doubt:
nothing is ever sent again on a guess.
"""

import math
from typing import Final, NamedTuple

from bodies import request_content
from contract.idempotency import BeginAnswer, BeginRequest, End, EndRequest, KeptAnswer, Standing
from contract.names import IDEMPOTENCY_KEY
from contract.problems import (
    IDEMPOTENCY_IN_DOUBT,
    IDEMPOTENCY_IN_PROGRESS,
    IDEMPOTENCY_KEY_MISSING,
    IDEMPOTENCY_KEY_REUSED,
    IDEMPOTENCY_NOT_KEPT,
    IDEMPOTENCY_UNAVAILABLE,
    Problem,
)
from idempotency.answers import Duplicate, kept, replayed
from idempotency.keys import fingerprint, key_of, object_name
from messages import Exchange, Response
from pipeline import Next
from ports import IdempotencyObjects, Unavailable

UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods of requests that change something (RFC 9110, section 9.2.1)."""

_ASK_AGAIN: Final = 2.0
"""Seconds after which a duplicate may ask again; most requests are over by then."""


class Rules(NamedTuple):
    """What the table says. Times are in seconds, sizes in bytes."""

    place: str
    """The route and its version: a key counts for these."""
    required: bool
    ttl: float
    lease: float
    """Within which a request is over, whatever its service does."""
    max_answer: int
    max_request: int
    timeout: float
    sends_without_object: bool


class Idempotency:
    """Keys by the `rules` of one route."""

    def __init__(self, rules: Rules, objects: IdempotencyObjects, duplicate: Duplicate) -> None:
        self._rules = rules
        self._objects = objects
        self._duplicate = duplicate

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        request, rules = exchange.request, self._rules
        if request.method not in UNSAFE:
            return await next(exchange)
        fields = request.headers.get_all(IDEMPOTENCY_KEY)
        if not fields:
            if rules.required:
                raise Problem(IDEMPOTENCY_KEY_MISSING)
            return await next(exchange)
        key = key_of(",".join(fields))
        content = await request_content(request, rules.max_request)
        name = object_name(rules.place, exchange, key)
        asked = BeginRequest(
            attempt=exchange.request_id,
            fingerprint=fingerprint(request, content),
            lease=rules.lease,
            ttl=rules.ttl,
        )
        try:
            answer = await self._objects.begin(name, asked, timeout=rules.timeout)
        except Unavailable as failure:
            exchange.log["idempotency"] = str(failure)
            if rules.sends_without_object:
                return await next(exchange)
            # It may have heard of us all the same.
            exchange.defer(self._end(exchange, name, End.UNSENT))
            raise Problem(IDEMPOTENCY_UNAVAILABLE, headers={"retry-after": "5"}) from failure
        exchange.log["idempotency"] = answer.standing.value
        if answer.standing is Standing.BEGUN:
            return await self._carry_out(exchange, next, name)
        if answer.answer is not None:
            return replayed(answer.answer)
        raise _refusal(answer, key)

    async def _carry_out(self, exchange: Exchange, next: Next, name: str) -> Response:
        try:
            response = await next(exchange)
        except Exception:
            # A problem of ours does not tell whether the service has acted before.
            await self._end(exchange, name, End.IN_DOUBT if exchange.sends else End.UNSENT)
            raise
        rules = self._rules
        answer = await kept(response, rules.max_answer, rules.lease, self._duplicate)
        await self._end(exchange, name, End.ANSWERED, response.status, answer)
        return response

    async def _end(
        self,
        exchange: Exchange,
        name: str,
        end: End,
        status: int = 0,
        answer: KeptAnswer | None = None,
    ) -> None:
        """Tell the object. Where it does not hear it the key is in doubt once its lease is over."""
        told = EndRequest(attempt=exchange.request_id, end=end, status=status, answer=answer)
        try:
            recorded = await self._objects.end(name, told, timeout=self._rules.timeout)
        except Unavailable as failure:
            exchange.log["idempotency"] = str(failure)
            return
        exchange.log["idempotency"] = end.value if recorded else "forgotten"


def _refusal(answer: BeginAnswer, key: str) -> Problem:
    match answer.standing:
        case Standing.OTHER:
            return Problem(IDEMPOTENCY_KEY_REUSED, idempotency_key=key)
        case Standing.RUNNING:
            wait = str(max(1, math.ceil(min(answer.wait, _ASK_AGAIN))))
            headers = {"retry-after": wait}
            return Problem(IDEMPOTENCY_IN_PROGRESS, headers=headers, idempotency_key=key)
        case Standing.NOT_KEPT:
            return Problem(
                IDEMPOTENCY_NOT_KEPT,
                f"The service has answered with {answer.status}, and the answer was not kept.",
                idempotency_key=key,
                original_status=answer.status,
            )
        case _:
            return Problem(IDEMPOTENCY_IN_DOUBT, idempotency_key=key)
