"""The rate-limit policy: who shares a quota, what answers say, when it asks, what in a fault."""

from collections.abc import Coroutine
from typing import Any, Literal

import msgspec
import pytest
from msgspec.structs import replace

from contract.limiting.holder import Wallet
from contract.limiting.limit import Limit
from contract.limits import LeaseAnswer, LeaseRequest, Return
from contract.problems import Problem
from limiting.compile import limiter_of
from limiting.fallback import LocalLimits
from limiting.limited import Limited
from limiting.limiter import LimitMemory
from limiting.settings import FallbackSettings, RateLimitSettings
from messages import Exchange
from policies.rate_limit import RateLimit
from tests.unit.fakes import NOW, FakePlatform, answer_empty, exchange, principal, run

START = NOW - NOW % 60  # the beginning of a window, so that the whole quota is there


class Isolate:
    """The policy, and the work that it leaves for after the answer."""

    def __init__(self, platform: FakePlatform, nonce: str = "one", **members: Any) -> None:
        given = {"quota": 2, "window": "60s", "by": "address", **members}
        settings = RateLimitSettings(**given)
        self.platform = platform
        self.deferred: list[Coroutine[Any, Any, None]] = []
        self.memory = LimitMemory(nonce)
        limiter = limiter_of(settings, {}, platform.limiters, self.memory, platform.time)
        self.limited = Limited("few", settings, limiter, self.memory.penalties)
        self.policy = RateLimit([self.limited], platform.together)

    def ask(self, subject: str | None = None, address: str = "192.0.2.1") -> Exchange:
        """A request, and what comes after its answer. Raises `Problem`."""
        asked = exchange(now=START, address=address, deferred=self.deferred)
        asked.principal = principal(subject) if subject else None
        try:
            run(self.policy(asked, answer_empty))
        finally:
            while self.deferred:
                run(self.deferred.pop(0))
        return asked

    def admitted(self, requests: int) -> int:
        """How many of so many requests at one moment are."""
        found = 0
        for _ in range(requests):
            try:
                self.ask()
                found += 1
            except Problem:
                pass
        return found


def platform() -> FakePlatform:
    fake = FakePlatform()
    fake.clock.now = START
    return fake


def told(asked: Exchange) -> str:
    return dict(asked.answer_fields)["ratelimit"]


def left(asked: Exchange) -> int:
    """The `r` of what is told."""
    return int(told(asked).split(";")[1][2:])


def test_each_answer_says_what_is_left() -> None:
    one = Isolate(platform())
    assert one.ask().answer_fields == [
        ("ratelimit-policy", '"few";q=2;w=60'),
        ("ratelimit", '"few";r=1;t=60'),
    ]
    assert told(one.ask()) == '"few";r=0;t=60'


def test_past_the_quota_a_request_is_refused_and_told_when_to_come_back() -> None:
    one = Isolate(platform())
    assert one.admitted(2) == 2
    asked = exchange(now=START)
    with pytest.raises(Problem) as refused:
        run(one.policy(asked, answer_empty))
    assert refused.value.type.code == "rate-limited"
    wait = int(refused.value.headers["retry-after"])
    assert told(asked) == f'"few";r=0;t={wait}'
    one.platform.clock.now += wait
    one.ask()


CALENDAR: dict[str, Any] = {"algorithm": "calendar", "window": None}
POLICIES: list[tuple[dict[str, Any], str, str]] = [
    # settings, RateLimit-Policy, a part of the detail
    ({}, '"few";q=2;w=60', "allows 2 requests in 60 seconds"),
    ({"window": "1500ms"}, '"few";q=2;w=2', "in 1.5 seconds"),
    ({"algorithm": "token_bucket", "burst": 1}, '"few";q=2;w=60', "in 60 seconds"),
    ({**CALENDAR, "period": "day"}, '"few";q=2;w=86400', "each day (UTC)"),
    ({**CALENDAR, "period": "month"}, '"few";q=2;w=2678400', "each month"),
    ({"algorithm": "concurrency", "quota": 1}, '"few";q=1;qu="concurrent-requests"', "at a time"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "field", "words"), POLICIES)
def test_a_client_is_told_the_policy(members: dict[str, Any], field: str, words: str) -> None:
    one = Isolate(platform(), **members)

    async def meanwhile(_exchange: Exchange) -> Any:
        for _ in range(3):  # while this one is in flight
            one.ask()

    asked = exchange(now=START)
    with pytest.raises(Problem) as refused:
        run(one.policy(asked, meanwhile))
    assert dict(asked.answer_fields)["ratelimit-policy"] == field
    assert words in str(refused.value.detail)
    assert refused.value.extensions == {"policy": "few"}


