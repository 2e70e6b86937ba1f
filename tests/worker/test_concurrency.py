"""Many requests at once: each gets its own answer, and none an error."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.consumer import Consumer, bearer, mint, unique
from tests.identified import caller_in

REQUESTS = 200
THREADS = 16

Ask = Callable[[Consumer, str], bool]


def plain(lab: Consumer, own: str) -> bool:
    got = lab.get(f"/echo/{own}", params={"own": own}).json()
    return (got["path"], got["query"]) == (f"/echo/{own}", f"own={own}")


def with_body(lab: Consumer, own: str) -> bool:
    return bool(lab.post(f"/echo/{own}", content=own).json()["body"] == own)


def transformed(lab: Consumer, own: str) -> bool:
    got = lab.post(f"/transformed/{own}", json={"old": own}).json()
    return bool(got["body"] == f'{{"new":"{own}"}}')


def protected(lab: Consumer, own: str) -> bool:
    got = lab.get(f"/protected/{own}", headers=bearer(mint(own))).json()
    return bool(caller_in(got["headers"]["gateway-identity"], "ORIGIN")["sub"] == own)


def cached(lab: Consumer, own: str) -> bool:
    answers = [lab.get(f"/v2/cached/{own}").json()["path"] for _ in range(2)]
    return answers == [f"/cached/{own}"] * 2


def slow(lab: Consumer, own: str) -> bool:
    delay = sum(own.encode()) % 50
    query = {"delay": str(delay), "body": f'{{"own":"{own}"}}'}
    return bool(lab.get("/remote/x", params=query).json()["own"] == own)


def limited(lab: Consumer, own: str) -> bool:
    fields = bearer(mint(own))
    first = lab.get("/limited/by-subject/x", headers=fields)
    caller = caller_in(first.json()["headers"]["gateway-identity"], "ORIGIN")["sub"]
    return '"by-subject";r=4' in first.headers["ratelimit"] and bool(caller == own)


def missing(lab: Consumer, own: str) -> bool:
    response = lab.get(f"/nothing/{own}")
    return response.status_code == 404 and own in response.json()["detail"]


MIXED: list[Ask] = [plain, with_body, transformed, protected, cached, slow, limited, missing]


def test_every_request_gets_its_own_answer(lab: Consumer) -> None:
    def ask(number: int) -> bool:
        return MIXED[number % len(MIXED)](lab, unique("own"))

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(ask, range(REQUESTS)))
    assert [number for number, right in enumerate(answers) if not right] == []


@pytest.mark.parametrize("place", ["/v2/roadmaps", "/v1/plans"])
def test_records_are_not_mixed_up(api: Consumer, place: str) -> None:
    word = "title" if "v2" in place else "name"

    def write_and_read(_: int) -> bool:
        own = unique("own")
        created = api.post(place, json={word: own})
        return bool(api.get(created.headers["location"]).json()[word] == own)

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(write_and_read, range(48)))
