"""Rate limit: takes permits of all limits of the route, or refuses with 429.

What has to be asked for is asked for at the same time. Where one refuses, what was taken of the
others is given back: a request that is refused uses up nothing, but for what an isolate has
admitted by itself. Where permits come from is `limiting.limiter`. Header fields: RateLimit and
RateLimit-Policy (IETF httpapi draft; the parameter `local` says that the isolate decided by
itself), Retry-After (RFC 9110).
"""

import math
from collections.abc import Sequence

from contract.problems import RATE_LIMITED, Problem
from limiting.limited import Limited
from limiting.limiter import Decision
from messages import Exchange, Response
from pipeline import Next
from ports import Together

_Outcome = Decision | Problem | None


class RateLimit:
    """Several limits as one: a request needs `cost` permits of each."""

    def __init__(self, limits: Sequence[Limited], together: Together, cost: int = 1) -> None:
        self._limits = tuple(limits)
        self._together = together
        self._cost = cost
        self._hold = len(self._limits) > 1
        self._policies = ("ratelimit-policy", ", ".join(limit.policy for limit in limits))
        self._in_flight = any(limit.in_flight for limit in limits)

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        keys = [limit.key(exchange) for limit in self._limits]
        outcomes: list[_Outcome] = [
            self._at_hand(limit, key, exchange)
            for limit, key in zip(self._limits, keys, strict=True)
        ]
        if None in outcomes and not self._refusing(outcomes):
            await self._ask(keys, outcomes, exchange)
        refusing = self._refusing(outcomes)
        for place in refusing:
            decision = outcomes[place]
            if isinstance(decision, Decision):
                outcomes[place] = self._limits[place].punish(keys[place], decision, exchange)
        self._tell(exchange, outcomes)
        if refusing:
            self._give_back(outcomes, exchange)
            raise self._problem([(self._limits[place].name, outcomes[place]) for place in refusing])
        if not self._in_flight:
            return await next(exchange)
        try:
            return await next(exchange)
        finally:
            self._give_back(outcomes, exchange, over=True)

    async def _ask(self, keys: list[str], outcomes: list[_Outcome], exchange: Exchange) -> None:
        """Fill in what was not at hand."""
        places = [place for place, outcome in enumerate(outcomes) if outcome is None]
        works = [self._answer(self._limits[place], keys[place], exchange) for place in places]
        found = await self._together(works) if len(works) > 1 else [await works[0]]
        for place, outcome in zip(places, found, strict=True):
            outcomes[place] = outcome

    def _at_hand(self, limit: Limited, key: str, exchange: Exchange) -> _Outcome:
        try:
            return limit.at_hand(key, exchange, self._cost)
        except Problem as problem:
            return problem

    async def _answer(self, limit: Limited, key: str, exchange: Exchange) -> _Outcome:
        """A problem is no exception here: what others have taken is still to be given back."""
        try:
            return await limit.ask(key, exchange, self._cost, hold=self._hold)
        except Problem as problem:
            return problem

    def _refusing(self, outcomes: list[_Outcome]) -> list[int]:
        """The places of those limits that do not let the request pass."""
        return [
            place
            for place, outcome in enumerate(outcomes)
            if self._limits[place].enforced
            and (isinstance(outcome, Problem) or (outcome is not None and not outcome.admitted))
        ]

    def _give_back(
        self, outcomes: list[_Outcome], exchange: Exchange, *, over: bool = False
    ) -> None:
        """What was taken; with `over`, by a request that was let in and is over."""
        for limit, outcome in zip(self._limits, outcomes, strict=True):
            if isinstance(outcome, Decision) and (limit.in_flight or not over):
                limit.give_back(outcome, exchange)

    def _tell(self, exchange: Exchange, outcomes: list[_Outcome]) -> None:
        exchange.answer_fields.append(self._policies)
        told = []
        exceeded = []
        for limit, outcome in zip(self._limits, outcomes, strict=True):
            if isinstance(outcome, Decision):
                told.append(limit.told(outcome))
                if not (limit.enforced or outcome.admitted):
                    exceeded.append(limit.name)
        if told:
            exchange.answer_fields.append(("ratelimit", ", ".join(told)))
        if exceeded:
            exchange.log["limits_exceeded"] = exceeded

    def _problem(self, refusing: list[tuple[str, _Outcome]]) -> Problem:
        """Of the limits that refuse, what to tell: the longest wait, and all their names."""
        refused = [(name, one.reset) for name, one in refusing if isinstance(one, Decision)]
        if not refused:
            return next(one for _, one in refusing if isinstance(one, Problem))
        longest, wait = max(refused, key=lambda one: one[1])
        words = {limit.name: limit.words for limit in self._limits}
        names = [name for name, _ in refused]
        return Problem(
            RATE_LIMITED,
            " ".join(words[name] for name in names),
            headers={"retry-after": str(max(1, math.ceil(wait)))},
            policy=longest,
            **({"policies": names} if len(names) > 1 else {}),
        )
