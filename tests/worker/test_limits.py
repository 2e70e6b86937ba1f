"""Rate limits over several isolates, and what a client is told about them."""

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, address, bearer, mint, problem, unique
from tests.eventually import eventually
from tests.plan import DISPATCHING, GUARD, LABS
from tests.worker.conftest import Caller

QUOTA = 5


@pytest.fixture
def labs(runtime: LocalRuntime) -> Iterator[list[Consumer]]:
    """Isolates of the gateway, as the same caller sees them."""
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


def test_a_plan_has_its_quota_and_what_was_used_stays_used_with_another(
    labs: list[Consumer],
) -> None:
    turns = itertools.cycle(labs)

    def ask(subject: str, **claims: Any) -> tuple[int, str]:
        answer = next(turns).get("/limited/by-plan", headers=bearer(mint(subject, **claims)))
        return answer.status_code, answer.headers["ratelimit-policy"]

    without, pro = '"by-plan";q=2;w=3600', '"by-plan";q=4;w=3600'
    one, other, third = unique("one"), unique("other"), unique("third")
    assert [ask(one) for _ in range(3)] == [(204, without)] * 2 + [(429, without)]
    assert [ask(one, plan="pro") for _ in range(3)] == [(204, pro)] * 2 + [(429, pro)]
    assert [ask(other, plan="pro") for _ in range(5)] == [(204, pro)] * 4 + [(429, pro)]
    assert [ask(third, plan="gone") for _ in range(3)] == [(204, without)] * 2 + [(429, without)]


def test_one_address_gets_so_far_at_the_door_whatever_it_asks_for(runtime: LocalRuntime) -> None:
    with Consumer(runtime.url(DISPATCHING)) as guarded:
        paths = itertools.cycle(["/nothing-here", "/healthz"])
        # Twice as many at the most, as the hour may be over in between.
        answers = (guarded.get(next(paths)) for _ in range(2 * GUARD + 1))
        number, refused = next(
            (number, answer) for number, answer in enumerate(answers) if answer.status_code == 429
        )
        assert number >= GUARD
        assert problem(refused, 429, "rate-limited")["policy"] == "address_guard"
        assert 1 <= int(refused.headers["retry-after"]) <= 3601
        assert "ratelimit" not in refused.headers
        assert guarded.get("/healthz", headers=address()).status_code == 200


def test_who_is_refused_does_not_reach_the_service(lab: Consumer) -> None:
    refused = lab.get(ROUTES["by-subject"])
    problem(refused, 401, "unauthenticated")
    assert "ratelimit" not in refused.headers


def test_who_paces_himself_by_what_is_left_is_told_so(labs: list[Consumer]) -> None:
    """By one isolate all of it; by several, of which each tells its part, never nothing."""
    mine = address()

    def left(lab: Consumer) -> int:
        answer = lab.get("/limited/paced", headers=mine)
        assert answer.status_code == 204
        return int(answer.headers["ratelimit"].split(";")[1][2:])

    alone = [left(labs[0]) for _ in range(40)]
    too_little = [119 - turn - told for turn, told in enumerate(alone)]
    # What a call brings that is on its way with the next request is not told meanwhile.
    assert 0 <= min(too_little) <= max(too_little) <= 30
    assert too_little.count(0) >= 20
    together = [left(labs[turn % 2]) for turn in range(40)]
    for turn, told in enumerate(together):
        used_by_the_other = (turn + 1) // 2
        assert 0 < told <= 79 - turn + used_by_the_other


