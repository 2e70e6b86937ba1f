"""Rate limits over several isolates, and what a client is told about them."""

import itertools
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, address, bearer, mint, problem
from tests.plan import LABS

QUOTA = 5


@pytest.fixture
def labs(runtime: LocalRuntime) -> Iterator[list[Consumer]]:
    """Three isolates of the gateway, as the same caller sees them."""
    fields = {**bearer(mint()), **address()}
    with ExitStack() as stack:
        yield [stack.enter_context(Consumer(runtime.url(name), fields)) for name in LABS]


ROUTES = {"by-subject": "/limited/by-subject/x", "by-address": "/limited/by-address/x"}


@pytest.mark.parametrize(("name", "path"), ROUTES.items())
def test_the_sixth_request_of_five_is_refused(labs: list[Consumer], name: str, path: str) -> None:
    for left in reversed(range(QUOTA)):
        response = labs[0].get(path)
        assert response.status_code == 200
        assert response.headers["ratelimit-policy"] == f'"{name}";q=5;w=60'
        assert re.fullmatch(f'"{name}";r={left};t=\\d+', response.headers["ratelimit"])
    refused = labs[0].get(path)
    assert problem(refused, 429, "rate-limited")["policy"] == name
    assert 1 <= int(refused.headers["retry-after"]) <= 120
    assert refused.headers["ratelimit-policy"] == f'"{name}";q=5;w=60'
    assert re.fullmatch(f'"{name}";r=0;t=\\d+', refused.headers["ratelimit"])


def test_isolates_share_one_count(labs: list[Consumer]) -> None:
    turns = itertools.islice(itertools.cycle(labs), 9)
    statuses = [lab.get(ROUTES["by-subject"]).status_code for lab in turns]
    assert statuses == [200] * 5 + [429] * 4


def test_isolates_share_one_count_at_the_same_moment(labs: list[Consumer]) -> None:
    def ask(number: int) -> httpx.Response:
        return labs[number % len(labs)].get(ROUTES["by-subject"])

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(24)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 19
    # Answers marked `local` would mean that the objects were too slow, and this shows nothing.
    assert not [answer for answer in answers if "local" in answer.headers["ratelimit"]]


def test_callers_do_not_use_up_each_others_quota(lab: Consumer) -> None:
    others: dict[str, Callable[[], dict[str, str]]] = {
        "by-subject": lambda: bearer(mint()),
        "by-address": address,
    }
    for name, path in ROUTES.items():
        other = others[name]
        mine = other()
        statuses = [lab.get(path, headers=mine).status_code for _ in range(QUOTA + 1)]
        assert statuses == [200] * 5 + [429]
        assert lab.get(path, headers=other()).status_code == 200


def test_two_tokens_of_one_subject_share_its_quota(lab: Consumer) -> None:
    tokens = [mint("one subject with two tokens") for _ in range(2)]
    fields = itertools.islice(itertools.cycle(map(bearer, tokens)), 6)
    statuses = [lab.get(ROUTES["by-subject"], headers=field).status_code for field in fields]
    assert statuses == [200] * 5 + [429]


def test_who_is_refused_does_not_reach_the_service(lab: Consumer) -> None:
    refused = lab.get(ROUTES["by-subject"])
    problem(refused, 401, "unauthenticated")
    assert "ratelimit" not in refused.headers
