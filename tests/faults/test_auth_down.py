"""Auth is down: protected routes stay closed, remembered callers and public routes go on.

`pytest -s -k clients_see` prints how long clients wait for what they get.
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.conftest import Fail
from tests.consumer import Consumer, bearer, mint, problem
from tests.eventually import eventually
from tests.plan import FAULTS, FAULTY

AUTH = FAULTS["AUTH"]
TIMEOUT = 2.0  # seconds that the auth Worker is given
DOWN = ["throw", "hang", "rubbish"]

down = pytest.mark.parametrize("fault", DOWN)


@down
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


@down
def test_who_was_verified_a_moment_ago_is_let_in(faulty: Consumer, fail: Fail, fault: str) -> None:
    known = bearer(mint())
    assert faulty.get("/protected/x", headers=known).status_code == 200
    fail(AUTH, fault)
    assert faulty.get("/protected/x", headers=known).status_code == 200
    assert faulty.get("/limited/by-subject/x", headers=known).status_code == 200


@pytest.mark.parametrize("fault", ["throw", "rubbish"])
def test_and_not_a_moment_longer_than_the_token_lasts(
    faulty: Consumer, fail: Fail, fault: str
) -> None:
    """The maximum age of what is remembered needs a clock: tests/unit/test_authenticate.py."""
    known = bearer(mint(age=3600 - 4))
    assert faulty.get("/protected/x", headers=known).status_code == 200
    fail(AUTH, fault)
    refused = eventually(
        lambda: next(
            (
                answer
                for answer in [faulty.get("/protected/x", headers=known)]
                if answer.status_code != 200
            ),
            None,
        )
    )
    problem(refused, 503, "auth-unavailable")


@down
def test_public_routes_go_on(faulty: Consumer, fail: Fail, fault: str) -> None:
    fail(AUTH, fault)
    assert faulty.get("/echo/x").status_code == 200
    problem(faulty.get("/protected/x"), 401, "unauthenticated")


@down
def test_it_is_asked_again_as_soon_as_it_is_back(faulty: Consumer, fail: Fail, fault: str) -> None:
    unknown = bearer(mint())
    fail(AUTH, fault)
    problem(faulty.get("/protected/x", headers=unknown), 503, "auth-unavailable")
    fail(AUTH, "none")
    assert faulty.get("/protected/x", headers=unknown).status_code == 200


SEEN = {"none": 200, "slow": 200, "throw": 503, "rubbish": 503, "hang": 503}
"""By fault, what somebody gets whom auth has to be asked about."""


@pytest.mark.parametrize(("fault", "status"), SEEN.items())
def test_what_clients_see(
    faulty: Consumer, fail: Fail, runtime: LocalRuntime, fault: str, status: int
) -> None:
    number = 8
    known = bearer(mint())
    assert faulty.get("/protected/x", headers=known).status_code == 200
    fail(AUTH, fault)

    def waited(path: str, *headers: dict[str, str]) -> tuple[set[int], str]:
        """Statuses of requests one after the other, and how many milliseconds they took."""
        took, statuses = [], set()
        for fields in headers:
            began = time.perf_counter()
            with Consumer(runtime.url(FAULTY)) as consumer:
                statuses.add(consumer.get(path, headers=fields).status_code)
            took.append((time.perf_counter() - began) * 1000)
        return statuses, f"p50 {statistics.median(took):.0f} ms, longest {max(took):.0f} ms"

    with ThreadPoolExecutor(number) as pool:
        strangers = [pool.submit(waited, "/protected/x", bearer(mint())) for _ in range(number)]
        # Meanwhile, in the same isolate, these have nothing to wait for.
        remembered, of_known = waited("/protected/x", *[known] * number)
        public, of_public = waited("/echo/x", *[{}] * number)
        by_strangers = [task.result() for task in strangers]
    assert (remembered, public) == ({200}, {200})
    assert [statuses for statuses, _ in by_strangers] == [{status}] * number
    assert int(httpx.get(f"{runtime.url(AUTH)}/-/calls").text) == number
    longest = max(int(told.split()[-2]) for _, told in by_strangers)
    print(
        f"\nauth {fault}: strangers {status}, longest {longest} ms;"
        f" remembered {of_known}; public {of_public}"
    )
