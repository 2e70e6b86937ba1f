"""What routes ask of callers beyond a credential, and from where they may come."""

from typing import Any

import msgspec
import pytest

from contract.auth import CredentialKind, Principal
from contract.problems import Problem
from policies.authorize import Authorize, Roles
from policies.network import Network
from routing.check import check_table
from routing.table import AccessSettings, NetworkSettings, RoleSettings
from tests.unit.fakes import NOW, answer_empty, exchange, run
from tests.unit.tables import route, table

ROLES: dict[str, Any] = {
    "reader": {"permissions": ["read"]},
    "editor": {"inherits": ["reader"], "permissions": ["write"]},
    "auditor": {"inherits": ["reader"], "permissions": ["audit"]},
    "owner": {"inherits": ["editor", "auditor"]},
}
CLAIMS = {"tenant": "acme", "level": 3, "staff": True, "groups": ["a", "b"], "address": {"c": 1}}


def caller(scopes: tuple[str, ...] = (), roles: tuple[str, ...] = ()) -> Principal:
    return Principal(
        subject="ada",
        kind=CredentialKind.TOKEN,
        scopes=scopes,
        roles=roles,
        claims=CLAIMS,
        expires_at=int(NOW) + 60,
    )


WANTED: list[tuple[dict[str, Any], Principal, str]] = [
    # access, the caller, the problem; none where the way is free
    ({"any_scopes": ["a", "b"]}, caller(scopes=("b", "c")), ""),
    ({"any_scopes": ["a", "b"]}, caller(scopes=("c",)), "insufficient-scope"),
    ({"permissions": ["read"]}, caller(roles=("reader",)), ""),
    ({"permissions": ["read", "write"]}, caller(roles=("editor",)), ""),
    ({"permissions": ["read", "write", "audit"]}, caller(roles=("owner",)), ""),
    ({"permissions": ["write", "audit"]}, caller(roles=("editor", "auditor")), ""),
    ({"permissions": ["write"]}, caller(roles=("reader",)), "access-denied"),
    ({"permissions": ["write"]}, caller(roles=("Editor", "nobody")), "access-denied"),
    # A scope is no permission, and no role either.
    ({"permissions": ["write"]}, caller(scopes=("write", "editor")), "access-denied"),
    ({"any_permissions": ["write", "audit"]}, caller(roles=("auditor",)), ""),
    ({"any_permissions": ["write", "audit"]}, caller(roles=("reader",)), "access-denied"),
    ({"claims": {"tenant": "acme"}}, caller(), ""),
    ({"claims": {"tenant": "Acme"}}, caller(), "access-denied"),
    ({"claims": {"tenant": {"regex": "ac"}}}, caller(), "access-denied"),
    ({"claims": {"tenant": {"regex": "ac.*"}, "level": "3", "staff": "true"}}, caller(), ""),
    ({"claims": {"staff": "1"}}, caller(), "access-denied"),
    ({"claims": {"groups": "b", "sub": "ada", "kind": "token"}}, caller(), ""),
    ({"claims": {"groups": "a,b"}}, caller(), "access-denied"),
    ({"claims": {"kind": "api_key"}}, caller(), "access-denied"),
    ({"claims": {"missing": "x"}}, caller(), "access-denied"),
    ({"claims": {"missing": {"present": False}}}, caller(), ""),
    ({"claims": {"tenant": {"present": False}}}, caller(), "access-denied"),
    ({"claims": {"address": {"present": False}}}, caller(), "access-denied"),
    ({"claims": {"address": {"present": True}}}, caller(), ""),
    ({"claims": {"address": {"regex": ".*"}}}, caller(), "access-denied"),
]


@pytest.mark.parametrize(("access", "principal", "code"), WANTED)
def test_who_may(access: dict[str, Any], principal: Principal, code: str) -> None:
    roles = Roles(msgspec.convert(ROLES, dict[str, RoleSettings]))
    policy = Authorize(msgspec.convert(access, AccessSettings), roles)
    asked = exchange()
    asked.principal = principal
    if not code:
        assert run(policy(asked, answer_empty)).status == 200
        return
    with pytest.raises(Problem) as refused:
        run(policy(asked, answer_empty))
    assert refused.value.type.code == code
    assert "acme" not in str(refused.value)


def test_without_a_caller_nobody_passes() -> None:
    policy = Authorize(AccessSettings(any_scopes=("a",)), Roles({}))
    with pytest.raises(Problem, match="failed"):
        run(policy(exchange(), answer_empty))


