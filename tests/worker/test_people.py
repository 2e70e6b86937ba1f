"""People in workerd: a login by WebCrypto and D1, through the gateway; and a refresh token stolen.

All that is refused on the way is specified on the host: tests/unit/test_people.py.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from tests.consumer import Consumer, bearer, problem
from tests.people import Person, kept
from tests.plan import DEMO_CLIENT_SECRET
from tests.worker.conftest import Caller


@pytest.fixture
def person(caller: Caller, anonymous: Consumer) -> Person:
    return Person(caller, anonymous)


@pytest.fixture
def elsewhere(runtime: LocalRuntime) -> Iterator[Consumer]:
    with Consumer(runtime.url(GATEWAY)) as consumer:
        yield consumer


def test_somebody_logs_in_works_and_logs_out(person: Person, anonymous: Consumer) -> None:
    problem(person.log_in("wrong"), 401, "invalid-credentials")
    response = person.log_in()
    assert (response.status_code, response.json()["account"]) == (200, person.name)
    assert response.headers["set-cookie"].startswith("__Host-session=gs_")
    tokens = person.tokens()
    assert person.may_read(tokens)
    tokens = kept(person.refresh(tokens["refresh_token"]))
    made = anonymous.post(
        "/v2/roadmaps", json={"title": "mine"}, headers=bearer(tokens["access_token"])
    )
    assert made.json()["owner"]["id"] == person.name
    assert person.post("/logout", {}).status_code == 204
    problem(person.post("/session/token", {}), 401, "unauthenticated")
    assert person.refresh(tokens["refresh_token"]).status_code == 400


def test_another_site_cannot_use_the_cookie(person: Person) -> None:
    person.log_in()
    problem(person.post("/session/token", {}, origin="https://evil.test"), 403, "cross-site")


def test_a_stolen_refresh_token_is_found_out(person: Person) -> None:
    person.log_in()
    stolen = person.tokens()["refresh_token"]
    thief = kept(person.refresh(stolen))
    # The thief has a fresh pair; then the owner's page uses what it has.
    assert person.refresh(stolen).json()["error"] == "invalid_grant"
    assert person.refresh(thief["refresh_token"]).json()["error"] == "invalid_grant"
    # Not remembered by any isolate yet, so it is refused at once.
    assert not person.may_read(thief)
    assert person.may_read(person.tokens())


def test_of_ten_who_use_a_token_at_once_at_most_one_succeeds(person: Person) -> None:
    person.log_in()
    token = person.tokens()["refresh_token"]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: person.refresh(token), range(10)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert {answer.status_code for answer in answers} == {200, 400}
    assert person.refresh(kept(good[0])["refresh_token"]).status_code == 400


def test_a_revoked_token_is_inactive_and_refused(person: Person, anonymous: Consumer) -> None:
    person.log_in()
    tokens = person.tokens()

    def introspect() -> Any:
        form = {"token": tokens["access_token"]}
        demo = ("demo", DEMO_CLIENT_SECRET)
        return anonymous.post("/oauth/introspect", data=form, auth=demo).json()

    assert introspect()["sub"] == person.name
    gone = anonymous.post("/oauth/revoke", data={"token": tokens["access_token"]})
    assert gone.status_code == 200
    assert introspect() == {"active": False}
    assert not person.may_read(tokens)


def test_guessing_a_password_is_limited_from_wherever(person: Person) -> None:
    statuses = [person.log_in(f"guess {number}").status_code for number in range(11)]
    assert statuses == [401] * 10 + [429]
    limited = person.log_in()
    assert limited.status_code == 429
    assert 0 < int(limited.headers["retry-after"]) <= 900
