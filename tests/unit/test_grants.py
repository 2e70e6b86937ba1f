"""Roles and further claims of callers: where they come from, and what bounds them."""

import json
from typing import Any

import pytest

from contract.auth import Principal
from identity import grants
from identity.grants import NONE, Grants, InvalidGrants, checked, of_foreign_token, stored
from identity.issuers import parse_issuers
from tests.unit.test_identity import BODY, NEW_KEY, Auth, auth, read  # noqa: F401  (a fixture)

GOLD = Grants(("editor", "reader"), {"plan": "gold", "tenants": [1, 2], "beta": True})
STORED = (" ".join(GOLD.roles), json.dumps(GOLD.claims))

UNUSABLE: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "too many roles": ([f"r{number}" for number in range(17)], {}),
    "a role that is a number": ([1], {}),
    "a role with a space": (["a b"], {}),
    "too many claims": ([], {f"c{number}": 1 for number in range(17)}),
    "too many values": ([], {"c": list(range(17))}),
    "too many bytes": ([], {f"c{number}": "x" * 250 for number in range(5)}),
    "a long text": ([], {"c": "x" * 257}),
    "a fraction": ([], {"c": 1.5}),
    "a large number": ([], {"c": 2**53}),
    "null": ([], {"c": None}),
    "an object": ([], {"c": {}}),
    "a list of lists": ([], {"c": [[]]}),
    "no name": ([], {"": 1}),
    "a name of ours": ([], {"sub": "root"}),
    "roles as a claim": ([], {"roles": ["admin"]}),
}


