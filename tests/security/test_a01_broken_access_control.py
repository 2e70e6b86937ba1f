"""OWASP A01:2021 Broken Access Control: nobody gets at what is another's, by whichever door.

In the list of 2025 it is A01 as well, and has server-side request forgery in it
(test_a10_server_side_request_forgery). Objects, functions and members of bodies are attacked in
test_api01, test_api03 and test_api05; CORS in test_api08, cross-site requests in test_csrf.
"""

from typing import Any

import pytest

from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from tests.consumer import SECRETS, Consumer, bearer, mint, problem, unique
from tests.raw_http import send

KEYS = ("keys:admin", "roadmaps:read")


@pytest.fixture
def victim(anonymous: Consumer) -> Any:
    """An API key of somebody else, as its owner got it."""
    owner = bearer(mint(unique("victim"), KEYS))
    body = {"name": "mine", "scopes": ["roadmaps:read"]}
    made = anonymous.post("/keys", json=body, headers=owner)
    assert made.status_code == 201, made.text
    SECRETS.add(made.json()["key"])
    return made.json()


def test_a_key_is_its_owners_alone(anonymous: Consumer, victim: Any) -> None:
    """Every statement on keys has the verified subject in its WHERE."""
    attacker = bearer(mint(unique("attacker"), KEYS))
    path = f"/keys/{victim['id']}"
    problem(anonymous.delete(path, headers=attacker), 404, "not-found")
    problem(anonymous.post(f"{path}/rotate", headers=attacker), 404, "not-found")
    listed = anonymous.get("/keys", headers=attacker)
    assert (listed.status_code, victim["id"] in listed.text) == (200, False)
    assert anonymous.get("/v2/roadmaps", headers=bearer(victim["key"])).status_code == 200


def test_nobody_makes_a_key_that_may_more_than_he_may(anonymous: Consumer) -> None:
    """A key's scopes are held against those of its creator."""
    caller = bearer(mint(scopes=KEYS))
    for scope in ("roadmaps:write", "tables:admin"):
        body = {"name": "more", "scopes": ["roadmaps:read", scope]}
        refused = anonymous.post("/keys", json=body, headers=caller)
        problem(refused, 403, "insufficient-scope")


NO_SCOPES = ["ROADMAPS:READ", "roadmaps:*", "roadmaps", "roadmaps:read,roadmaps:write", "*", ""]


@pytest.mark.parametrize("scope", NO_SCOPES)
def test_a_scope_is_that_very_text(anonymous: Consumer, scope: str) -> None:
    """Scopes are compared as a whole; none has another one in it."""
    headers = bearer(mint(scopes=(scope,)))
    problem(anonymous.get("/v2/roadmaps", headers=headers), 403, "insufficient-scope")


DOORS: dict[str, tuple[str, dict[str, str]]] = {
    "the older version": ("/v1/plans", {}),
    "the older version, by a field": ("/plans", {"api-version": "v1"}),
    "the newer version's field over the older's path": ("/v1/plans", {"api-version": "v2"}),
    "no version at all": ("/roadmaps", {}),
    "another media type": ("/v2/roadmaps", {"accept": "text/html"}),
    "a range": ("/v2/roadmaps", {"range": "bytes=0-9"}),
    "a condition": ("/v2/roadmaps", {"if-none-match": "*"}),
    "a cached copy, please": ("/v2/roadmaps", {"cache-control": "only-if-cached"}),
    "from the inside": ("/v2/roadmaps", {"cf-connecting-ip": "127.0.0.1"}),
    "a page of ours": ("/v2/roadmaps", {"referer": "https://api.test/keys"}),
}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("path", "fields"), DOORS.values(), ids=DOORS)
def test_every_door_to_a_protected_route_is_closed(
    anonymous: Consumer, method: str, path: str, fields: dict[str, str]
) -> None:
    """What a route asks for is part of the route: every version, selector and method has it."""
    response = anonymous.request(method, path, headers=fields)
    assert response.status_code in (400, 401), response.text
    assert "items" not in response.text


ADMIN = [
    *("/-/tables", "/-/tables/", "/-/tables/history", "/-/tables/pointer", "/%2d/tables"),
    *("/-//tables", "/./-/tables", "/v2/-/tables", "/-/tables;x", "/-/TABLES", "//-/tables"),
]


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
@pytest.mark.parametrize("path", ADMIN)
def test_who_publishes_tables_has_the_scope_for_it(
    runtime: LocalRuntime, method: str, path: str
) -> None:
    """The scope `tables:admin`, on whichever host these paths are; no spelling goes around it."""
    token = f"Authorization: Bearer {mint()}"
    response = send(runtime.url(GATEWAY), f"{method} {path} HTTP/1.1", token, "Content-Length: 0")
    assert response.status in (400, 403, 404, 405)
