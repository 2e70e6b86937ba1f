"""What routes ask of callers and of the network that they come from, over HTTP."""

import pytest

from tests.consumer import Consumer, bearer, mint, problem, unique
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
