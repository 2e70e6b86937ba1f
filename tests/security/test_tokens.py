"""Tokens that somebody made or changed himself are refused (RFC 8725)."""

import base64
import json
import time
from typing import Any

import jwt
import pytest

from tests.consumer import Consumer, bearer, mint, problem
from tests.plan import SIGNING_KEY

KEY = base64.urlsafe_b64decode(SIGNING_KEY)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {
        "iss": "edge-gateway",
        "aud": "public-api",
        "sub": "forger",
        "scope": "roadmaps:read",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def signed(
    payload: dict[str, Any], key: bytes = KEY, algorithm: str = "HS256", typ: str = "at+jwt"
) -> str:
    return jwt.encode(payload, key, algorithm=algorithm, headers={"typ": typ})


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
    "signed with another key": signed(claims(), b"x" * 32),
    "signed with another algorithm": signed(claims(), KEY * 2, "HS512"),
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
