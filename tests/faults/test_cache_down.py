"""The cache Worker is down: the service answers, as if there were no cache. KV is down: the tier
before it goes on alone."""

import time
from collections.abc import Callable

import httpx
import pytest

from contract.cache import ORIGIN, STATUS, STORED_AT, TIER, TTL
from runtime.local import LocalRuntime
from tests.conftest import Fail
from tests.consumer import Consumer, unique
from tests.plan import CACHE_WITHOUT_KV, FAULTS
from tests.worker.conftest import Caller, caller

__all__ = ["caller"]

DEADLINE = 0.5  # seconds that a look-up is given


@pytest.mark.parametrize("fault", ["throw", "status", "hang"])
def test_answers_come_from_the_service(
    faulty: Consumer, fail: Fail, calls: Callable[[str], int], fault: str
) -> None:
    own = unique("x")
    fail(FAULTS["CACHE"], fault)
    for number in (1, 2, 3):
        started = time.monotonic()
        response = faulty.get(f"/v2/cached/{own}")
        assert time.monotonic() - started < DEADLINE + 2
        assert response.status_code == 200
        assert "hit" not in response.headers["cache-status"]
        assert calls(f"/cached/{own}") == number


@pytest.mark.parametrize("fault", ["throw", "rubbish"])
def test_without_kv_the_data_centre_has_its_own(
    runtime: LocalRuntime, fail: Fail, caller: Caller, fault: str
) -> None:
    fail(FAULTS["DATA"], fault)
    key = f"/example.com/v2/{unique('kvless')}"
    fields = {STATUS: "200", STORED_AT: f"{time.time():.3f}", TTL: "60"}
    with httpx.Client(base_url=runtime.url(CACHE_WITHOUT_KV), timeout=20) as cache:
        stored = cache.put(key, content=b"x", headers=fields)
        assert stored.status_code == 201
        assert "cache-api" in stored.headers[TIER]
        assert cache.get(key).text == "x"
        caller.ask("forget", url=f"{ORIGIN}{key[1:]}")
        assert cache.get(key).status_code in (404, 500), "and the gateway goes to the service"
