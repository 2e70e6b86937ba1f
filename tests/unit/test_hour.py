"""An hour of traffic on a clock that tests set: three isolates and the objects that they share, a
service that fails for a while, auth that is away for a while, callers who come and go.

Nothing that an isolate keeps may grow with time: it is weighed as a whole, whatever is in it. The
bounds are put so low that an hour reaches them. The same at full load in workerd: `make soak`.
"""

import gc
import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, Final

import msgspec
import pytest

from application import Application
from breakers.view import BreakerViews
from caching.memory_tier import MemoryTier
from caching.purges import Purges
from contract.circuit_breaker import State
from contract.limiting.authority import Authority
from contract.limiting.holder import Wallet
from contract.limiting.limit import Limit
from memory import Memory
from policies.authenticate import Remembered
from ports import Unavailable
from routing.resolve import Resolver
from tests.unit.fakes import NOW, FakePlatform, exchange, principal, run
from tests.unit.limiting_model import Admitted, excess
from tests.unit.tables import route, table

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
BOUND: Final = 128
"""Of each memory that would hold thousands."""
SERVICE_FAILS: Final = (20 * MINUTE, 25 * MINUTE)
AUTH_IS_AWAY: Final = (30 * MINUTE, 32 * MINUTE)
HEALS: Final = 2 * MINUTE
"""Seconds until a service that is well again is called as before: its breaker's longest wait."""

LIMIT: Final = Limit(quota=30, window=60.0)
TABLE: Final = table(
    route(name="mine", path="/mine", access={"scopes": ["read"]}, rate_limit="each"),
    route(name="cached", path="/cached/{id}", cache={"ttl": "30s"}),
    route(name="plain", path="/plain/{id}"),
    services={
        "data": {
            "binding": "DATA",
            "circuit_breaker": {"minimum_calls": 5, "wait_open": "10s", "max_wait_open": "1m"},
        },
    },
    rate_limits={"each": {"quota": LIMIT.quota, "window": "1m", "by": "subject"}},
)


class Traffic:
    """Requests of an hour, quickly, and what was answered."""

    def __init__(self) -> None:
        self.platform = FakePlatform()
        self.memories = [Memory(f"isolate-{number}") for number in range(3)]
        for memory in self.memories:
            memory.responses = MemoryTier(BOUND * MemoryTier.OVERHEAD)
        self.isolates = [Application(TABLE, "t", self.platform, one) for one in self.memories]
        self.admitted: dict[str, list[Admitted]] = defaultdict(list)
        self.statuses: Counter[int] = Counter()
        self.failed_at: list[float] = []
        """When an answer said 500 or more."""
        self.called_while_failing = self.asked_while_failing = 0
        self.most_objects = self.largest_object = self._erased = 0
        self._chance = random.Random(1)  # noqa: S311  # to be repeated, not to be secret

    @property
    def passed(self) -> float:
        return self.platform.clock.now - NOW

    def go_on(self, until: float) -> None:
        """Let it become `until`, in seconds: a busy time and a quiet one every ten minutes."""
        minute = self.passed // MINUTE
        while self.passed < until:
            busy = 1.2 + math.sin(self.passed / (10 * MINUTE) * 2 * math.pi)
            self.platform.clock.now += self._chance.expovariate(4 * busy)
            self._request()
            if self.passed // MINUTE > minute:
                minute = self.passed // MINUTE
                self._tidy()

    def weight(self) -> int:
        """How many things all isolates have in memory, beside the platform."""
        platform = self.platform
        without = [platform, *vars(platform).values(), *platform.services.values()]
        return sum(weigh(isolate, without) for isolate in self.isolates)

    def _request(self) -> None:
        chance, now = self._chance, self.platform.clock.now
        failing = SERVICE_FAILS[0] <= self.passed < SERVICE_FAILS[1]
        data = self.platform.binding("DATA")
        data.failure = Unavailable("data") if failing else None
        self.platform.authority.down = AUTH_IS_AWAY[0] <= self.passed < AUTH_IS_AWAY[1]
        # A few call often, many seldom; new ones come all the time.
        subject = f"subject-{int(chance.paretovariate(0.7)) % 500 + int(self.passed) // 300 * 10}"
        path = chance.choice(["/v2/mine", "/v2/mine", "/v2/cached", "/v2/plain"])
        fields = {}
        if path == "/v2/mine":
            token = f"{subject}.{int(self.passed) // 600}"
            self.platform.authority.principals[token] = principal(subject, expires_at=now + 600)
            fields["authorization"] = f"Bearer {token}"
        else:
            path += f"/{chance.randrange(400) + int(self.passed)}"
        asked = exchange(
            "GET",
            path,
            headers=fields,
            now=now,
            chance=chance.random(),
            address=f"192.0.2.{chance.randrange(250)}",
        )
        before = len(data.requests)
        response = run(chance.choice(self.isolates).handle(asked))
        self.statuses[response.status] += 1
        if failing:
            self.asked_while_failing += 1
            self.called_while_failing += len(data.requests) - before
        if response.status >= 500:
            self.failed_at.append(self.passed)
        if path == "/v2/mine" and response.headers.get("ratelimit") and response.status != 429:
            self.admitted[subject].append(Admitted(now, 1))
        if chance.random() < 0.1:
            purger = chance.choice(self.memories).purger
            run(purger.purge([f"tag:{chance.randrange(10_000)}"], run))

    def _tidy(self) -> None:
        """What the objects' alarms do, and an end to what only the platform in memory keeps."""
        objects = self.platform.limiters.authorities
        for key, authority in objects.items():
            self.largest_object = max(self.largest_object, len(msgspec.json.encode(authority)))
            if self.platform.clock.now >= authority.idle_at:
                self._erased += 1
                objects[key] = Authority(name=f"object-{self._erased}")
        kept = [one for one in objects.values() if one.counts is not None]
        self.most_objects = max(self.most_objects, len(kept))
        self.platform.binding("DATA").requests.clear()
        self.platform.store.entries.clear()


