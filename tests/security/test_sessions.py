"""A person's session on routes of the gateway, and what others try to do with it, over HTTP."""

from collections.abc import Callable

import pytest

from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from tests.consumer import Consumer, bearer, mint, problem, unique
from tests.people import Person
from tests.plan import DEMO_API_KEY, LABS
from tests.worker.conftest import Caller

EVIL = "https://evil.example"
Calls = Callable[[str], int]


@pytest.fixture
def person(runtime: LocalRuntime, anonymous: Consumer) -> Person:
    one = Person(Caller(runtime), anonymous)
    assert one.log_in().status_code == 200
    return one


@pytest.fixture
def ours(runtime: LocalRuntime) -> dict[str, str]:
    """What a browser says of a page of the lab's own origin."""
    return {"origin": runtime.url(LABS[0]).rstrip("/"), "sec-fetch-site": "same-origin"}


def test_somebody_reads_and_writes_with_the_session_alone(
    runtime: LocalRuntime, anonymous: Consumer, person: Person
) -> None:
    cookie = {"cookie": person.cookie}
    assert anonymous.get("/v2/roadmaps", headers=cookie).status_code == 200
    origin = runtime.url(GATEWAY).rstrip("/")
    page = cookie | {"origin": origin, "x-csrf-token": person.csrf_token}
    made = anonymous.post("/v2/roadmaps", json={"title": "mine"}, headers=page)
    assert (made.status_code, made.json()["owner"]["id"]) == (201, person.name)
    plan = anonymous.post("/v1/plans", json={"name": "mine, as it was"}, headers=page)
    assert plan.status_code == 201
    # A route that does not take sessions.
    problem(anonymous.delete(made.headers["location"], headers=page), 401, "unauthenticated")


def test_a_session_has_the_scopes_of_its_account(
    runtime: LocalRuntime, anonymous: Consumer
) -> None:
    reader = Person(Caller(runtime), anonymous, "roadmaps:read")
    reader.log_in()
    cookie = {"cookie": reader.cookie}
    assert anonymous.get("/v2/roadmaps", headers=cookie).status_code == 200
    page = {"origin": runtime.url(GATEWAY).rstrip("/"), "x-csrf-token": reader.csrf_token}
    made = anonymous.post("/v2/roadmaps", json={"title": "x"}, headers=cookie | page)
    problem(made, 403, "insufficient-scope")


def test_no_service_sees_the_session(lab: Consumer, person: Person, ours: dict[str, str]) -> None:
    for path in ("/signed-in/x", "/echo/x"):
        headers = {"cookie": f"a=1; {person.cookie}; b=2", "x-csrf-token": person.csrf_token}
        told = lab.post(path, headers=headers | ours)
        assert told.status_code == 200
        assert told.json()["headers"]["cookie"] == f"a=1; __Host-csrf={person.csrf_token}; b=2"
        assert person.session not in told.text
    alone = lab.get("/signed-in/x", headers={"cookie": f"__Host-session={person.session}"})
    assert "cookie" not in alone.json()["headers"]


ATTACKS: dict[str, dict[str, str | None]] = {
    # fields that are other than a page of ours has them; None: not there
    "no token": {"x-csrf-token": None},
    "an empty token": {"x-csrf-token": ""},
    "a wrong token": {"x-csrf-token": "f" * 43},
    "another site": {"origin": EVIL, "sec-fetch-site": "cross-site"},
    "another site's origin": {"origin": EVIL},
    "another site, by what the browser says": {"sec-fetch-site": "cross-site"},
    "a sibling domain": {"sec-fetch-site": "same-site"},
    "a sandboxed frame": {"origin": "null", "sec-fetch-site": "cross-site"},
    "an origin of null": {"origin": "null", "sec-fetch-site": None},
    "an empty origin": {"origin": "", "sec-fetch-site": None},
    "nothing that says where it comes from": {"origin": None, "sec-fetch-site": None},
}


@pytest.mark.parametrize("changed", ATTACKS.values(), ids=ATTACKS)
def test_forged_requests_do_not_reach_the_service(
    lab: Consumer,
    calls: Calls,
    person: Person,
    ours: dict[str, str],
    changed: dict[str, str | None],
) -> None:
    good = {"cookie": person.cookie, "x-csrf-token": person.csrf_token} | ours
    path = f"/signed-in/{unique('forged')}"
    sent = {name: value for name, value in (good | changed).items() if value is not None}
    problem(lab.post(path, headers=sent), 403, "csrf-refused")
    problem(lab.delete(path, headers=sent), 403, "csrf-refused")
    assert calls(path) == 0
    assert lab.post(path, headers=good).status_code == 200


