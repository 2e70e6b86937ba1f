"""A limit as each plan has it.

A plan is a claim of the verified caller. Who has none, or one that the table does not know, has the
limit's own quota. What was counted stays counted where a caller changes its plan.
"""

from collections.abc import Callable

from limiting.limited import Limited
from limiting.settings import RateLimitSettings
from messages import Exchange


class Tiers:
    """One limit for those without a plan, and one for each plan; true where there are plans."""

    def __init__(
        self, settings: RateLimitSettings, make: Callable[[RateLimitSettings], Limited]
    ) -> None:
        self.base = make(settings)
        self._claim = settings.tiers.claim if settings.tiers is not None else ""
        plans = settings.tiers.plans if settings.tiers is not None else {}
        self._plans = {plan: make(settings.of_plan(plan)) for plan in plans}

    def __bool__(self) -> bool:
        return bool(self._plans)

    def of(self, exchange: Exchange) -> Limited:
        """The limit of the caller."""
        if not self._plans or exchange.principal is None:
            return self.base
        plan = exchange.principal.claims.get(self._claim)
        return self._plans.get(plan, self.base) if isinstance(plan, str) else self.base
