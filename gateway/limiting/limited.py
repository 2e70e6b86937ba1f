"""One limit of a route: whose request it is, whether it may come, what a client is told of it."""

import math

from contract.limits import Ban
from limiting.compile import in_words, kind_of, penalty_of, policy_field
from limiting.keys import key_by
from limiting.limiter import Decision, Limiter
from limiting.penalties import PenaltyBox
from limiting.settings import RateLimitSettings
from messages import Exchange


class Limited:
    """The limit `name`, of which each key of `by` has its own count."""

    def __init__(
        self, name: str, settings: RateLimitSettings, limiter: Limiter, penalties: PenaltyBox
    ) -> None:
        self.name = name
        self.words = in_words(name, settings)
        self.policy = policy_field(name, settings)
        self.in_flight = settings.algorithm == "concurrency"
        self.enforced = settings.enforce
        self._prefix = f"{name}:{kind_of(settings)}:"
        self._key_of = key_by(settings.by)
        self._limiter = limiter
        self._penalty = penalty_of(settings)
        self._penalties = penalties

    def key(self, exchange: Exchange) -> str:
        """The object's name."""
        return self._prefix + self._key_of(exchange)

    def at_hand(self, key: str, exchange: Exchange, cost: int) -> Decision | None:
        """What can be said at no call. Raises `Problem` as `ask` does."""
        if self._penalty is not None:
            banned = self._penalties.banned_for(key, exchange.now)
            if banned > 0:
                exchange.log["banned"] = self.name
                return Decision(False, 0, banned)
        return self._limiter.at_hand(key, exchange, 1 if self.in_flight else cost)

    async def ask(self, key: str, exchange: Exchange, cost: int, *, hold: bool) -> Decision:
        """Take `cost` permits, or say when; with `hold` they can be given back.

        Raises `Problem` (limiter-unavailable) where the object is away and the limit fails closed.
        """
        cost = 1 if self.in_flight else cost
        decision = await self._limiter.acquire(key, exchange, cost, hold=hold)
        if decision.banned:
            exchange.log["banned"] = self.name
        return decision

    def give_back(self, decision: Decision, exchange: Exchange) -> None:
        """What was taken is not used, or no longer."""
        if decision.permit is not None:
            self._limiter.give_back(decision.permit, exchange)

    def owe(self, key: str, exchange: Exchange, cost: int) -> None:
        """The request has cost so much more than was taken for it."""
        if not self.in_flight:
            self._limiter.owe(key, exchange, cost)

    def punish(self, key: str, decision: Decision, exchange: Exchange) -> Decision:
        """`key` was refused: as it was decided, or with the ban that this brings."""
        if self._penalty is None or self._penalties.banned_for(key, exchange.now) > 0:
            return decision
        ban = self._penalties.strike(key, self._penalty, exchange.now)
        if ban > 0:
            exchange.log["banned"] = self.name
            self._limiter.tell_ban(key, Ban(ban, self._penalties.number(key)), exchange)
        return decision._replace(reset=max(decision.reset, ban))

    def told(self, decision: Decision) -> str:
        """The member of RateLimit (IETF httpapi draft)."""
        left = f'"{self.name}";r={decision.remaining}'
        if not self.in_flight or not decision.admitted:
            left += f";t={math.ceil(decision.reset)}"
        return left + (";local" if decision.local else "")
