"""Keys: what tells answers apart, and that nothing else reaches a service."""

import itertools

import msgspec
import pytest

from caching.keying import Keying
from contract.auth import CredentialKind, Principal
from messages import Headers
from tests.unit.fakes import principal

CANONICAL = [
    # the names that count (None: all), the query, what is in the key and goes to the service
    (None, "", ""),
    (None, "b=2&a=1", "a=1&b=2"),
    (None, "a=2&b=&a=1", "a=2&a=1&b="),
    (None, "&&a&", "a"),
    (None, "%61=1&a=2", "%61=1&a=2"),
    ((), "a=1", ""),
    (("a",), "b=2&a=1&A=3", "a=1"),
    (("a",), "%61=1&a=2", "%61=1&a=2"),
    (("a",), "a=1;b=2&c=3", "a=1;b=2"),
    (("a",), "c;a=1", ""),
    (("a b",), "a+b=1&a%20b=2", "a+b=1&a%20b=2"),
    (("a",), "a%00=1&a[]=2", ""),
]


@pytest.mark.parametrize(("names", "query", "canonical"), CANONICAL)
def test_the_query_of_a_key(names: tuple[str, ...] | None, query: str, canonical: str) -> None:
    keying = Keying(query=None if names is None else frozenset(names))
    assert keying.canonical(query) == canonical
    assert keying.canonical(canonical) == canonical


def test_no_two_callers_have_one_suffix() -> None:
    """Also where what is told of them could be put together to the same text."""
    ada = principal("ada")
    callers: list[Principal] = [
        ada,
        principal("ad"),
        principal("ada", ("read", "write")),
        principal("ada", ("read write",)),
        principal("ada", ("read", '"write')),
        msgspec.structs.replace(ada, roles=("read",), scopes=()),
        msgspec.structs.replace(ada, claims={"tenant": "a"}),
        msgspec.structs.replace(ada, claims={"tenant": "b"}),
        msgspec.structs.replace(ada, kind=CredentialKind.API_KEY),
    ]
    keying = Keying(claim="sub")
    suffixes = [keying.suffix(Headers(), one) for one in callers]
    assert None not in suffixes
    for one, other in itertools.combinations(suffixes, 2):
        assert one != other
    later = msgspec.structs.replace(ada, expires_at=1, issued_at=1, credential_id="x", family="y")
    assert keying.suffix(Headers(), later) == suffixes[0], "another token of the same caller"


UNKNOWN = [None, {}, {"tenant": ""}, {"tenant": 7}, {"tenant": ["a"]}, {"org": "a"}]


@pytest.mark.parametrize("claims", UNKNOWN)
def test_who_is_not_known_has_no_key(claims: dict[str, object] | None) -> None:
    who = None if claims is None else msgspec.structs.replace(principal(), claims=claims)
    assert Keying(claim="tenant").suffix(Headers(), who) is None


def test_callers_of_one_tenant_share() -> None:
    one, other = (
        msgspec.structs.replace(principal(name), claims={"tenant": "a", "x": name})
        for name in ("ada", "bob")
    )
    keying = Keying(claim="tenant")
    assert keying.suffix(Headers(), one) == keying.suffix(Headers(), other)


def test_fields_of_a_key_are_apart_by_their_normal_values() -> None:
    keying = Keying(headers=("accept-language", "x-a"))

    def suffix(*fields: tuple[str, str]) -> str | None:
        return keying.suffix(Headers(fields), None)

    assert suffix(("x-a", "1")) == suffix(("x-a", " 1"), ("x-b", "2"))
    assert suffix(("accept-language", "DE")) == suffix(("accept-language", "de"))
    different = [suffix(), suffix(("x-a", "")), suffix(("x-a", "1")), suffix(("x-a", "1, 2"))]
    assert len(set(different)) == 4
