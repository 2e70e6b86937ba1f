"""Whether all is well, for everybody; each Worker and its state, for operators."""

import json

import pytest

from contract.names import OBJECTS as CLASSES
from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from tests.conftest import Fail
from tests.consumer import Consumer, Operator
from tests.eventually import eventually
from tests.plan import FAULTS, FAULTY, FAULTY_OBJECTS

BEHIND_A_FAULT = {
    "state/RateLimiter",
    "state/CircuitBreaker",
    "state/AuditLog",
    "state/Idempotency",
    "state/CacheLease",
}
OBJECTS = {f"state/{name}" for name in CLASSES.values()}
ALL = {"gateway", "auth", "data", "cache", *OBJECTS}


def test_all_is_well(anonymous: Consumer, runtime: LocalRuntime) -> None:
    response = anonymous.get("/healthz")
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert response.json() == {"status": "ok"}
    with Operator(runtime.url(GATEWAY), "gateway:status") as operator:
        health = operator.get("/-/health").json()
    assert health["status"] == "ok"
    assert health["workers"] == dict.fromkeys(ALL, "ok")
    assert health["table"]
    assert health["tables"]["id"].startswith(health["table"])


DOWN = [
    # Worker, fault, who is not well, and in which words
    (FAULTS["AUTH"], "throw", {"auth"}, "unreachable"),
    (FAULTS["DATA"], "throw", {"data"}, "unreachable"),
    (FAULTS["CACHE"], "throw", {"cache"}, "unreachable"),
    (FAULTS["DATA"], "hang", {"data"}, "no answer"),
    (FAULTY_OBJECTS, "throw", BEHIND_A_FAULT, "unreachable"),
]


@pytest.mark.parametrize(("worker", "fault", "unwell", "words"), DOWN)
def test_a_worker_that_is_down_is_named(
    runtime: LocalRuntime,
    faulty: Consumer,
    fail: Fail,
    worker: str,
    fault: str,
    unwell: set[str],
    words: str,
) -> None:
    """To operators, and in the log, where it stands as well when nobody's token can be verified."""
    with Operator(runtime.url(FAULTY), "gateway:status") as operator:
        assert operator.get("/-/health").status_code == 200
        fail(worker, fault)
        response = operator.get("/-/health")
    assert (response.status_code, response.json()["status"]) == (503, "degraded")
    workers = response.json()["workers"]
    assert {name for name, state in workers.items() if state != "ok"} == unwell
    assert {workers[name] for name in unwell} == {words}

    def told() -> bool:
        start = len(runtime.log_lines())
        public = faulty.get("/healthz")
        assert (public.status_code, public.json()) == (503, {"status": "degraded"})
        line = runtime.wait_for_log(public.headers["x-request-id"], start=start)
        return bool(json.loads(line)["unwell"] == dict.fromkeys(unwell, words))

    eventually(told)  # what is not older than a second


def test_only_reading_is_allowed(anonymous: Consumer) -> None:
    assert anonymous.head("/healthz").content == b""
    refused = anonymous.post("/healthz")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
