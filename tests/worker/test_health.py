"""`/healthz` lists each Worker and its state, and says so when one of them is not well."""

import pytest

from tests.conftest import Fail
from tests.consumer import Consumer
from tests.plan import FAULTS, FAULTY_OBJECTS

FAULTY = {"state/RateLimiter", "state/CircuitBreaker", "state/AuditLog"}
OBJECTS = {*FAULTY, "state/ChangeFeed"}
ALL = {"gateway", "auth", "data", "cache", *OBJECTS}


def test_all_is_well(anonymous: Consumer) -> None:
    response = anonymous.get("/healthz")
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    health = response.json()
    assert health["status"] == "ok"
    assert health["workers"] == dict.fromkeys(ALL, "ok")
    assert health["table"]


DOWN = [
    # Worker, fault, who is not well, and in which words
    (FAULTS["AUTH"], "throw", {"auth"}, "unreachable"),
    (FAULTS["DATA"], "throw", {"data"}, "unreachable"),
    (FAULTS["CACHE"], "throw", {"cache"}, "unreachable"),
    (FAULTS["DATA"], "hang", {"data"}, "no answer"),
    (
        FAULTY_OBJECTS,
        "throw",
        {"state/RateLimiter", "state/CircuitBreaker", "state/AuditLog"},
        "unreachable",
    ),
]


@pytest.mark.parametrize(("worker", "fault", "unwell", "words"), DOWN)
def test_a_worker_that_is_down_is_named(
    faulty: Consumer, fail: Fail, worker: str, fault: str, unwell: set[str], words: str
) -> None:
    assert faulty.get("/healthz").status_code == 200
    fail(worker, fault)
    response = faulty.get("/healthz")
    assert (response.status_code, response.json()["status"]) == (503, "degraded")
    workers = response.json()["workers"]
    assert {name for name, state in workers.items() if state != "ok"} == unwell
    assert {workers[name] for name in unwell} == {words}


def test_only_reading_is_allowed(anonymous: Consumer) -> None:
    assert anonymous.head("/healthz").content == b""
    refused = anonymous.post("/healthz")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
