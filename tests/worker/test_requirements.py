"""What routes ask of callers and of the network that they come from, over HTTP."""

from typing import Any

import pytest

from tests.consumer import Consumer, bearer, mint, problem, unique
from tests.identified import caller_in
from tests.plan import DEMO_API_KEY


@pytest.mark.parametrize(("scope", "status"), [("keys:admin", 200), ("roadmaps:read", 403)])
def test_any_of_some_scopes(lab: Consumer, scope: str, status: int) -> None:
    response = lab.get("/either-scope/x", headers=bearer(mint(scopes=(scope,))))
    assert response.status_code == status
    if status == 403:
        problem(response, 403, "insufficient-scope")
        assert 'scope="keys:admin roadmaps:write"' in response.headers["www-authenticate"]


def test_a_caller_without_a_role_has_no_permission(lab: Consumer) -> None:
    scopes = bearer(mint(scopes=("things:write", "editor")))
    problem(lab.get("/by-role/x", headers=scopes), 403, "access-denied")
    problem(lab.get("/by-role/x"), 401, "unauthenticated")


PERMITTED: dict[str, tuple[str, dict[str, Any], int]] = {
    "a permission of a role": ("by-role", {"roles": ("editor",)}, 200),
    "of one role among several": ("by-role", {"roles": ("unknown", "auditor", "editor")}, 200),
    "not of a role": ("by-role", {"roles": ("reader", "auditor")}, 403),
    "of a role that is inherited": ("by-inherited-permission", {"roles": ("editor",)}, 200),
    "of the role itself": ("by-inherited-permission", {"roles": ("reader",)}, 200),
    "not of another": ("by-inherited-permission", {"roles": ("auditor",)}, 403),
    "any of some": ("by-any-permission", {"roles": ("auditor",)}, 200),
    "any of some, the other": ("by-any-permission", {"roles": ("editor",)}, 200),
    "none of some": ("by-any-permission", {"roles": ("reader",)}, 403),
    "a claim": ("by-plan", {"plan": "gold"}, 200),
    "a claim among several values": ("by-plan", {"plan": ["silver", "gold"]}, 200),
    "another value": ("by-plan", {"plan": "silver"}, 403),
    "no claim": ("by-plan", {}, 403),
    "a claim by an expression": ("by-tenant", {"tenant": "acme-berlin"}, 200),
    "an expression for all of it": ("by-tenant", {"tenant": "not-acme"}, 403),
    "a claim that is there": ("by-presence", {"beta": False}, 200),
    "a claim that is not there": ("by-presence", {}, 403),
    "a claim that must not be there": ("by-presence", {"beta": True, "suspended": "yes"}, 403),
}


@pytest.mark.parametrize(("route", "grants", "status"), PERMITTED.values(), ids=PERMITTED)
def test_roles_and_claims(lab: Consumer, route: str, grants: dict[str, Any], status: int) -> None:
    answer = lab.get(f"/{route}/x", headers=bearer(mint(**grants)))
    assert answer.status_code == status
    if status == 403:
        problem(answer, 403, "access-denied")
        return
    told = caller_in(answer.json()["headers"]["gateway-identity"], "ORIGIN")
    claims = {name: value for name, value in grants.items() if name != "roles"}
    assert tuple(told.get("roles", ())) == grants.get("roles", ())
    assert told.get("claims", {}) == claims


def test_conditions_on_claims(lab: Consumer) -> None:
    assert lab.get("/by-claim/x", headers=bearer(mint(unique("claimed")))).status_code == 200
    problem(lab.get("/by-claim/x", headers=bearer(mint())), 403, "access-denied")
    problem(lab.get("/by-claim/x", headers=bearer(DEMO_API_KEY)), 403, "access-denied")


ADDRESSES = [
    ("192.0.2.7", 200),
    ("192.0.2.66", 403),
    ("::ffff:192.0.2.66", 403),
    ("2001:db8::1", 200),
    ("198.51.100.1", 403),
    ("192.0.2.7, 192.0.2.66", 403),
    ("nonsense", 403),
]


@pytest.mark.parametrize(("address", "status"), ADDRESSES)
def test_networks(lab: Consumer, address: str, status: int) -> None:
    fields = {"cf-connecting-ip": address, "x-forwarded-for": "192.0.2.7"}
    assert lab.get("/by-network/x", headers=fields).status_code == status


@pytest.mark.parametrize(("country", "status"), [("DE", 200), ("US", 403), (None, 403)])
def test_countries(lab: Consumer, country: str | None, status: int) -> None:
    fields = {"cf-ipcountry": country} if country else {}
    assert lab.get("/by-country/x", headers=fields).status_code == status


def test_ipv6_is_counted_by_subscriber(lab: Consumer) -> None:
    network = f"2001:db8:{unique('').removeprefix('-')}:1"
    answers = [
        lab.get("/limited/by-address/x", headers={"cf-connecting-ip": f"{network}::{number}"})
        for number in range(6)
    ]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
