"""Who may call: tokens and API keys, and what a caller hears who may not."""

import re

import pytest

from tests.consumer import SCOPES, SECRETS, Consumer, address, bearer, mint, problem, unique
from tests.plan import DEMO_API_KEY, DEMO_CLIENT_SECRET

EXPIRED = 3600 + 31  # an hour, and the half minute by which clocks may differ

REFUSED: dict[str, tuple[dict[str, str], int, str, str]] = {
    # credentials, status, code, WWW-Authenticate
    "none": ({}, 401, "unauthenticated", "Bearer"),
    "another scheme": (
        *({"authorization": "Basic ZGVtbzpkZW1v"}, 401, "unauthenticated"),
        "Bearer",
    ),
    "a scheme alone": ({"authorization": "Bearer"}, 401, "unauthenticated", "Bearer"),
    "garbage": (
        *(bearer("garbage"), 401, "invalid-credentials"),
        'Bearer error="invalid_token"',
    ),
    "a damaged token": (
        *(bearer(mint()[:-2]), 401, "invalid-credentials"),
        'Bearer error="invalid_token"',
    ),
    "an expired token": (
        *(bearer(mint(age=EXPIRED)), 401, "invalid-credentials"),
        'Bearer error="invalid_token"',
    ),
    "a long text": (
        *(bearer("x" * 9000), 401, "invalid-credentials"),
        'Bearer error="invalid_token"',
    ),
    "an unknown API key": (
        *(bearer("gk_nobody_" + "x" * 32), 401, "invalid-credentials"),
        'Bearer error="invalid_token"',
    ),
    "a token of other scopes": (
        *(bearer(mint(scopes=("roadmaps:write",))), 403, "insufficient-scope"),
        'Bearer error="insufficient_scope", scope="roadmaps:read"',
    ),
    "a token without scopes": (
        *(bearer(mint(scopes=())), 403, "insufficient-scope"),
        'Bearer error="insufficient_scope", scope="roadmaps:read"',
    ),
}


@pytest.mark.parametrize(("fields", "status", "code", "challenge"), REFUSED.values(), ids=REFUSED)
def test_who_may_not_call_hears_why(
    anonymous: Consumer, fields: dict[str, str], status: int, code: str, challenge: str
) -> None:
    response = anonymous.get("/v2/roadmaps", headers=fields)
    problem(response, status, code)
    assert response.headers["www-authenticate"] == challenge


def test_two_credentials_are_one_too_many(anonymous: Consumer) -> None:
    two = [("authorization", f"Bearer {mint()}"), ("authorization", f"Bearer {mint()}")]
    problem(anonymous.get("/v2/roadmaps", headers=two), 400, "malformed-request")


def test_a_token_is_issued_and_accepted(anonymous: Consumer) -> None:
    form = {"grant_type": "client_credentials", "scope": "roadmaps:read"}
    issued = anonymous.post("/oauth/token", data=form, auth=("demo", DEMO_CLIENT_SECRET))
    assert (issued.status_code, issued.headers["cache-control"]) == (200, "no-store")
    token = issued.json()["access_token"]
    SECRETS.add(token)
    assert anonymous.get("/v2/roadmaps", headers=bearer(token)).status_code == 200
    refused = anonymous.post("/v2/roadmaps", headers=bearer(token), json={"title": "x"})
    problem(refused, 403, "insufficient-scope")


def test_wrong_client_credentials_get_the_error_that_oauth_knows(anonymous: Consumer) -> None:
    form = {"grant_type": "client_credentials"}
    response = anonymous.post("/oauth/token", data=form, auth=("demo", "wrong"))
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


def test_an_api_key_works_as_a_bearer_credential(anonymous: Consumer) -> None:
    assert anonymous.get("/v2/roadmaps", headers=bearer(DEMO_API_KEY)).status_code == 200


def test_an_api_key_lives_from_post_to_delete(api: Consumer, anonymous: Consumer) -> None:
    made = api.post("/keys", json={"name": unique("key"), "scopes": ["roadmaps:read"]})
    assert made.status_code == 201
    key = made.json()
    SECRETS.add(key["key"])
    assert re.match(r"^/keys/[\w-]+$", made.headers["location"])
    assert key["key"] not in api.get("/keys").text
    assert api.delete(made.headers["location"]).status_code == 204
    response = anonymous.get("/v2/roadmaps", headers=bearer(key["key"]))
    problem(response, 401, "invalid-credentials")


def test_keys_are_for_administrators(anonymous: Consumer) -> None:
    reader = bearer(mint(scopes=tuple(scope for scope in SCOPES if scope != "keys:admin")))
    problem(anonymous.get("/keys", headers=reader), 403, "insufficient-scope")


def test_guessing_client_secrets_is_limited(anonymous: Consumer) -> None:
    form = {"grant_type": "client_credentials"}
    guess = [
        anonymous.post("/oauth/token", data=form, auth=("demo", f"guess {number}"))
        for number in range(6)
    ]
    assert [response.status_code for response in guess] == [401] * 5 + [429]
    elsewhere = anonymous.post(
        "/oauth/token", data=form, auth=("demo", DEMO_CLIENT_SECRET), headers=address()
    )
    assert elsewhere.status_code == 200
    SECRETS.add(elsewhere.json()["access_token"])


def test_an_api_key_stands_where_the_route_says_and_goes_no_further(lab: Consumer) -> None:
    for query, fields in (("", {"x-api-key": DEMO_API_KEY}), (f"&api_key={DEMO_API_KEY}", {})):
        response = lab.get(f"/keyed/x?a=1{query}", headers=fields)
        assert response.status_code == 200
        told = response.json()
        assert told["query"] == "a=1"
        assert DEMO_API_KEY not in response.text
        assert "x-api-key" not in told["headers"]
    elsewhere = lab.get("/protected/x", headers={"x-api-key": DEMO_API_KEY})
    problem(elsewhere, 401, "unauthenticated")
    problem(lab.get("/keyed/x", headers={"x-api-key": mint()}), 401, "invalid-credentials")
    problem(
        lab.get("/keyed/x", headers={"x-api-key": DEMO_API_KEY, **bearer(mint())}),
        *(400, "malformed-request"),
    )
