"""Rate limit: takes a permit of the limit for the caller's key, or refuses with 429.

Where permits come from is `limiting.limiter`; here it is who shares a quota and what a client is
told. Header fields: RateLimit and RateLimit-Policy (IETF httpapi draft; the parameter `local` says
that the isolate decided by itself), Retry-After (RFC 9110).
"""

import hashlib
import math

from addresses import counted_as
from contract.problems import RATE_LIMITED, Problem
from limiting.compile import in_words, kind_of, policy_field
from limiting.limiter import Decision, Limiter
from limiting.settings import RateLimitSettings
from messages import Exchange, Response
from pipeline import Next


class RateLimit:
    """The limit `name`, of which each key of `by` has its own count."""

    def __init__(self, name: str, settings: RateLimitSettings, limiter: Limiter) -> None:
        self._name = name
        self._by = settings.by
        self._prefix = f"{name}:{kind_of(settings)}"
        self._policy_field = ("ratelimit-policy", policy_field(name, settings))
        self._words = in_words(name, settings)
        self._in_flight = settings.algorithm == "concurrency"
        self._limiter = limiter

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        decision = await self._limiter.acquire(self._key(exchange), exchange)
        self._tell(exchange, decision)
        if not decision.admitted:
            raise Problem(
                RATE_LIMITED,
                self._words,
                headers={"retry-after": str(max(1, math.ceil(decision.reset)))},
                policy=self._name,
            )
        if not self._in_flight:
            return await next(exchange)
        try:
            return await next(exchange)
        finally:
            if decision.permit is not None:
                self._limiter.give_back(decision.permit, exchange)

    def _tell(self, exchange: Exchange, decision: Decision) -> None:
        exchange.answer_fields.append(self._policy_field)
        mark = ";local" if decision.local else ""
        left = f'"{self._name}";r={decision.remaining}'
        if not self._in_flight or not decision.admitted:
            left += f";t={math.ceil(decision.reset)}"
        exchange.answer_fields.append(("ratelimit", left + mark))

    def _key(self, exchange: Exchange) -> str:
        """The object's name. What may name a person goes in as a digest."""
        match self._by:
            case "route":
                return f"{self._prefix}:route"
            case "address":
                who = counted_as(exchange.client_address)
            case "subject":
                # Without a verified caller the address is the best name there is.
                principal = exchange.principal
                who = (
                    f"sub:{principal.subject}" if principal else counted_as(exchange.client_address)
                )
        return f"{self._prefix}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"