By = Literal["address", "subject", "route"]
SHARING: list[tuple[By, tuple[str | None, str], tuple[str | None, str], bool]] = [
    # counted by, (subject, address) of one, of another, do they share a quota?
    ("address", (None, "192.0.2.1"), (None, "192.0.2.1"), True),
    ("address", (None, "192.0.2.1"), (None, "192.0.2.2"), False),
    ("address", ("ada", "192.0.2.1"), ("bob", "192.0.2.1"), True),
    ("subject", ("ada", "192.0.2.1"), ("ada", "192.0.2.2"), True),
    ("subject", ("ada", "192.0.2.1"), ("bob", "192.0.2.1"), False),
    ("subject", (None, "192.0.2.1"), (None, "192.0.2.1"), True),
    ("subject", (None, "192.0.2.1"), (None, "192.0.2.2"), False),
    # Nobody can spend an address's quota by calling himself like it.
    ("subject", ("192.0.2.1", "192.0.2.9"), (None, "192.0.2.1"), False),
    ("route", ("ada", "192.0.2.1"), (None, "192.0.2.2"), True),
]


@pytest.mark.parametrize(("by", "one", "other", "shared"), SHARING)
def test_who_shares_a_quota(
    by: By, one: tuple[str | None, str], other: tuple[str | None, str], shared: bool
) -> None:
    isolate = Isolate(platform(), by=by)
    isolate.ask(*one)
    isolate.ask(*other)
    authorities = isolate.platform.limiters.authorities
    assert len(authorities) == (1 if shared else 2)
    assert not any("192.0.2" in key or "ada" in key for key in authorities)


def test_a_warm_request_asks_nobody() -> None:
    one = Isolate(platform(), quota=1000)
    asked = [one.ask().log.get("limiter_calls", 0) for _ in range(200)]
    assert asked[0] == 1
    assert sum(asked) == len(one.platform.limiters.asked) <= 20
    assert asked.count(0) >= 180
    assert [left(one.ask()) for _ in range(20)] == list(range(799, 779, -1))


LEASED = ["sliding_window", "sliding_log", "token_bucket", "fixed_window", "calendar"]


def algorithm_of(name: str) -> dict[str, Any]:
    return {"period": "day", **CALENDAR} if name == "calendar" else {"algorithm": name}


@pytest.mark.parametrize("algorithm", LEASED)
def test_of_one_isolate_a_client_sees_each_request_count(algorithm: str) -> None:
    one = Isolate(platform(), quota=120, **algorithm_of(algorithm))
    assert [left(one.ask()) for _ in range(120)] == list(range(119, -1, -1))
    assert len(one.platform.limiters.asked) < 30


@pytest.mark.parametrize("algorithm", LEASED)
def test_of_several_isolates_a_client_sees_a_part_of_what_is_left(algorithm: str) -> None:
    """In turn, which isolates do not know; and never nothing while there is something."""
    shared, members = platform(), algorithm_of(algorithm)
    isolates = [Isolate(shared, nonce, quota=600, **members) for nonce in ("a", "b")]
    seen = [left(isolates[turn % 2].ask()) for turn in range(590)]
    assert seen[0] == 599
    truly = [599 - turn for turn in range(590)]
    # Once both hold leases, and each has asked since.
    settled = list(zip(seen, truly, strict=True))[100:]
    assert all(0.3 * most < told_of <= most for told_of, most in settled)


@pytest.mark.parametrize(("algorithm", "isolates", "each_minute"), [
    ("fixed_window", 1, 110), ("fixed_window", 3, 90), ("token_bucket", 3, 115),
])  # fmt: skip
def test_who_paces_himself_by_what_he_is_told_gets_most_and_is_not_refused(
    algorithm: str, isolates: int, each_minute: int
) -> None:
    shared = platform()
    asked = [
        Isolate(shared, f"isolate-{number}", quota=120, algorithm=algorithm)
        for number in range(isolates)
    ]
    admitted = 0
    while shared.clock.now < START + 300:
        answer = asked[admitted % isolates].ask()  # raises where it is refused
        seconds = int(told(answer).split(";")[2][2:])
        shared.clock.now += seconds / max(1, left(answer))
        admitted += 1
    assert admitted >= 5 * each_minute


def test_an_object_that_does_not_know_of_shares_is_understood() -> None:
    shared = platform()
    knows = shared.limiters.lease

    async def lease(key: str, request: LeaseRequest, *, timeout: float) -> LeaseAnswer:
        answer = await knows(key, replace(request, holder=""), timeout=timeout)
        assert b"share" not in msgspec.json.encode(answer)
        return answer

    shared.limiters.lease = lease  # type: ignore[method-assign]
    one = Isolate(shared, quota=120)
    assert [left(one.ask()) for _ in range(7)] == [119, 118, 1, 0, 3, 2, 1]


