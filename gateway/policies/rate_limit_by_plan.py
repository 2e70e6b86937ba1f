"""Rate limit by plan: of limits with `tiers`, those of the caller's plan."""

from collections.abc import Callable, Sequence

from limiting.limited import Limited
from limiting.tiers import Tiers
from messages import Exchange, Response
from pipeline import Next
from policies.rate_limit import RateLimit


class RateLimitByPlan:
    """The policy of each combination of plans, made when it first comes."""

    def __init__(
        self, limits: Sequence[Tiers], make: Callable[[Sequence[Limited]], RateLimit]
    ) -> None:
        self._limits = tuple(limits)
        self._make = make
        self._made: dict[tuple[Limited, ...], RateLimit] = {}

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        limits = tuple([limit.of(exchange) for limit in self._limits])
        policy = self._made.get(limits)
        if policy is None:
            policy = self._made[limits] = self._make(limits)
        return await policy(exchange, next)
