"""The Durable Objects in workerd: the arithmetic is tested elsewhere, here it is what they keep."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import msgspec
import pytest

from contract.breaker import (
    BreakerName,
    BreakerReport,
    BreakerRequest,
    ForceRequest,
    ProbeOutcome,
)
from contract.breaker_directory import ListRequest, WishRequest
from contract.circuit_breaker import BreakerSettings, Mode
from contract.limiting.limit import Limit
from contract.limits import Ban, LeaseRequest, Return
from contract.outcome_window import Outcome, Outcomes
from runtime.local import LocalRuntime
from tests.eventually import eventually
from tests.worker.conftest import Caller, RpcError

HOUR = 3600.0


def take(caller: Caller, name: str, quota: int) -> bool:
    return bool(lease(caller, name, Limit(quota=quota, window=HOUR))["admitted"])


def lease(caller: Caller, name: str, limit: Limit, **more: Any) -> dict[str, Any]:
    request = LeaseRequest(limit=limit, **more)
    answer: dict[str, Any] = caller.rpc("RATE_LIMITER", "lease", request, object=name)
    return answer


def status(caller: Caller, name: str) -> dict[str, Any]:
    return dict(caller.rpc_without("RATE_LIMITER", "status", object=name))


def test_a_limiter_counts_for_its_key_alone(caller: Caller) -> None:
    assert [take(caller, "key-1", 3) for _ in range(5)] == [True] * 3 + [False] * 2
    assert take(caller, "key-2", 3)


def test_a_limiter_admits_exactly_its_quota_under_concurrency(caller: Caller) -> None:
    with ThreadPoolExecutor(16) as pool:
        admitted = list(pool.map(lambda _: take(caller, "crowd", 25), range(60)))
    assert sum(admitted) == 25


@pytest.mark.parametrize("algorithm", ["sliding_window", "token_bucket", "concurrency"])
def test_what_no_longer_counts_is_erased(caller: Caller, algorithm: Any) -> None:
    limit, name = Limit(algorithm=algorithm, quota=10, window=0.5), f"idle {algorithm}"
    assert lease(caller, name, limit, cost=10, hold=True)["admitted"]
    assert not lease(caller, name, limit)["admitted"]
    assert status(caller, name)["stored"]
    eventually(lambda: not status(caller, name)["stored"])
    assert lease(caller, name, limit, cost=0).get("remaining") == 10
    # Nobody who asks for nothing makes it store anything.
    assert status(caller, name) == {
        "calls": 3,
        "granted": 10,
        "leases": 0,
        "stored": False,
        "banned": 0,
    }


def test_a_ban_is_stored_and_told_to_who_asks_for_bans(caller: Caller) -> None:
    limit = Limit(quota=10, window=HOUR)
    assert lease(caller, "banned", limit, cost=0, ban=Ban(600.0, 1))["admitted"]
    assert status(caller, "banned")["stored"]
    refused = lease(caller, "banned", limit, ban=Ban())
    assert not refused["admitted"]
    assert 590 < refused["ban"]["seconds"] <= refused["wait"] <= 600
    assert lease(caller, "banned", limit)["admitted"]


def _kill(kill: Callable[[], None], done: threading.Event) -> None:
    kill()
    done.set()


SETTINGS = BreakerSettings(minimum_calls=2, wait_open=HOUR)
NO_WAIT = BreakerSettings(minimum_calls=2, wait_open=0.0)


class Breaker:
    """One breaker object, spoken to directly."""

    def __init__(self, caller: Caller, upstream: str, region: str = "local") -> None:
        self._caller = caller
        self.name = BreakerName(upstream, region)

    def report(self, settings: BreakerSettings, **outcome: Any) -> dict[str, Any]:
        return self._ask("report", BreakerReport(name=self.name, settings=settings, **outcome))

    def acquire(self, settings: BreakerSettings) -> dict[str, Any]:
        return self._ask("acquire", BreakerRequest(name=self.name, settings=settings))

    def force(self, mode: Mode) -> dict[str, Any]:
        request = ForceRequest(name=self.name, mode=mode, reason="because", by="ada")
        return self._ask("force", request)

    def show(self) -> dict[str, Any]:
        text = self._caller.ask(
            "rpc", binding="CIRCUIT_BREAKER", method="show", object=self.name.object
        )
        return dict(msgspec.json.decode(text))

    def _ask(self, method: str, message: msgspec.Struct) -> dict[str, Any]:
        answer = self._caller.rpc("CIRCUIT_BREAKER", method, message, object=self.name.object)
        return dict(answer)


FAILED = Outcomes(calls="11")


def test_a_breaker_opens_half_opens_and_closes(caller: Caller) -> None:
    breaker = Breaker(caller, "orders")
    first = breaker.report(NO_WAIT, outcomes=Outcomes(calls="0"))
    assert (first["state"], first["listed"]) == ("closed", False)
    assert breaker.report(NO_WAIT, outcomes=FAILED, listed=True)["state"] == "open"
    probe, refused = breaker.acquire(NO_WAIT), breaker.acquire(NO_WAIT)
    assert (probe["state"], probe["permit"]) == ("half-open", 1)
    assert (refused["state"], refused["granted"]) == ("half-open", False)
    good = (ProbeOutcome(1, Outcome.GOOD),)
    closed = breaker.report(NO_WAIT, probes=good)
    assert (closed["state"], closed["version"]) == ("closed", first["version"] + 3)
    # Outcomes from before do not count any more.
    assert breaker.report(NO_WAIT, version=first["version"], outcomes=FAILED) == closed
    events = breaker.show()["events"]
    assert [event[2:] for event in events] == [
        ["half-open", "closed", "1 of 1 probes came back"],
        ["open", "half-open", "the wait is over"],
        ["closed", "open", "2 of 3 calls failed"],
    ]


def test_a_breaker_is_of_its_region_alone(caller: Caller) -> None:
    assert Breaker(caller, "maps", "FRA").report(SETTINGS, outcomes=FAILED)["state"] == "open"
    assert Breaker(caller, "maps", "SIN").acquire(SETTINGS)["state"] == "closed"


def test_a_breaker_grants_exactly_its_probes_under_concurrency(caller: Caller) -> None:
    settings = msgspec.structs.replace(NO_WAIT, probes=3)
    breaker = Breaker(caller, "crowd")
    breaker.report(settings, outcomes=FAILED)
    with ThreadPoolExecutor(16) as pool:
        granted = list(
            pool.map(lambda _: breaker.acquire(settings).get("granted", True), range(40))
        )
    assert sum(granted) == 3


def test_what_objects_promised_survives_a_kill(caller: Caller, runtime: LocalRuntime) -> None:
    """Permits are taken one after the other while workerd is killed: none of them is forgotten,
    nor are leases that are out, and breakers stay as they are."""
    limit = Limit(algorithm="sliding_log", quota=100, window=HOUR)
    out = lease(caller, "leases", limit, cost=0, wanted=20)
    opened, forced = Breaker(caller, "payments"), Breaker(caller, "ledger")
    versions = [
        opened.report(SETTINGS, outcomes=FAILED)["version"],
        forced.force(Mode.OPEN)["version"],
    ]
    quota, killed, granted = 1000, threading.Event(), 0
    while granted < 40:
        if granted == 20 and not killed.is_set():
            threading.Thread(target=_kill, args=(runtime.kill_workerd, killed)).start()
        try:
            granted += take(caller, "killed", quota)
        except (RpcError, httpx.TransportError):
            assert killed.wait(10)
            runtime.wait_ready()
    left = lease(caller, "killed", Limit(quota=quota, window=HOUR), cost=0)["remaining"]
    # The one request that the kill cut off may have been counted, without being granted.
    assert quota - left - granted in (0, 1)

    assert lease(caller, "leases", limit, cost=0)["remaining"] == 80
    returns = (Return(out["lease"], used=5, age=0.1),)
    for _ in range(2):
        assert lease(caller, "leases", limit, cost=0, returns=returns)["remaining"] == 95

    seen = [breaker.acquire(SETTINGS) for breaker in (opened, forced)]
    assert [status["state"] for status in seen] == ["open", "forced-open"]
    assert [status["version"] for status in seen] == versions
    assert [status["granted"] for status in seen] == [False, False]


def test_the_directory_knows_breakers_and_what_is_wanted(caller: Caller) -> None:
    def ask(method: str, message: msgspec.Struct) -> dict[str, Any]:
        answer = caller.rpc("BREAKER_DIRECTORY", method, message, object="a directory of tests")
        return dict(answer)

    names = [BreakerName("tax", "SIN"), BreakerName("tax", "FRA")]
    assert [ask("enlist", ListRequest(name=name)) for name in names] == [{}, {}]
    wish = WishRequest(upstream="tax", mode=Mode.OPEN, reason="migration", by="ada")
    listing = ask("want", wish)
    assert listing["names"] == [
        {"upstream": "tax", "region": "FRA"},
        {"upstream": "tax", "region": "SIN"},
    ]
    told = ask("enlist", ListRequest(name=BreakerName("tax", "LHR")))
    assert (told["wish"]["mode"], told["wish"]["reason"]) == ("open", "migration")
    ask("want", WishRequest(upstream="tax", mode=Mode.AUTO, reason="done", by="ada"))
    assert ask("enlist", ListRequest(name=names[0])) == {}


@pytest.mark.parametrize(
    "binding", ["RATE_LIMITER", "CIRCUIT_BREAKER", "BREAKER_DIRECTORY", "CACHE_LEASE"]
)
def test_objects_say_how_they_are(caller: Caller, binding: str) -> None:
    assert caller.ping(binding, object="ping") == "ok"


def test_a_message_of_another_form_is_an_error_and_changes_nothing(caller: Caller) -> None:
    assert take(caller, "damaged", 2)
    with pytest.raises(RpcError, match="quota"):
        caller.rpc("RATE_LIMITER", "lease", {"limit": {"window": 1.0}}, object="damaged")
    assert take(caller, "damaged", 2)
    assert not take(caller, "damaged", 2)
