"""OWASP A04:2021 Insecure Design: what a flow gives away, and how often it can be tried.

In the list of 2025 it is A06. That everything has a limit is shown by test_api04 and test_api06;
that an unknown name costs the same work as a known one by tests/unit/test_credentials.py, since no
clock of a shared machine could tell.
"""

from typing import Any

import httpx
import pytest

from tests.consumer import SECRETS, Consumer, address, bearer, mint, problem, unique
from tests.people import Person
from tests.plan import DEMO_CLIENT_SECRET
from tests.security.conftest import Rows
from tests.worker.conftest import Caller


def shape(response: httpx.Response) -> tuple[Any, ...]:
    """All of an answer but for what differs from one request to the next."""
    body = {name: value for name, value in response.json().items() if name != "request_id"}
    names = [name for name in response.headers if name not in ("ratelimit", "content-length")]
    return response.status_code, sorted(names), body


@pytest.fixture
def person(caller: Caller, anonymous: Consumer) -> Person:
    return Person(caller, anonymous)


def test_a_login_does_not_say_which_accounts_there_are(
    person: Person, caller: Caller, anonymous: Consumer, rows: Rows
) -> None:
    """An unknown name, a wrong password and a disabled account get one answer."""
    disabled = Person(caller, anonymous)
    rows("AUTH_DB", "UPDATE accounts SET disabled_at = 1 WHERE id = ?", disabled.name)
    wrong, closed = person.log_in("a wrong password"), disabled.log_in()
    person.name = unique("nobody")
    unknown = person.log_in()
    problem(unknown, 401, "invalid-credentials")
    assert shape(wrong) == shape(unknown) == shape(closed)


def test_nor_does_the_limit_on_attempts(person: Person) -> None:
    """Attempts are counted by the name that was tried, whether or not there is such an account."""
    person.name = unique("nobody")
    answers = [person.log_in(f"guess {number:08}") for number in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]


def test_nor_which_clients_there_are(anonymous: Consumer) -> None:
    form = {"grant_type": "client_credentials"}
    known, unknown = (
        anonymous.post("/oauth/token", data=form, auth=(id, "wrong secret"), headers=address())
        for id in ("demo", unique("nobody"))
    )
    assert known.status_code == 401
    assert shape(known) == shape(unknown)


def test_nor_which_keys(anonymous: Consumer) -> None:
    """A key with another secret, one that was revoked, and one that never was."""
    owner = bearer(mint(unique("owner")))
    body = {"name": "short-lived", "scopes": ["roadmaps:read"]}
    made = anonymous.post("/keys", json=body, headers=owner).json()
    SECRETS.add(made["key"])
    forged = made["key"][:-8] + "AAAAAAAA"
    other = anonymous.get("/v2/roadmaps", headers=bearer(forged))
    anonymous.delete(f"/keys/{made['id']}", headers=owner)
    revoked = anonymous.get("/v2/roadmaps", headers=bearer(made["key"]))
    never = anonymous.get("/v2/roadmaps", headers=bearer(f"gk_nobodys_{made['key'][-43:]}"))
    problem(never, 401, "invalid-credentials")
    assert shape(other) == shape(never)
    assert revoked.status_code == 401


def test_one_quota_for_all_ways_to_sign_in(anonymous: Consumer) -> None:
    """The limit `sign-in` is one for all routes that have it: who is stopped at one is at both."""
    fields, form = address(), {"grant_type": "client_credentials"}
    login = {"account": unique("nobody"), "password": "a wrong password"}
    codes = []
    for _ in range(3):
        codes.append(anonymous.post("/login", json=login, headers=fields).status_code)
        spelled = {**fields, "api-version": "v1"}
        asked = anonymous.post("/oauth/token", data=form, auth=("demo", "x"), headers=spelled)
        codes.append(asked.status_code)
    assert codes == [401] * 5 + [429]


def test_a_quota_does_not_begin_anew_with_another_version_or_method(lab: Consumer) -> None:
    """It is the policy's and the caller's, and none of the request's other properties is in it."""
    fields, path = address(), f"/limited/by-address/{unique('x')}"
    spelled: list[dict[str, Any]] = [
        {"method": "GET", "url": path},
        {"method": "HEAD", "url": path},
        {"method": "GET", "url": f"{path}?cache=no"},
        {"method": "GET", "url": f"{path}-2"},
        {"method": "GET", "url": path, "headers": {"user-agent": "another"}},
        {"method": "GET", "url": path, "headers": {"authorization": "Bearer x"}},
    ]
    codes = []
    for one in spelled:
        headers = {**fields, **one.pop("headers", {})}
        codes.append(lab.request(**one, headers=headers).status_code)
    assert codes == [200] * 5 + [429]


def test_a_change_that_somebody_else_was_quicker_with_is_not_overwritten(api: Consumer) -> None:
    """Changes can be made on condition (RFC 9110, section 13), which the database checks."""
    path = api.post("/v2/roadmaps", json={"title": unique("x")}).headers["location"]
    read = api.get(path).headers["etag"]
    assert api.patch(path, json={"title": "first"}, headers={"if-match": read}).status_code == 200
    late = api.patch(path, json={"title": "second"}, headers={"if-match": read})
    problem(late, 412, "precondition-failed")
    assert api.get(path).json()["title"] == "first"


def test_what_a_token_may_is_never_more_than_its_client(anonymous: Consumer) -> None:
    """A scope that the client lacks is refused, and none is added in silence."""
    for scope in ("tables:admin", "roadmaps:read tables:admin"):
        form = {"grant_type": "client_credentials", "scope": scope}
        demo = ("demo", DEMO_CLIENT_SECRET)
        refused = anonymous.post("/oauth/token", data=form, auth=demo, headers=address())
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
