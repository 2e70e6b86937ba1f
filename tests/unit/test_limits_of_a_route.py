"""Several limits of one request: asked together, refused by any, and used up by none that was not
let in."""

from collections.abc import Coroutine, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contract.limiting.authority import Authority
from contract.limiting.sliding_window import SlidingWindow
from contract.problems import Problem
from limiting.compile import limiter_of
from limiting.limited import Limited
from limiting.limiter import LimitMemory
from limiting.settings import FallbackSettings, RateLimitSettings
from messages import Exchange, Headers, Response
from pipeline import Policy
from policies.rate_limit import RateLimit
from routing.compile import CompiledRoutes
from routing.table import Table
from tests.unit.fakes import NOW, FakePlatform, answer_empty, exchange, principal, run
from tests.unit.tables import route, table

START = NOW - NOW % 60


class Route:
    """A route with several limits, in one isolate."""

    def __init__(self, platform: FakePlatform, cost: int = 1, **limits: dict[str, Any]) -> None:
        self.platform = platform
        platform.clock.now = START
        self.memory = LimitMemory("one")
        self.asked_together: list[int] = []
        self.limits = {name: self._limited(name, members) for name, members in limits.items()}
        self.policy = self.of(*limits, cost=cost)

    def of(self, *names: str, cost: int = 1) -> RateLimit:
        """The policy of a route with these of the limits."""
        return RateLimit([self.limits[name] for name in names], self._together, cost)

    def _limited(self, name: str, members: dict[str, Any]) -> Limited:
        settings = RateLimitSettings(**{"window": "60s", "by": "address", **members})
        limiter = limiter_of(settings, {}, self.platform.limiters, self.memory, self.platform.time)
        return Limited(name, settings, limiter, self.memory.penalties)

    async def _together(self, works: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
        self.asked_together.append(len(works))
        return await self.platform.together(works)

    def ask(self, address: str = "192.0.2.1", policy: RateLimit | None = None) -> Exchange:
        """A request, and what comes after its answer. Raises `Problem`."""
        asked = exchange(now=self.platform.clock.now, address=address)
        run((policy or self.policy)(asked, answer_empty))
        return asked

    def refused(self, address: str = "192.0.2.1") -> Problem:
        with pytest.raises(Problem) as refused:
            self.ask(address)
        return refused.value

    def count(self, name: str) -> int:
        """Permits of the limit that are used, for all keys."""
        found = 0
        for key, authority in self.platform.limiters.authorities.items():
            if key.startswith(f"{name}:"):
                found += used(authority)
        return found


def used(authority: Authority) -> int:
    """What is charged, and what is out."""
    counted = authority.counts.current if isinstance(authority.counts, SlidingWindow) else 0
    return counted + sum(lease.permits for lease in authority.leases)


EXACT = {"mode": "exact"}


def test_all_are_asked_at_the_same_time_and_told() -> None:
    one = Route(FakePlatform(), a={"quota": 9, **EXACT}, b={"quota": 5, **EXACT}, c={"quota": 7})
    asked = one.ask()
    assert one.asked_together == [3]
    assert asked.answer_fields == [
        ("ratelimit-policy", '"a";q=9;w=60, "b";q=5;w=60, "c";q=7;w=60'),
        ("ratelimit", '"a";r=8;t=60, "b";r=4;t=60, "c";r=6;t=60'),
    ]


def test_what_is_warm_costs_no_call_and_no_wait() -> None:
    one = Route(FakePlatform(), a={"quota": 10_000}, b={"quota": 10_000}, c={"quota": 10_000})
    calls = [one.ask().log.get("limiter_calls", 0) for _ in range(200)]
    assert calls[0] == 3
    assert calls.count(0) >= 180


def test_a_refusal_names_who_refuses_and_the_longest_wait() -> None:
    one = Route(
        FakePlatform(),
        short={"quota": 1, "window": "10s", "algorithm": "sliding_log", **EXACT},
        long={"quota": 1, "window": "1h", "algorithm": "sliding_log", **EXACT},
        wide={"quota": 100, **EXACT},
    )
    one.ask()
    problem = one.refused()
    assert problem.type.code == "rate-limited"
    assert problem.extensions == {"policy": "long", "policies": ["short", "long"]}
    assert problem.headers == {"retry-after": "3600"}


def test_what_is_known_to_be_refused_asks_nobody_else() -> None:
    one = Route(FakePlatform(), few={"quota": 1}, exact={"quota": 100, **EXACT})
    one.ask()
    one.refused()
    asked = len(one.platform.limiters.asked)
    for _ in range(10):
        one.refused()
    assert len(one.platform.limiters.asked) == asked
    assert one.count("exact") == 1


def test_where_one_fails_closed_the_others_get_back_what_they_gave() -> None:
    one = Route(
        FakePlatform(),
        open={"quota": 10, **EXACT},
        closed={"quota": 10, "fallback": FallbackSettings(fail="closed"), **EXACT},
    )
    one.ask()
    closed = one.limits["closed"]
    key = closed.key(exchange())
    one.memory.wallet.of(key, START).away_until = START + 1
    assert one.refused().type.code == "limiter-unavailable"
    assert one.count("open") == 1


@given(
    quotas=st.lists(st.integers(1, 12), min_size=2, max_size=4),
    requests=st.lists(st.sampled_from(["192.0.2.1", "198.51.100.7"]), max_size=40),
    modes=st.lists(st.sampled_from(["exact", "leased"]), min_size=4, max_size=4),
    cost=st.integers(1, 3),
)
def test_a_request_that_is_refused_uses_up_nothing(
    quotas: list[int], requests: list[str], modes: list[str], cost: int
) -> None:
    """Never more than the least limit is admitted, and what was refused is there for others."""
    limits = {
        f"limit-{place}": {"quota": quota, "mode": mode, "by": "route" if place else "address"}
        for place, (quota, mode) in enumerate(zip(quotas, modes, strict=False))
    }
    one = Route(FakePlatform(), cost, **limits)
    admitted = {"192.0.2.1": 0, "198.51.100.7": 0}
    for address in requests:
        try:
            one.ask(address)
        except Problem:
            continue
        admitted[address] += cost
    total = sum(admitted.values())
    assert all(count <= quotas[0] for count in admitted.values())
    assert total <= min(quotas[1:])
    for place, (_, mode) in enumerate(zip(quotas, modes, strict=False)):
        if mode == "exact":
            assert one.count(f"limit-{place}") == total


def test_a_soft_limit_tells_and_refuses_nobody() -> None:
    one = Route(FakePlatform(), soft={"quota": 1, "enforce": False}, hard={"quota": 3})
    one.ask()
    asked = one.ask()
    assert asked.log["limits_exceeded"] == ["soft"]
    assert dict(asked.answer_fields)["ratelimit"].startswith('"soft";r=0;t=')
    one.ask()
    assert one.refused().extensions == {"policy": "hard"}


def test_a_request_may_cost_more() -> None:
    one = Route(FakePlatform(), 5, a={"quota": 12, **EXACT}, b={"quota": 100})
    one.ask()
    assert dict(one.ask().answer_fields)["ratelimit"].startswith('"a";r=2;')
    assert one.refused().extensions == {"policy": "a"}
    one.ask(policy=one.of("a"))


COSTS: list[tuple[str | None, int]] = [
    # what the answer says, what is left of 20 afterwards
    (None, 18), ("5", 15), (" 5 ", 15), ("2", 18), ("0", 18), ("-5", 18), ("5.5", 18), ("x", 18),
    ("\u0665", 18), ("20", 0), ("50", -30), ("9" * 5000, -9980),
]  # fmt: skip


@pytest.mark.parametrize(("said", "left"), COSTS)
def test_what_an_answer_says_that_it_did_cost_is_owed(said: str | None, left: int) -> None:
    one = Route(
        FakePlatform(), all={"quota": 20, **EXACT}, flight={"quota": 9, "algorithm": "concurrency"}
    )
    limits = list(one.limits.values())
    policy = RateLimit(limits, one.platform.together, 2, "X-Cost")

    async def answer(_exchange: Exchange) -> Response:
        return Response(200, Headers([("x-cost", said)] if said is not None else []))

    response = run(policy(exchange(now=START), answer))
    assert response.headers.get("x-cost") is None
    assert 20 - one.count("all") == left
    assert one.count("flight") == 0
    if left <= 0:
        with pytest.raises(Problem):
            one.ask(policy=policy)


PLANS: list[tuple[Any, int]] = [
    # the claim, how many are admitted
    ("pro", 5), ("free", 3), ("gone", 1), (None, 1), (7, 1), (["pro"], 1),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "quota"), PLANS)
def test_a_plan_has_its_own_quota(plan: Any, quota: int) -> None:
    tiers = {"plans": {"free": {"quota": 3}, "pro": {"quota": 5}}}
    limits = {"few": {"quota": 1, "window": "1m", "by": "subject", "mode": "exact", "tiers": tiers}}
    limited = compiled(table(route(rate_limit="few"), rate_limits=limits))
    statuses = []
    for _ in range(quota + 1):
        asked = exchange(now=START)
        asked.principal = replace(principal(), claims={} if plan is None else {"plan": plan})
        try:
            run(limited(asked, answer_empty))
            statuses.append(200)
        except Problem as problem:
            statuses.append(problem.type.status)
    assert statuses == [200] * quota + [429]
    assert dict(asked.answer_fields)["ratelimit-policy"] == f'"few";q={quota};w=60'


def compiled(of: Table) -> Policy:
    """The rate-limit policy of the table's only route."""
    found = next(iter(CompiledRoutes(of, FakePlatform()).all()))
    return next(step.policy for step in found.steps() if step.name == "rate_limit")