def test_a_day_of_another_time_zone_has_its_quota(lab: Consumer) -> None:
    mine = address()
    answers = [lab.get("/limited/each-day", headers=mine) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [204] * 3 + [429]
    assert answers[0].headers["ratelimit-policy"] == '"each-day";q=3;w=86400'
    left = int(answers[0].headers["ratelimit"].rpartition("t=")[2])
    midnight = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(seconds=left)
    assert (midnight.hour, midnight.minute) in [(0, 0), (23, 59)]
    assert "in each day (Europe/Berlin)" in problem(answers[3], 429, "rate-limited")["detail"]


def test_requests_in_flight_are_limited_and_free_their_place(
    lab: Consumer, labs: list[Consumer], calls: Callable[[str], int]
) -> None:
    mine, path = address(), "/limited/at-once/x"
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(lab.get, path, params={"delay": "1500"}, headers=mine)
        eventually(lambda: calls(path) == 1)
        refused = labs[1].get(path, headers=mine)
        assert refused.headers["ratelimit-policy"] == '"at-once";q=1;qu="concurrent-requests"'
        problem(refused, 429, "rate-limited")
        assert slow.result().status_code == 200
    eventually(lambda: labs[2].get(path, headers=mine).status_code == 200)


THRICE = "/limited/thrice"


def test_each_of_several_limits_has_to_let_a_request_pass(labs: list[Consumer]) -> None:
    mine = address()
    turns = itertools.cycle(labs)

    def ask(device: str) -> httpx.Response:
        return next(turns).get(THRICE, headers={**mine, "x-device": device})

    first = ask("one")
    assert first.headers["ratelimit-policy"] == (
        '"of-address";q=6;w=3600, "of-network";q=400;w=3600, "of-device";q=3;w=3600'
    )
    assert [ask("one").status_code for _ in range(4)] == [204, 204, 429, 429]
    # What was refused has used up nothing of the limit that all devices share.
    eventually(lambda: _left(refused := ask("one")) == 3 and refused.status_code == 429)
    assert [ask("two").status_code for _ in range(3)] == [204] * 3
    refused = problem(ask("three"), 429, "rate-limited")
    assert refused["policy"] == "of-address"
    assert "policies" not in refused


def _left(response: httpx.Response) -> int:
    """What is left of the first limit, with the permit that the request itself has given back."""
    return int(response.headers["ratelimit"].split(";")[1][2:]) + 1


def test_who_keeps_hitting_a_limit_is_banned(lab: Consumer) -> None:
    mine = address()

    def ask() -> httpx.Response:
        return lab.get("/limited/strict", headers=mine)

    banned = eventually(lambda: _if(ask(), lambda one: int(one.headers.get("retry-after", 0)) > 60))
    assert problem(banned, 429, "rate-limited")["policy"] == "strict"
    assert 3500 <= int(banned.headers["retry-after"]) <= 3600
    problem(ask(), 429, "rate-limited")
    assert lab.get("/limited/strict", headers=address()).status_code == 204


def test_a_ban_holds_at_an_isolate_as_soon_as_it_asks(labs: list[Consumer], caller: Caller) -> None:
    mine = address()
    key = hashlib.sha256(mine["cf-connecting-ip"].encode()).hexdigest()[:32]

    def ask(lab: Consumer) -> httpx.Response:
        return lab.get("/limited/strict", headers=mine)

    def banned() -> float:
        name = f"strict:sliding_window-1s:{key}"
        return float(caller.rpc_without("RATE_LIMITER", "status", object=name)["banned"])

    eventually(lambda: _if(ask(labs[0]), lambda one: int(one.headers.get("retry-after", 0)) > 60))
    eventually(lambda: banned() > 3000)
    for lab in labs[1:]:
        elsewhere = ask(lab)
        assert problem(elsewhere, 429, "rate-limited")["policy"] == "strict"
        assert 3500 <= int(elsewhere.headers["retry-after"]) <= 3600
        assert '"strict";r=0;t=3' in elsewhere.headers["ratelimit"]


def _if(response: httpx.Response, holds: Callable[[httpx.Response], bool]) -> httpx.Response | None:
    return response if holds(response) else None


def test_a_request_may_cost_more_and_a_soft_limit_only_tells(lab: Consumer) -> None:
    mine = address()
    answers = [lab.get("/limited/dear", headers=mine) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [204, 204, 429]
    assert '"watched";r=0;' in answers[1].headers["ratelimit"]
    assert problem(answers[2], 429, "rate-limited")["policy"] == "dear"


def test_a_service_may_say_what_a_request_did_cost(labs: list[Consumer]) -> None:
    mine = address()
    first = labs[0].get("/limited/told", params={"header": "X-Cost: 1500"}, headers=mine)
    assert "x-cost" not in first.headers

    def left() -> int:
        answer = labs[1].get("/limited/told", headers=mine)
        assert answer.status_code == 200
        return int(answer.headers["ratelimit"].split(";")[1][2:])

    assert left() > 0
    eventually(lambda: left() < 500)
    second = labs[2].get("/limited/told", params={"header": "X-Cost: 9999"}, headers=mine)
    assert second.status_code == 200
    eventually(lambda: labs[3].get("/limited/told", headers=mine).status_code == 429)


CLIENTS, REQUESTS, LIMIT = 8, 5000, 1000


class Crowd(NamedTuple):
    """What came of many requests at once: answers by status, and those that were marked local."""

    statuses: Counter[int]
    local: int


@pytest.fixture(scope="module")
def crowds(runtime: LocalRuntime) -> dict[str, Crowd]:
    """Eight clients, each at one of four isolates, send 5,000 requests to each limit at once."""
    urls = [runtime.url(LABS[number % len(LABS)]) for number in range(CLIENTS)]
    work = {"all-exact": REQUESTS, "all-leased": REQUESTS, "all-sharded": 800}

    def send(url: str) -> list[tuple[str, int, bool]]:
        found = []
        # Not httpx, which takes longer for a request than what it asks.
        with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as client:
            for name, requests in work.items():
                for _ in range(requests // CLIENTS):
                    client.request("GET", f"/limited/{name}")
                    answer = client.getresponse()
                    answer.read()
                    found.append((name, answer.status, "local" in answer.headers["ratelimit"]))
        return found

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [answer for found in pool.map(send, urls) for answer in found]
    return {
        name: Crowd(
            Counter(status for of, status, _ in answers if of == name),
            sum(local for of, _, local in answers if of == name),
        )
        for name in work
    }


def test_exactly_the_limit_is_admitted_where_each_request_asks(crowds: dict[str, Crowd]) -> None:
    crowd = crowds["all-exact"]
    assert (crowd.statuses, crowd.local) == ({204: LIMIT, 429: REQUESTS - LIMIT}, 0)


def test_leases_admit_no_more_and_waste_little(crowds: dict[str, Crowd]) -> None:
    crowd = crowds["all-leased"]
    assert (crowd.statuses.total(), crowd.local) == (REQUESTS, 0)
    assert 0.95 * LIMIT <= crowd.statuses[204] <= LIMIT


def test_shards_admit_no_more_than_the_limit_together(crowds: dict[str, Crowd]) -> None:
    crowd = crowds["all-sharded"]
    assert (crowd.statuses.total(), crowd.local) == (800, 0)
    assert 0.9 * 400 <= crowd.statuses[204] <= 400


def test_leases_cost_few_calls(crowds: dict[str, Crowd], caller: Caller) -> None:
    status = caller.rpc_without("RATE_LIMITER", "status", object="all-leased:sliding_log-1h:route")
    assert status["calls"] <= 0.2 * LIMIT  # with the last permits asked for one by one
    assert status["granted"] <= LIMIT


def test_a_steady_load_seldom_calls(labs: list[Consumer], caller: Caller) -> None:
    for turn in range(800):
        assert labs[turn % len(labs)].get("/limited/steady").status_code == 204
    status = caller.rpc_without("RATE_LIMITER", "status", object="steady:sliding_window-1h:route")
    assert status["calls"] <= 0.1 * 800
