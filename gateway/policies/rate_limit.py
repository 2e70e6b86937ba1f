"""Rate limit: takes a permit from the limiter object of the caller's key, or refuses with 429.

Where the object does not answer in time the isolate limits by itself, by the same arithmetic: never
unlimited, and no error to the client for this reason. Such answers carry the parameter `local`.
Header fields: RateLimit and RateLimit-Policy (IETF httpapi draft), Retry-After (RFC 9110).
"""

import hashlib
import math
from typing import Final, Literal

from addresses import counted_as
from contract.limits import LimitDecision, LimitRequest
from contract.problems import RATE_LIMITED, Problem
from contract.sliding_window import SlidingWindow
from messages import Exchange, Response
from pipeline import Next
from ports import LimiterObjects, Unavailable

By = Literal["address", "subject", "route"]


class LocalWindows:
    """The isolate's own windows, for when an object is not there; bounded, oldest out first."""

    MAX_KEYS: Final = 4096

    def __init__(self) -> None:
        self._windows: dict[str, SlidingWindow] = {}

    def check(self, key: str, request: LimitRequest, now: float) -> LimitDecision:
        """Decide as the object of `key` would, from what this isolate has seen itself."""
        window = self._windows.get(key)
        if window is None:
            while len(self._windows) >= self.MAX_KEYS:
                del self._windows[next(iter(self._windows))]
            window = self._windows[key] = SlidingWindow()
        return window.check(request.quota, request.window, request.cost, now)


class RateLimit:
    """The quota `name`: `quota` requests in each sliding `window` of seconds, for each `by`."""

    def __init__(
        self,
        name: str,
        quota: int,
        window: float,
        by: By,
        *,
        timeout: float,
        limiters: LimiterObjects,
        local: LocalWindows,
    ) -> None:
        self._name = name
        self._by = by
        self._request = LimitRequest(quota=quota, window=window)
        self._timeout = timeout
        self._limiters = limiters
        self._local = local
        self._policy_field = ("ratelimit-policy", f'"{name}";q={quota};w={math.ceil(window)}')

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        key = self._key(exchange)
        mark = ""
        try:
            decision = await self._limiters.check(key, self._request, timeout=self._timeout)
        except Unavailable as failure:
            decision = self._local.check(key, self._request, exchange.now)
            exchange.log["limiter"] = str(failure)
            mark = ";local"
        exchange.answer_fields.append(self._policy_field)
        seconds = math.ceil(decision.reset)
        exchange.answer_fields.append(
            ("ratelimit", f'"{self._name}";r={decision.remaining};t={seconds}{mark}')
        )
        if not decision.admitted:
            raise Problem(
                RATE_LIMITED,
                f"The policy {self._name!r} allows {self._request.quota} requests "
                f"in {self._request.window:g} seconds.",
                headers={"retry-after": str(max(1, seconds))},
                policy=self._name,
            )
        return await next(exchange)

    def _key(self, exchange: Exchange) -> str:
        """The object's name. What may name a person goes in as a digest."""
        match self._by:
            case "route":
                return f"{self._name}:route"
            case "address":
                who = counted_as(exchange.client_address)
            case "subject":
                # Without a verified caller the address is the best name there is.
                principal = exchange.principal
                who = (
                    f"sub:{principal.subject}" if principal else counted_as(exchange.client_address)
                )
        return f"{self._name}:{hashlib.sha256(who.encode()).hexdigest()[:32]}"
