"""Access tokens of our own: what is issued, what is accepted, and how a key gives way to another.

How a signature or a claim can be wrong is the table of tests/signed_tokens.py.
"""

import json
from typing import Any

import jwt
import pytest

from contract.auth import CredentialKind, Principal
from identity.tokens import InvalidCredential, TokenAuthority, parse_signing_keys
from runtime.host_signatures import HostSignatures
from tests.signed_tokens import key, public

NOW = 1_795_000_000
ISSUER = "https://api.test"


def authority(*keys: dict[str, Any], issuer: str = ISSUER) -> TokenAuthority:
    parsed = parse_signing_keys(json.dumps({"keys": keys}))
    return TokenAuthority(parsed, HostSignatures(), issuer=issuer, audience="public-api")


OLD, NEW = key("ES256"), key("ES256", 2)


def issued(by: TokenAuthority) -> str:
    return by.issue("alice", ("a", "b"), now=NOW, lifetime=60, token_id="t-1")


@pytest.mark.parametrize("name", ["ES256", "ES512", "RS256", "PS256", "EdDSA", "Ed25519", "HS256"])
def test_an_issued_token_is_verified(name: str) -> None:
    ours = authority(key(name))
    token = issued(ours)
    assert ours.verify(token, NOW) == Principal(
        subject="alice",
        kind=CredentialKind.TOKEN,
        scopes=("a", "b"),
        issued_at=NOW,
        expires_at=NOW + 60,
        credential_id="t-1",
    )
    header = jwt.get_unverified_header(token)
    algorithm = "EdDSA" if name == "Ed25519" else name
    assert header == {"alg": algorithm, "typ": "at+jwt", "kid": f"{name}-1"}


def test_a_token_has_the_claims_of_its_profile() -> None:
    claims = jwt.decode(issued(authority(OLD)), options={"verify_signature": False})
    # RFC 9068, section 2.2, and when it begins to be valid.
    names = {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope", "nbf"}
    assert set(claims) == names


def test_a_key_gives_way_to_another_while_tokens_are_under_way() -> None:
    """The three sets of a rotation, one after the other; every isolate is at one of two of them."""
    announced, signing, alone = authority(OLD, NEW), authority(NEW, OLD), authority(NEW)
    before = authority(OLD)
    for verifying, accepted in (
        (before, [before, announced]),
        (announced, [before, announced, signing]),
        (signing, [before, announced, signing, alone]),
        (alone, [signing, alone]),
    ):
        for signer in accepted:
            assert verifying.verify(issued(signer), NOW).subject == "alice"
    with pytest.raises(InvalidCredential, match="key that is not known"):
        alone.verify(issued(before), NOW)
    with pytest.raises(InvalidCredential, match="key that is not known"):
        before.verify(issued(alone), NOW)


def test_a_public_key_in_the_set_verifies_and_does_not_sign() -> None:
    both = authority(public(OLD), NEW)
    assert jwt.get_unverified_header(issued(both))["kid"] == NEW["kid"]
    assert both.verify(issued(authority(OLD)), NOW).subject == "alice"


def test_tokens_of_somebody_else_with_our_key_are_refused() -> None:
    with pytest.raises(InvalidCredential, match="not issued for this API"):
        authority(OLD).verify(issued(authority(OLD, issuer="https://other.test")), NOW)


UNUSABLE: dict[str, tuple[str, str]] = {
    "missing": ("", "SIGNING_KEYS is missing"),
    "not JSON": ("secret", "it is not a JWK set"),
    "an old key": ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "it is not a JWK set"),
    "a key, not a set": (json.dumps(OLD), "it is not a JWK set"),
    "empty": ('{"keys":[]}', "there is no key in it"),
    "public only": (json.dumps({"keys": [public(OLD)]}), "there is no private key in it"),
    "one of two is weak": (
        json.dumps({"keys": [OLD, {**key("EdDSA"), "crv": "Ed448"}]}),
        "a key for EdDSA is on the curve Ed25519",
    ),
}


@pytest.mark.parametrize(("text", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_signing_keys_are_refused_without_being_quoted(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match="SIGNING_KEYS") as refused:
        parse_signing_keys(text)
    assert reason in str(refused.value)
    assert OLD["d"] not in str(refused.value)
