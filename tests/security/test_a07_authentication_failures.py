"""OWASP A07:2021 Identification and Authentication Failures: guessing, stuffing and old sessions.

In the list of 2025 it is A07, Authentication Failures. Forged tokens are sent by test_api02 and
test_tokens, guesses at one client by test_api02, at one account by tests/worker/test_people.py;
what answers give away is test_a04's.
"""

import base64
from pathlib import Path
from typing import Any

import pytest

from identity.passwords import LONGEST, SHORTEST, hash_secret
from tests.consumer import Consumer, address, bearer, mint, problem, unique
from tests.people import PASSWORD, Person, derive
from tests.worker.conftest import Caller

COOKIE = "__Host-session"


@pytest.fixture
def person(caller: Caller, anonymous: Consumer) -> Person:
    return Person(caller, anonymous)


def session(response: Any) -> str:
    """The cookie that a login gave, as a browser sends it back."""
    (cookie,) = (
        field.partition(";")[0]
        for field in response.headers.get_list("set-cookie")
        if field.startswith(f"{COOKIE}=")
    )
    return str(cookie)


def test_stolen_lists_are_not_tried_out_from_one_network(anonymous: Consumer) -> None:
    """Many accounts, each once: the limit `sign-in` counts the client, an IPv6 network as one."""
    network = f"2001:db8:{unique('').removeprefix('-')}:7"
    codes = []
    for number in range(7):
        login = {"account": unique("leaked"), "password": f"leaked password {number}"}
        fields = {"cf-connecting-ip": f"{network}::{number + 1:x}"}
        codes.append(anonymous.post("/login", json=login, headers=fields).status_code)
    assert codes == [401] * 5 + [429] * 2


def test_one_password_is_not_tried_out_on_everybody(anonymous: Consumer) -> None:
    """Beyond the gateway's limit by the minute, auth counts 50 for an address in 15 minutes, and
    says when to come back; the gateway's is the first that a client meets."""
    fields = address()
    for number in range(8):
        login = {"account": unique("sprayed"), "password": "Spring2026!!"}
        response = anonymous.post("/login", json=login, headers=fields)
        if number >= 5:
            problem(response, 429, "rate-limited")
            assert int(response.headers["retry-after"]) >= 1


def test_a_session_that_somebody_else_has_chosen_is_not_taken_over(
    person: Person, anonymous: Consumer
) -> None:
    """Fixation: a login makes a session of its own, whatever cookie comes with it."""
    planted = f"{COOKIE}=gs_aaaaaaaaaaaaaaaa_{'A' * 43}"
    response = person.log_in(cookie=planted)
    assert response.status_code == 200
    assert session(response) != planted
    problem(anonymous.get("/session", headers={"cookie": planted}), 401, "unauthenticated")


def test_every_login_has_a_session_of_its_own_that_ends_with_its_logout(
    person: Person, anonymous: Consumer
) -> None:
    """Logging out ends it in the database, and not in this browser alone; in another one it is
    another session."""
    first, second = (session(person.log_in(cookie="theme=dark")) for _ in range(2))
    assert first != second
    assert person.post("/logout", {}).status_code == 204
    ended = anonymous.get("/session", headers={"cookie": second})
    problem(ended, 401, "unauthenticated")
    assert anonymous.get("/session", headers={"cookie": first}).status_code == 200


def test_a_session_is_good_in_its_cookie_and_nowhere_else(
    person: Person, anonymous: Consumer
) -> None:
    cookie = session(person.log_in())
    credential = cookie.partition("=")[2]
    elsewhere: dict[str, tuple[str, dict[str, str]]] = {
        "in the URL": (f"/session?{COOKIE}={credential}", {}),
        "without its prefix": ("/session", {"cookie": f"session={credential}"}),
        "in small letters": ("/session", {"cookie": f"__host-session={credential}"}),
        "twice": ("/session", {"cookie": f"{cookie}; {cookie}"}),
        "behind another one": ("/session", {"cookie": f"{COOKIE}=gs_x_y; {cookie}"}),
        "as a bearer credential": ("/v2/roadmaps", bearer(credential)),
        "in another field": ("/session", {"x-session": credential}),
    }
    for path, fields in elsewhere.values():
        assert anonymous.get(path, headers=fields).status_code == 401
    assert anonymous.get("/session", headers={"cookie": cookie}).status_code == 200


SCHEMES = {
    "Basic": f"Basic {base64.b64encode(b'demo:x').decode()}",
    "Digest": 'Digest username="root"',
    "Negotiate": "Negotiate YII=",
    "a token without its scheme": mint(),
    "DPoP": f"DPoP {mint()}",
    "the scheme alone": "Bearer",
}


@pytest.mark.parametrize("value", SCHEMES.values(), ids=SCHEMES)
def test_no_other_scheme_lets_anybody_in(anonymous: Consumer, value: str) -> None:
    """Protected routes take bearer credentials, and the answer says so (RFC 6750)."""
    response = anonymous.get("/v2/roadmaps", headers={"authorization": value})
    problem(response, 401, "unauthenticated")
    assert response.headers["www-authenticate"].startswith("Bearer")


WEAK = ["", "123456", "password", "x" * (SHORTEST - 1), "x" * (LONGEST + 1)]


@pytest.mark.parametrize("password", WEAK)
def test_a_short_password_is_nobodys(password: str) -> None:
    """There is no sign-up: accounts are made by hand, with what `hash_secret` makes of a password,
    and it makes nothing of a short one."""
    with pytest.raises(ValueError, match="characters"):
        hash_secret(password, derive, lambda length: b"\1" * length)


@pytest.mark.parametrize("path", ["/register", "/signup", "/accounts", "/users", "/password/reset"])
def test_nobody_makes_an_account_or_a_password_by_a_request(api: Consumer, path: str) -> None:
    body = {"account": "admin", "password": PASSWORD}
    problem(api.post(path, json=body), 404, "not-found")


@pytest.mark.parametrize("password", ["", "x" * (LONGEST + 1), None, 7, ["x"], {"$ne": ""}])
def test_a_login_is_two_texts(person: Person, password: Any) -> None:
    """What is no text, and what is too long to be hashed over and over, is refused unread."""
    problem(person.log_in(password), 422, "invalid-content")


def test_no_password_stands_in_our_own_settings() -> None:
    """Demo credentials exist in development alone (tests/unit/test_identity.py), and their secrets
    in nobody's repository (tests/unit/test_secrets_in_the_repository.py)."""
    settings = Path(__file__).resolve().parents[2] / "services/auth/wrangler.toml"
    text = settings.read_text(encoding="utf-8")
    assert "DEMO_" not in text
    assert 'ENVIRONMENT = "production"' in text
