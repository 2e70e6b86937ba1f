"""The cache Worker is down: the service answers, as if there were no cache."""

import time
from collections.abc import Callable

import pytest

from tests.conftest import Fail
from tests.consumer import Consumer, unique
from tests.plan import FAULTS

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