@pytest.mark.parametrize(("roles", "claims"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_does_not_fit_is_refused(roles: list[Any], claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidGrants):
        checked(roles, claims)


def test_what_fits() -> None:
    assert checked(["editor", "reader", "editor"], GOLD.claims) == GOLD
    assert stored(*STORED) == GOLD
    assert stored("", "{}") is NONE
    for broken in ("", "[]", "{", '{"a":1,"a":2}'):
        with pytest.raises(InvalidGrants):
            stored("", broken)


def foreign(payload: dict[str, Any], **settings: Any) -> Grants:
    usual: dict[str, Any] = {"claims": (), "roles_claim": "groups", "roles": {}}
    return of_foreign_token(json.dumps(payload).encode(), **{**usual, **settings})


MAPPED = {"their-editors": "editor", "readers": "reader"}
FOREIGN: dict[str, tuple[dict[str, Any], dict[str, Any], Grants]] = {
    "nothing is allowed": ({"roles": ["editor"], "groups": ["editor"], "plan": "gold"}, {}, NONE),
    "our names are not theirs": ({"groups": ["editor"]}, {"roles": MAPPED}, NONE),
    "in another claim": ({"roles": ["their-editors"]}, {"roles": MAPPED}, NONE),
    "roles by their names": (
        {"groups": ["their-editors", "others", 7]},
        {"roles": MAPPED},
        Grants(("editor",), {}),
    ),
    "one role as a text": ({"groups": "readers"}, {"roles": MAPPED}, Grants(("reader",), {})),
    "claims that are listed": (
        {"plan": "gold", "tenant": None, "admin": True},
        {"claims": ("plan", "tenant", "missing")},
        Grants((), {"plan": "gold"}),
    ),
}


@pytest.mark.parametrize(("payload", "settings", "worth"), FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_token_says_what_its_setting_allows(
    payload: dict[str, Any], settings: dict[str, Any], worth: Grants
) -> None:
    assert foreign(payload, **settings) == worth


def test_a_listed_claim_that_is_unusable_is_not_left_out() -> None:
    with pytest.raises(InvalidGrants):
        foreign({"plan": {"name": "gold"}}, claims=("plan",))


@pytest.mark.parametrize(
    "wrong", [{"claims": ["sub"]}, {"claims": ["roles"]}, {"roles": {"x": "a b"}}, {"roles": ["x"]}]
)
def test_a_setting_of_an_issuer_that_is_not_usable(wrong: dict[str, Any]) -> None:
    issuer = {"name": "p", "issuer": "https://p.test", "audience": "a", **wrong}
    with pytest.raises(ValueError, match="TRUSTED_ISSUERS"):
        parse_issuers(json.dumps([issuer]), development=False)


def known(auth: Auth, credential: str) -> Principal:  # noqa: F811
    answer = auth.verify(credential)
    assert answer.principal is not None, answer.reason
    return answer.principal


def test_a_clients_roles_and_claims_are_in_its_tokens(auth: Auth) -> None:  # noqa: F811
    auth.database.query("UPDATE clients SET roles = ?, claims = ?", *STORED)
    principal = known(auth, read(auth.token(BODY))["access_token"])
    assert Grants(principal.roles, principal.claims) == GOLD


def test_what_is_no_object_cannot_be_stored(auth: Auth) -> None:  # noqa: F811
    for broken in ("[]", "1", "x" * 2000):
        with pytest.raises(Exception, match=r"(?i)constraint|malformed"):
            auth.database.query("UPDATE clients SET claims = ?", broken)


def test_a_key_has_its_makers_claims_and_the_roles_that_it_asks_for(auth: Auth) -> None:  # noqa: F811
    caller = {"roles": GOLD.roles, "claims": dict(GOLD.claims)}
    made = read(auth.keys("POST", "/keys", {**NEW_KEY, "roles": ["reader"]}, **caller))
    assert (made["roles"], made["claims"]) == (["reader"], GOLD.claims)
    principal = known(auth, made["key"])
    assert Grants(principal.roles, principal.claims) == Grants(("reader",), GOLD.claims)
    following = read(auth.keys("POST", f"/keys/{made['id']}/rotate", **caller))
    assert known(auth, following["key"]).claims == GOLD.claims


REFUSED: dict[str, tuple[str, dict[str, Any], dict[str, Any], int]] = {
    "a role that its maker lacks": ("/keys", {"roles": ["admin"]}, {}, 403),
    "claims of its own": ("/keys", {"claims": {"plan": "gold"}}, {}, 422),
    "a role that the operator lacks": (
        *("/-/keys", {"roles": ["admin"]}),
        *({"scopes": ("gateway:keys", "roadmaps:read")}, 403),
    ),
    "claims, by an operator of keys": (
        *("/-/keys", {"claims": {"plan": "gold"}}),
        *({"scopes": ("gateway:keys", "roadmaps:read")}, 403),
    ),
    "both, by an operator of all": (
        *("/-/keys", {"claims": {"plan": "gold"}, "roles": ["admin"], "owner": "acme"}),
        *({"scopes": ("gateway:admin",)}, 201),
    ),
    "claims that are none": (
        *("/-/keys", {"claims": {"sub": "root"}}),
        *({"scopes": ("gateway:admin",)}, 422),
    ),
}


@pytest.mark.parametrize(("path", "body", "caller", "status"), REFUSED.values(), ids=REFUSED)
def test_nobody_gives_what_he_may_not(
    auth: Auth,  # noqa: F811
    path: str,
    body: dict[str, Any],
    caller: dict[str, Any],
    status: int,
) -> None:
    assert auth.keys("POST", path, {**NEW_KEY, **body}, **caller).status == status


def test_a_role_that_its_owner_has_lost_is_not_rotated(auth: Auth) -> None:  # noqa: F811
    made = read(auth.keys("POST", "/keys", {**NEW_KEY, "roles": ["reader"]}, roles=("reader",)))
    assert auth.keys("POST", f"/keys/{made['id']}/rotate").status == 403


def test_an_operators_claims_are_not_those_of_somebody_elses_key(auth: Auth) -> None:  # noqa: F811
    caller = {"scopes": ("gateway:admin",), "claims": {"plan": "staff"}}
    for owner, claims in ((None, {"plan": "staff"}), ("acme", {})):
        body = NEW_KEY if owner is None else {**NEW_KEY, "owner": owner}
        assert read(auth.keys("POST", "/-/keys", body, **caller))["claims"] == claims


def test_reserved_names_are_those_of_tokens() -> None:
    assert {"sub", "scope", "roles", "kind", "sid"} <= grants.RESERVED