def weigh(root: Any, without: Sequence[Any]) -> int:
    """The number of things that can be reached from `root`, code apart."""
    apart = (type, ModuleType, FunctionType, BuiltinFunctionType, CodeType)
    seen, found = {id(one) for one in without}, [root]
    number = 0
    while found:
        one = found.pop()
        if id(one) not in seen and not isinstance(one, apart):
            seen.add(id(one))
            number += 1
            found.extend(gc.get_referents(one))
    return number


def test_an_hour_changes_nothing_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Wallet, "MAX_KEYS", BOUND)
    monkeypatch.setattr(Remembered, "MAX_ENTRIES", BOUND)
    monkeypatch.setattr(Purges, "MAX_MARKS", BOUND)
    monkeypatch.setattr(BreakerViews, "MAX_VIEWS", BOUND)
    monkeypatch.setattr(Resolver, "REMEMBERED", BOUND)
    traffic = Traffic()
    weights = []
    for minute in range(10, 61, 5):
        traffic.go_on(minute * MINUTE)
        weights.append(traffic.weight())
    print(
        f"\n{sum(traffic.statuses.values())} requests: {dict(traffic.statuses)};"
        f" things in memory: {weights}; at most {traffic.most_objects} objects,"
        f" the largest of {traffic.largest_object} bytes;"
        f" {traffic.called_while_failing} of {traffic.asked_while_failing} calls while failing"
    )

    # Nothing grows once all of it is warm, which it is after twenty minutes.
    assert max(weights[3:]) <= 1.1 * weights[2]
    for memory in traffic.memories:
        assert len(memory.limits.wallet._holdings) <= BOUND
        assert len(memory.remembered._entries) <= BOUND
        assert len(memory.purges._marks) <= BOUND
        assert len(memory.responses) <= BOUND
    assert traffic.largest_object < 4096
    assert traffic.most_objects < 0.5 * len(traffic.admitted)

    # No caller had more than the limit, and some wanted more.
    assert traffic.statuses[429] > 0
    assert max(excess(LIMIT, admitted) for admitted in traffic.admitted.values()) <= 0

    # Who fails is left alone, harms nobody for longer, and is called again.
    assert traffic.called_while_failing < traffic.asked_while_failing / 4
    hurt = (SERVICE_FAILS[0], SERVICE_FAILS[1] + HEALS), AUTH_IS_AWAY
    assert traffic.failed_at
    assert [at for at in traffic.failed_at if not any(a <= at < b for a, b in hurt)] == []
    assert {one.state for one in traffic.platform.breakers.breakers.values()} == {State.CLOSED}