PLACES: list[tuple[dict[str, Any], str, str | None, bool]] = [
    # network, address, country, let in
    ({"allow": ["192.0.2.0/24"]}, "192.0.2.7", None, True),
    ({"allow": ["192.0.2.0/24"]}, "192.0.3.7", None, False),
    ({"allow": ["192.0.2.0/24"]}, "2001:db8::1", None, False),
    ({"allow": ["192.0.2.0/24"], "deny": ["192.0.2.7"]}, "192.0.2.7", None, False),
    ({"allow": ["192.0.2.0/24"], "deny": ["192.0.2.7"]}, "::ffff:192.0.2.7", None, False),
    ({"deny": ["2001:db8::/32"]}, "2001:db8::1", None, False),
    ({"deny": ["2001:db8::/32"]}, "192.0.2.7", None, True),
    ({"deny": ["2001:db8::/32"]}, "-", None, False),
    ({"allow_countries": ["DE"]}, "-", "DE", True),
    ({"allow_countries": ["DE"]}, "-", "FR", False),
    ({"allow_countries": ["DE"]}, "-", "de", False),
    ({"allow_countries": ["DE"]}, "-", None, False),
    ({"deny_countries": ["T1", "XX"]}, "-", "T1", False),
    ({"deny_countries": ["T1", "XX"]}, "-", "DE", True),
    ({"deny_countries": ["T1", "XX"]}, "-", None, False),
    ({"allow": ["192.0.2.0/24"], "allow_countries": ["DE"]}, "192.0.2.7", "FR", False),
    ({"allow": ["192.0.2.0/24"], "allow_countries": ["DE"]}, "192.0.3.7", "DE", False),
]


@pytest.mark.parametrize(("network", "address", "country", "let_in"), PLACES)
def test_from_where(
    network: dict[str, Any], address: str, country: str | None, let_in: bool
) -> None:
    policy = Network(msgspec.convert(network, NetworkSettings))
    headers = {"cf-ipcountry": country} if country else {}
    asked = exchange(address=address, headers=headers | {"x-forwarded-for": "192.0.2.7"})
    if let_in:
        assert run(policy(asked, answer_empty)).status == 200
        return
    with pytest.raises(Problem) as refused:
        run(policy(asked, answer_empty))
    assert refused.value.type.code == "client-not-allowed"


CIRCLE = {"a": {"inherits": ["b"], "permissions": ["x"]}, "b": {"inherits": ["a"]}}
WRONG: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    # the route, the roles, the place, part of the message
    ({"access": {}}, {}, "routes.0.access", "say `authenticated`"),
    ({"access": {"permissions": ["raed"]}}, ROLES, "routes.0.access.permissions.0",
     "did you mean `read`?"),
    ({"access": {"any_permissions": ["x"]}}, {}, "routes.0.access.any_permissions.0", "no role"),
    ({"access": {"claims": {"a": {}}}}, {}, "routes.0.access.claims.a", "exactly one"),
    ({"access": {"claims": {"a": {"regex": "(x+)+"}}}}, {}, "routes.0.access.claims.a.regex", ""),
    ({"network": {}}, {}, "routes.0.network", "expected networks"),
    ({"network": {"allow": ["192.0.2.1/24"]}}, {}, "routes.0.network.allow.0",
     "expected `192.0.2.0/24`, found `192.0.2.1/24`"),
    ({"network": {"deny": ["1.2.3"]}}, {}, "routes.0.network.deny.0", "such as 192.0.2.0/24"),
    ({"network": {"deny": ["::/129"]}}, {}, "routes.0.network.deny.0", "such as 192.0.2.0/24"),
    ({"network": {"allow_countries": ["DE"], "deny_countries": ["DE"]}}, {},
     "routes.0.network.allow_countries.0", "allowed and denied"),
    ({"csrf": True}, {}, "routes.0.csrf", "GET changes nothing"),
    ({"methods": ["PUT"], "csrf": {"trusted_origins": ["*"]}}, {},
     "routes.0.csrf.trusted_origins.0", "any page"),
    ({"methods": ["PUT"], "access": {"session": True}, "csrf": False}, {}, "routes.0.csrf",
     "cannot be without"),
    ({"websocket": True, "access": {"session": True}, "csrf": False}, {}, "routes.0.csrf",
     "cannot be without"),
    ({"access": {"session": True}, "csrf": True}, {}, "routes.0.csrf", "GET changes nothing"),
    ({"methods": ["PUT"], "access": {"session": True}, "csrf": {"cookie": "__Host-own"}}, {},
     "routes.0.csrf.cookie", "`__Host-csrf`"),
    ({}, CIRCLE, "roles.a.inherits.0", "from itself"),
    ({}, {"a": {"inherits": ["c"]}}, "roles.a.inherits.0", "no role `c`"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "roles", "place", "message"), WRONG)
def test_tables_that_are_wrong(
    members: dict[str, Any], roles: dict[str, Any], place: str, message: str
) -> None:
    found = check_table(table(route(**members), roles=roles))
    assert found
    assert ".".join(map(str, found[0].path)) == place
    assert message in found[0].message
