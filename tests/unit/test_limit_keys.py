"""Whose requests are counted together, by each word of `by`."""

import msgspec
import pytest

from contract.auth import CredentialKind
from limiting.keys import key_by
from tests.unit.fakes import exchange, principal

Caller = dict[str, str]
"""`address`, `subject`, `key`, `tenant`, `header`: as far as there is one."""

ADA: Caller = {"subject": "ada", "address": "192.0.2.1"}
SHARING: list[tuple[str | list[str], Caller, Caller, bool]] = [
    # counted by, one, another, do they share a quota?
    ("network", {"address": "192.0.2.1"}, {"address": "192.0.2.200"}, True),
    ("network", {"address": "192.0.2.1"}, {"address": "192.0.3.1"}, False),
    ("network", {"address": "2001:db8:1:2::1"}, {"address": "2001:db8:1:3::1"}, True),
    ("network", {"address": "2001:db8:1::1"}, {"address": "2001:db8:2::1"}, False),
    ("network", {"address": "nonsense"}, {"address": "nonsense"}, True),
    ("claim:tenant", {"subject": "ada", "tenant": "a"}, {"subject": "bob", "tenant": "a"}, True),
    ("claim:tenant", {"subject": "ada", "tenant": "a"}, {"subject": "ada", "tenant": "b"}, False),
    # Who has no such value counts as the caller, and else by address.
    ("claim:tenant", ADA, {"subject": "bob", "address": "192.0.2.1"}, False),
    ("claim:tenant", ADA, {"subject": "ada", "address": "192.0.2.9"}, True),
    ("claim:tenant", {"address": "192.0.2.1"}, {"address": "192.0.2.1"}, True),
    ("claim:tenant", {"subject": "ada"}, {"subject": "ada", "tenant": ""}, True),
    ("api_key", {"subject": "ada", "key": "1"}, {"subject": "ada", "key": "2"}, False),
    ("api_key", {"subject": "ada", "key": "1"}, {"subject": "bob", "key": "1"}, True),
    ("api_key", {"subject": "ada"}, {"subject": "ada", "address": "192.0.2.9"}, True),
    ("header:X-Device", {"header": "one"}, {"header": "one", "address": "192.0.2.9"}, True),
    ("header:X-Device", {"header": "one"}, {"header": "two"}, False),
    ("header:X-Device", {}, {"address": "192.0.2.9"}, False),
    (["subject", "address"], ADA, {**ADA, "address": "192.0.2.9"}, False),
    (["subject", "address"], ADA, {**ADA, "subject": "bob"}, False),
    (["subject", "address"], ADA, ADA, True),
    # Nobody can pass for another by what he calls himself.
    ("header:X-Device", {"header": "192.0.2.1"}, {"address": "192.0.2.1"}, False),
    (["header:X-Device", "address"], {"header": 'one", "192.0.2.9', "address": "192.0.2.1"},
     {"header": "one", "address": "192.0.2.9"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("by", "one", "other", "shared"), SHARING)
def test_who_shares_a_quota(by: str | list[str], one: Caller, other: Caller, shared: bool) -> None:
    assert (key(by, one) == key(by, other)) is shared


@pytest.mark.parametrize("by", ["address", "subject", "claim:tenant", "header:X-Device"])
def test_nothing_that_names_a_person_is_in_a_key(by: str) -> None:
    shown = key(by, {**ADA, "tenant": "ada & sons", "header": "ada's"})
    assert len(shown) == 32
    assert set(shown) <= set("0123456789abcdef")


def key(by: str | list[str], caller: Caller) -> str:
    headers = {"x-device": caller["header"]} if "header" in caller else {}
    asked = exchange(address=caller.get("address", "192.0.2.1"), headers=headers)
    if "subject" in caller:
        claims = {"tenant": caller["tenant"]} if "tenant" in caller else {}
        asked.principal = msgspec.structs.replace(principal(caller["subject"]), claims=claims)
    if "key" in caller and asked.principal is not None:
        asked.principal = msgspec.structs.replace(
            asked.principal, kind=CredentialKind.API_KEY, credential_id=caller["key"]
        )
    return key_by(by)(asked)
