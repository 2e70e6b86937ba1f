"""OWASP A02:2021 Cryptographic Failures: what is stolen on the way or from a database is of no use.

In the list of 2025 it is A04. Tokens with weak or exchanged algorithms are sent by test_tokens and
test_api02; each algorithm and key is judged in tests/worker/test_jws.py. TLS is Cloudflare's.
"""

import json
from typing import Any

import pytest

from runtime.local import LocalRuntime
from tests.consumer import SECRETS, Consumer, address, bearer, mint, problem, unique
from tests.people import PASSWORD, Person
from tests.plan import DEMO_API_KEY, DEMO_CLIENT_SECRET, SIGNING_JWK
from tests.security.conftest import Rows
from tests.worker.conftest import Caller


def test_no_row_of_the_database_is_a_secret(
    caller: Caller, anonymous: Consumer, rows: Rows
) -> None:
    """Stored are PBKDF2 of what people choose and SHA-256 of what we made; no token at all."""
    person = Person(caller, anonymous)
    mistyped = "correct horse batterz"
    assert person.log_in(mistyped).status_code == 401
    person.log_in()
    tokens = person.tokens()
    body = {"name": "stored", "scopes": ["roadmaps:read"]}
    key = anonymous.post("/keys", json=body, headers=bearer(mint(unique("owner")))).json()["key"]
    SECRETS.update((mistyped, key))

    parts = [text.split("_", 2)[2] for text in (person.session, key, tokens["refresh_token"])]
    secrets = [PASSWORD, mistyped, tokens["access_token"], *parts]
    secrets += [DEMO_CLIENT_SECRET, DEMO_API_KEY, SIGNING_JWK["d"]]
    assert all(len(secret) > 10 for secret in secrets)

    tables = rows("AUTH_DB", "SELECT name FROM sqlite_master WHERE type = 'table'")
    names = [table["name"] for table in tables if not table["name"].startswith(("_", "sqlite_"))]
    dump = {name: json.dumps(rows("AUTH_DB", f"SELECT * FROM {name}")) for name in names}  # noqa: S608
    assert dump["accounts"].count("pbkdf2-sha256$100000$") >= 1
    assert {"sessions", "refresh_families", "api_keys", "login_attempts"} <= dump.keys()
    assert "[]" not in [dump[name] for name in ("sessions", "refresh_families", "api_keys")]
    found = [(name, secret) for name, text in dump.items() for secret in secrets if secret in text]
    assert found == []
    assert person.name not in dump["login_attempts"]


def test_the_session_cookie_stays_with_this_host_and_out_of_scripts(
    caller: Caller, anonymous: Consumer
) -> None:
    """`__Host-` makes browsers insist on Secure, Path=/ and no Domain; pages read one cookie only,
    with the CSRF token."""
    response = Person(caller, anonymous).log_in()
    fields = response.headers.get_list("set-cookie")
    assert [field.partition("=")[0] for field in fields][:1] == ["__Host-session"]
    for field in fields:
        cookie, *attributes = [part.strip().lower() for part in field.split(";")]
        assert cookie.startswith("__host-")
        assert {"secure", "samesite=strict", "path=/"} <= set(attributes)
        assert not [attribute for attribute in attributes if attribute.startswith("domain")]
        assert ("httponly" in attributes) == (not cookie.startswith("__host-csrf="))


def test_answers_with_secrets_in_them_are_stored_nowhere(
    caller: Caller, anonymous: Consumer
) -> None:
    """`no-store`, from whoever gives out a token, a cookie or a key."""
    person = Person(caller, anonymous)
    form = {"grant_type": "client_credentials"}
    demo = ("demo", DEMO_CLIENT_SECRET)
    issued = anonymous.post("/oauth/token", data=form, auth=demo, headers=address())
    SECRETS.add(issued.json()["access_token"])
    body = {"name": "shown once", "scopes": ["roadmaps:read"]}
    made = anonymous.post("/keys", json=body, headers=bearer(mint(unique("owner"))))
    SECRETS.add(made.json()["key"])
    exchanged = (person.log_in(), person.post("/session/token", {}))
    SECRETS.update(exchanged[1].json()[name] for name in ("access_token", "refresh_token"))
    for response in (issued, made, *exchanged):
        assert response.status_code in (200, 201)
        assert response.headers["cache-control"] == "no-store"


def test_what_is_published_verifies_and_does_not_sign(anonymous: Consumer) -> None:
    """Only public members of asymmetric keys leave the auth Worker."""
    (key,) = anonymous.get("/.well-known/jwks.json").json()["keys"]
    assert key["kty"] in ("EC", "RSA", "OKP")
    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & key.keys()


@pytest.mark.parametrize("place", ["query", "header"])
def test_a_key_in_a_url_ends_here(lab: Consumer, runtime: LocalRuntime, place: str) -> None:
    """A route may take keys there: services and the log never see them."""
    options: dict[str, Any] = {
        "query": {"params": {"api_key": DEMO_API_KEY, "page": "7"}},
        "header": {"params": {"page": "7"}, "headers": {"x-api-key": DEMO_API_KEY}},
    }[place]
    response = lab.get("/keyed/x", **options)
    assert response.status_code == 200, response.text
    assert response.json()["query"] == "page=7"
    assert DEMO_API_KEY not in response.text
    assert DEMO_API_KEY not in runtime.wait_for_log(response.headers["x-request-id"])


@pytest.mark.parametrize("field", ["x-forwarded-proto", "forwarded", "cf-visitor"])
def test_no_field_makes_plain_http_a_secure_connection(lab: Consumer, field: str) -> None:
    """The scheme is that of the request's own URL; HSTS goes out over https alone
    (tests/unit/test_security_headers.py), and services are told the truth."""
    value = {"forwarded": "proto=https", "cf-visitor": '{"scheme":"https"}'}.get(field, "https")
    response = lab.get("/echo/x", headers={field: value})
    assert "strict-transport-security" not in response.headers
    assert response.json()["headers"]["x-forwarded-proto"] == "http"


def test_a_token_lasts_an_hour_at_most(caller: Caller, anonymous: Consumer) -> None:
    """What is stolen all the same has an end: ten minutes for people."""
    person = Person(caller, anonymous)
    person.log_in()
    assert person.tokens()["expires_in"] == 600
    problem(
        anonymous.get("/v2/roadmaps", headers=bearer(mint(age=3700))), 401, "invalid-credentials"
    )
