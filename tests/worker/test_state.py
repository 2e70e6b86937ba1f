"""The Durable Objects in workerd: the arithmetic is tested elsewhere, here it is what they keep."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from contract.breaker import BreakerReport, BreakerRequest
from contract.circuit_breaker import BreakerSettings
from contract.limits import LimitRequest
from runtime.local import LocalRuntime
from tests.worker.conftest import Caller, RpcError

HOUR = 3600.0


def take(caller: Caller, name: str, quota: int) -> bool:
    request = LimitRequest(quota=quota, window=HOUR)
    decision = caller.rpc("RATE_LIMITER", "check", request, object=name)
    return bool(decision["admitted"])


def test_a_limiter_counts_for_its_key_alone(caller: Caller) -> None:
    assert [take(caller, "key-1", 3) for _ in range(5)] == [True] * 3 + [False] * 2
    assert take(caller, "key-2", 3)


def test_a_limiter_admits_exactly_its_quota_under_concurrency(caller: Caller) -> None:
    with ThreadPoolExecutor(16) as pool:
        admitted = list(pool.map(lambda _: take(caller, "crowd", 25), range(60)))
    assert sum(admitted) == 25


def test_what_a_limiter_granted_survives_a_kill(caller: Caller, runtime: LocalRuntime) -> None:
    """Permits are taken one after the other while workerd is killed: none of them is forgotten."""
    quota, killed, granted = 1000, threading.Event(), 0
    while granted < 40:
        if granted == 20 and not killed.is_set():
            threading.Thread(target=_kill, args=(runtime.kill_workerd, killed)).start()
        try:
            granted += take(caller, "killed", quota)
        except (RpcError, httpx.TransportError):
            assert killed.wait(10)
            runtime.wait_ready()
    request = LimitRequest(quota=quota, window=HOUR, cost=1)
    left = caller.rpc("RATE_LIMITER", "check", request, object="killed")["remaining"]
    # The one request that the kill cut off may have been counted, without being granted.
    assert quota - left - 1 - granted in (0, 1)


def _kill(kill: Callable[[], None], done: threading.Event) -> None:
    kill()
    done.set()


SETTINGS = BreakerSettings(minimum_calls=2, wait_open=HOUR)
NO_WAIT = BreakerSettings(minimum_calls=2, wait_open=0.0)


def test_a_breaker_opens_half_opens_and_closes(caller: Caller) -> None:
    def report(**outcome: int | bool) -> dict[str, object]:
        message = BreakerReport(settings=SETTINGS, **outcome)  # type: ignore[arg-type]
        return dict(caller.rpc("CIRCUIT_BREAKER", "report", message, object="orders"))

    def acquire(settings: BreakerSettings) -> tuple[object, object]:
        request = BreakerRequest(settings=settings)
        status = caller.rpc("CIRCUIT_BREAKER", "acquire", request, object="orders")
        return status["state"], status["permitted"]

    assert report(successes=1, failures=1)["state"] == "open"
    assert acquire(SETTINGS) == ("open", False)
    assert acquire(NO_WAIT) == ("half-open", True)
    assert acquire(NO_WAIT) == ("half-open", False)
    assert report(successes=1, probe=True) == {
        "state": "closed",
        "version": 3,
        "retry_after": 0.0,
        "permitted": True,
    }


def test_an_open_breaker_stays_open_over_a_restart(caller: Caller, runtime: LocalRuntime) -> None:
    report = BreakerReport(settings=SETTINGS, failures=2)
    caller.rpc("CIRCUIT_BREAKER", "report", report, object="payments")
    runtime.kill_workerd()
    runtime.wait_ready()
    request = BreakerRequest(settings=SETTINGS)
    status = caller.rpc("CIRCUIT_BREAKER", "acquire", request, object="payments")
    assert (status["state"], status["permitted"]) == ("open", False)


@pytest.mark.parametrize("binding", ["RATE_LIMITER", "CIRCUIT_BREAKER"])
def test_objects_say_how_they_are(caller: Caller, binding: str) -> None:
    assert caller.ping(binding, object="ping") == "ok"


def test_a_message_of_another_form_is_an_error_and_changes_nothing(caller: Caller) -> None:
    assert take(caller, "damaged", 2)
    with pytest.raises(RpcError, match="quota"):
        caller.rpc("RATE_LIMITER", "check", {"window": 1.0}, object="damaged")
    assert take(caller, "damaged", 2)
    assert not take(caller, "damaged", 2)
