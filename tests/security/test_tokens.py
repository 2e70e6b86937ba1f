"""Tokens that somebody made or changed himself are refused (RFC 8725)."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from tests.consumer import Consumer, bearer, mint, problem
from tests.plan import ISSUER, SIGNING_JWK
from tests.signed_tokens import key, public, token


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {
        "iss": ISSUER,
        "aud": "public-api",
        "sub": "forger",
        "scope": "roadmaps:read",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def signed(payload: dict[str, Any], private: dict[str, Any] = SIGNING_JWK, **header: Any) -> str:
    return token(private, payload, **header)


def by_hmac(secret: bytes) -> str:
    """An HMAC with what everybody may know, under the name of our key."""
    header = {"alg": "HS256", "typ": "at+jwt", "kid": SIGNING_JWK["kid"]}
    parts = [json.dumps(part).encode() for part in (header, claims())]
    content = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
    digest = hmac.digest(secret, content.encode(), hashlib.sha256)
    return f"{content}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def unsigned(header: dict[str, str]) -> str:
    parts = [json.dumps(part).encode() for part in (header, claims())]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."


def with_other_claims(token: str) -> str:
    """The signature of one token under the claims of another."""
    header, _, signature = token.split(".")
    _, payload, _ = mint("somebody else").split(".")
    return f"{header}.{payload}.{signature}"


LATER = int(time.time()) + 3600

FORGED = {
    "signed by nobody": unsigned({"alg": "none", "typ": "at+jwt"}),
    "signed by nobody, spelled otherwise": unsigned({"alg": "nOnE", "typ": "at+jwt"}),
    "signed with another key": signed(claims(), key("ES256"), kid=SIGNING_JWK["kid"]),
    "signed with a key that it brings along": signed(
        *(claims(), key("ES256")), kid=SIGNING_JWK["kid"], jwk=public(key("ES256"))
    ),
    "signed with another algorithm": signed(claims(), key("RS256"), kid=SIGNING_JWK["kid"]),
    "signed with our public key as a secret": by_hmac(json.dumps(public(SIGNING_JWK)).encode()),
    "signed with nothing as a secret": by_hmac(b""),
    "with an extension that must be known": signed(claims(), crit=["exp"], exp=1),
    "signed for other claims": with_other_claims(mint()),
    "of another issuer": signed(claims(iss="somebody")),
    "for another audience": signed(claims(aud="internal-api")),
    "for several audiences": signed(claims(aud=["public-api", "internal-api"])),
    "of another type": signed(claims(), typ="JWT"),
    "without an end": signed(claims(exp=None)),
    "without a subject": signed(claims(sub=None)),
    "not valid yet": signed(claims(nbf=LATER)),
    "issued in the future": signed(claims(iat=LATER)),
    "expired": signed(claims(exp=int(time.time()) - 60)),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_a_token_that_we_did_not_issue_is_refused(anonymous: Consumer, token: str) -> None:
    response = anonymous.get("/v2/roadmaps", headers=bearer(token))
    problem(response, 401, "invalid-credentials")
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_the_table_differs_from_a_good_token_in_one_thing_each(anonymous: Consumer) -> None:
    response = anonymous.get("/v2/roadmaps", headers=bearer(signed(claims())))
    assert response.status_code == 200