def test_the_token_of_another_session_is_no_use(
    runtime: LocalRuntime, lab: Consumer, anonymous: Consumer, person: Person, ours: dict[str, str]
) -> None:
    mallory = Person(Caller(runtime), anonymous)
    mallory.log_in()
    # Planted beside the victim's session, so that the pair agrees with itself.
    cookie = f"__Host-session={person.session}; __Host-csrf={mallory.csrf_token}"
    sent = ours | {"cookie": cookie, "x-csrf-token": mallory.csrf_token}
    problem(lab.post("/signed-in/x", headers=sent), 403, "csrf-refused")
    # The victim's own of before.
    old = person.csrf_token
    person.log_in()
    sent = ours | {"cookie": person.cookie, "x-csrf-token": old}
    problem(lab.post("/signed-in/x", headers=sent), 403, "csrf-refused")


def test_no_credential_is_good_in_the_place_of_another(lab: Consumer, person: Person) -> None:
    session = {"cookie": f"__Host-session={person.session}"}
    assert lab.get("/signed-in/x", headers=session).status_code == 200  # and is remembered
    problem(lab.get("/signed-in/x", headers=bearer(person.session)), 401, "invalid-credentials")
    problem(lab.get("/protected/x", headers=session), 401, "unauthenticated")
    token = mint()
    assert lab.get("/signed-in/x", headers=bearer(token)).status_code == 200
    for other in (token, DEMO_API_KEY, person.csrf_token):
        cookie = {"cookie": f"__Host-session={other}"}
        refused = lab.get("/signed-in/x", headers=cookie)
        problem(refused, 401, "invalid-credentials")
        assert refused.headers["www-authenticate"] == "Bearer"


def test_one_request_has_one_credential(lab: Consumer, person: Person) -> None:
    cookie = f"__Host-session={person.session}"
    for second in (bearer(mint()), {"x-api-key": DEMO_API_KEY}, {"authorization": "Basic eDp5"}):
        both = {"cookie": cookie, **second}
        problem(lab.get("/signed-in/x", headers=both), 400, "malformed-request")
    problem(
        lab.post("/signed-in/x", headers={"cookie": cookie, **bearer(mint())}),
        *(400, "malformed-request"),
    )
    twice = {"cookie": f"{cookie}; {cookie}"}
    problem(lab.get("/signed-in/x", headers=twice), 400, "malformed-request")
    fields = [("cookie", cookie), ("cookie", cookie)]
    # The runtime joins two fields with a comma, which no session has in it.
    problem(lab.get("/signed-in/x", headers=fields), 401, "invalid-credentials")


def test_other_credentials_need_no_token(lab: Consumer) -> None:
    assert lab.post("/signed-in/x", headers=bearer(mint())).status_code == 200
    with_cookies = bearer(mint()) | {"cookie": "a=1", "origin": EVIL}
    assert lab.post("/signed-in/x", headers=with_cookies).status_code == 200
    problem(lab.post("/signed-in/x", headers={"cookie": "a=1"}), 401, "unauthenticated")


def test_a_session_from_before_a_login_is_no_use_after_it(lab: Consumer, person: Person) -> None:
    planted = person.session
    person.log_in()
    assert planted != person.session
    cookie = {"cookie": f"__Host-session={planted}"}
    problem(lab.get("/signed-in/x", headers=cookie), 401, "invalid-credentials")


def test_a_stolen_cookie_is_no_use_after_the_logout(
    lab: Consumer, person: Person, ours: dict[str, str]
) -> None:
    stolen, token = person.cookie, person.csrf_token
    gone = person.post("/logout", {})
    assert gone.status_code == 204
    assert all("=; Max-Age=0;" in one for one in gone.headers.get_list("set-cookie"))
    problem(lab.get("/signed-in/x", headers={"cookie": stolen}), 401, "invalid-credentials")
    page = ours | {"cookie": stolen, "x-csrf-token": token}
    problem(lab.post("/signed-in/x", headers=page), 401, "invalid-credentials")


def test_a_websocket_is_opened_by_our_own_pages(
    lab: Consumer, person: Person, ours: dict[str, str]
) -> None:
    upgrade = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "cookie": f"__Host-session={person.session}",
    }
    path = "/signed-in-socket/x"
    problem(lab.get(path, headers=upgrade | {"origin": EVIL}), 403, "csrf-refused")
    problem(lab.get(path, headers=upgrade), 403, "csrf-refused")
    with lab.stream("GET", path, headers=upgrade | ours) as opened:
        assert opened.status_code == 101