def test_after_a_call_that_failed_what_is_held_is_left_and_after_the_next_all_is() -> None:
    one = Isolate(platform(), quota=120)
    one.admitted(20)
    one.platform.limiters.down = True
    seen = []
    while not (asked := one.ask()).log.get("limiter_calls"):
        seen.append(left(asked))
    assert seen[-1] > 80
    held = left(one.ask())
    assert held < 20
    one.platform.limiters.down = False
    one.platform.clock.now += 2
    one.admitted(held + 1)
    assert left(one.ask()) > 60


def test_exact_asks_each_time_even_where_it_was_refused() -> None:
    one = Isolate(platform(), quota=100, mode="exact")
    assert one.admitted(130) == 100
    assert len(one.platform.limiters.asked) == 130
    assert not any(request.wanted for request in one.platform.limiters.asked)


def test_a_refusal_is_remembered_at_no_call() -> None:
    one = Isolate(platform(), quota=2)
    assert one.admitted(20) == 2
    assert len(one.platform.limiters.asked) == 3


def test_isolates_share_one_limit_whatever_they_hold() -> None:
    shared = platform()
    isolates = [Isolate(shared, nonce, quota=300) for nonce in ("a", "b", "c")]
    assert sum(isolates[turn % 3].admitted(1) for turn in range(600)) == 300


def test_shards_are_one_limit_together_and_who_is_refused_tries_another() -> None:
    one = Isolate(platform(), quota=40, shards=4)
    assert one.admitted(100) == 40
    assert len(one.platform.limiters.authorities) == 4
    home = next(iter(one.platform.limiters.authorities))
    assert home.endswith(("#0", "#1", "#2", "#3"))


def test_places_in_flight_are_given_back() -> None:
    one = Isolate(platform(), algorithm="concurrency", quota=1)
    assert one.admitted(3) == 3
    returns = [request.returns for request in one.platform.limiters.asked]
    assert [len(each) for each in returns] == [0, 1, 0, 1, 0, 1]
    assert all(isinstance(each, Return) and each.used == 0 for (each,) in returns[1::2])


def test_while_the_object_is_down_the_isolate_admits_a_share_by_itself() -> None:
    one = Isolate(platform(), quota=12)
    one.platform.limiters.down = True
    asked = one.ask()
    assert told(asked) == '"few";r=2;t=60;local'
    assert asked.log == {
        "limiter": "rate limiter: timed out", "limiter_local": 1, "limiter_calls": 1,
    }  # fmt: skip
    assert one.admitted(20) == 2
    # An object that did not answer is left alone for a moment.
    assert len(one.platform.limiters.asked) == 1


def test_what_was_admitted_meanwhile_is_told_afterwards() -> None:
    one = Isolate(platform(), quota=12)
    one.platform.limiters.down = True
    assert one.admitted(3) == 3
    one.platform.limiters.down = False
    one.platform.clock.now += 2
    assert told(one.ask()).startswith('"few";r=8;')  # 12 less 3 and itself


def test_what_is_exact_may_fail_closed() -> None:
    one = Isolate(platform(), mode="exact", fallback=FallbackSettings(fail="closed"))
    one.platform.limiters.down = True
    for _ in range(2):
        with pytest.raises(Problem) as refused:
            one.ask()
        assert refused.value.type.code == "limiter-unavailable"
        assert refused.value.headers == {"retry-after": "1"}


def test_only_who_comes_between_two_leases_has_less_time() -> None:
    one = Isolate(platform(), quota=1000)
    one.admitted(60)
    limiters = one.platform.limiters
    assert set(limiters.timeouts) == {0.5}
    # All permits are gone before more have come.
    one.memory.wallet.of(next(iter(limiters.authorities)), START)._leases.clear()
    one.ask()
    assert 0.05 in limiters.timeouts


def test_a_place_of_counts_that_were_forgotten_is_nobodys() -> None:
    limit, local = Limit(algorithm="concurrency", quota=1, window=60.0), LocalLimits()
    old = local.check("key", limit, 1, START)
    for number in range(LocalLimits.MAX_KEYS):
        local.check(f"other-{number}", limit, 1, START)
    assert local.check("key", limit, 1, START).admitted
    local.give_back("key", limit, old.lease, START)
    assert not local.check("key", limit, 1, START).admitted


def test_what_an_isolate_holds_is_bounded_and_forgetting_it_admits_nothing() -> None:
    one = Isolate(platform(), quota=100)
    assert one.admitted(50) == 50
    for number in range(Wallet.MAX_KEYS):
        one.ask(address=f"2001:db8:0:{number:x}::1")
    authority = next(iter(one.platform.limiters.authorities.values()))
    assert sum(lease.permits for lease in authority.leases) > 0
    assert one.admitted(60) <= 50
