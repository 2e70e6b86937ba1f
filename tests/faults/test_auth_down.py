"""Auth is down: protected routes stay closed, remembered callers and public routes go on."""

import time

import pytest

from tests.conftest import Fail
from tests.consumer import Consumer, bearer, mint, problem
from tests.plan import FAULTS

AUTH = FAULTS["AUTH"]
TIMEOUT = 2.0  # seconds that the auth Worker is given

pytestmark = pytest.mark.parametrize("fault", ["throw", "hang"])


def test_who_is_unknown_stays_outside_and_is_told_when_to_try_again(
    faulty: Consumer, fail: Fail, fault: str
) -> None:
    fail(AUTH, fault)
    for credential in (mint(), "garbage"):
        started = time.monotonic()
        response = faulty.get("/protected/x", headers=bearer(credential))
        assert time.monotonic() - started < TIMEOUT + 3
        assert problem(response, 503, "auth-unavailable")["retryable"]
        assert int(response.headers["retry-after"]) >= 1


def test_who_was_verified_a_moment_ago_is_let_in(faulty: Consumer, fail: Fail, fault: str) -> None:
    known = bearer(mint())
    assert faulty.get("/protected/x", headers=known).status_code == 200
    fail(AUTH, fault)
    assert faulty.get("/protected/x", headers=known).status_code == 200
    assert faulty.get("/limited/by-subject/x", headers=known).status_code == 200


def test_public_routes_go_on(faulty: Consumer, fail: Fail, fault: str) -> None:
    fail(AUTH, fault)
    assert faulty.get("/echo/x").status_code == 200
    problem(faulty.get("/protected/x"), 401, "unauthenticated")


def test_it_is_asked_again_as_soon_as_it_is_back(faulty: Consumer, fail: Fail, fault: str) -> None:
    unknown = bearer(mint())
    fail(AUTH, fault)
    problem(faulty.get("/protected/x", headers=unknown), 503, "auth-unavailable")
    fail(AUTH, "none")
    assert faulty.get("/protected/x", headers=unknown).status_code == 200
