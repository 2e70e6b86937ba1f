"""Rate limit: takes permits of all limits of the route, or refuses with 429.

What has to be asked for is asked for at the same time. Where one refuses, what was taken of the
others is given back: a request that is refused uses up nothing, but for what an isolate has
admitted by itself. Where permits come from is `limiting.limiter`. Header fields: RateLimit and
RateLimit-Policy (IETF httpapi draft; the parameter `local` says that the isolate decided by
itself), Retry-After (RFC 9110).
"""

import math
from collections.abc import Sequence
from typing import Final

from contract.problems import RATE_LIMITED, Problem
from limiting.limited import Limited
from limiting.limiter import Decision
from messages import Exchange, Response
from pipeline import Next
from ports import Together

_MOST: Final = 10_000
"""Permits that an answer can say a request did cost."""
_Outcome = Decision | Problem | None


class RateLimit:
    """Several limits as one: a request needs `cost` permits of each. Where the answer says in its
    field `cost_header` that it did cost more, the rest is owed."""

    def __init__(
        self,
        limits: Sequence[Limited],
        together: Together,
        cost: int = 1,
        cost_header: str | None = None,
    ) -> None:
        self._limits = tuple(limits)
        self._together = together
        self._cost = cost
        self._cost_field = cost_header.lower() if cost_header is not None else ""
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
        if not (self._in_flight or self._cost_field):
            return await next(exchange)
        try:
            response = await next(exchange)
        finally:
            self._give_back(outcomes, exchange, over=True)
        if self._cost_field:
            self._charge(response, keys, exchange)
        return response

    def _charge(self, response: Response, keys: list[str], exchange: Exchange) -> None:
        """Take off what the answer says that the request did cost, and owe what was not taken."""
        said = response.headers.get(self._cost_field)
        if said is None:
            return
        response.headers.remove(self._cost_field)
        digits = said.strip()
        if not (digits.isascii() and digits.isdigit()):
            return
        # Of a number that long only its length matters.
        cost = min(int(digits), _MOST) if len(digits) <= len(str(_MOST)) else _MOST
        if cost > self._cost:
            exchange.log["cost"] = cost
            for limit, key in zip(self._limits, keys, strict=True):
                limit.owe(key, exchange, cost - self._cost)

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
