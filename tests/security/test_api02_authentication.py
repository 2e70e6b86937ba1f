"""OWASP API2:2023 Broken Authentication: no credential but an issued one, no endless guessing."""

import base64
import json
from typing import Any

import jwt
import pytest

from runtime.host_signatures import generate
from tests.consumer import Consumer, address, bearer, mint, problem
from tests.plan import SIGNING_JWK

GOOD = mint()
HEADER, PAYLOAD, SIGNATURE = GOOD.split(".")
CLAIMS: dict[str, Any] = json.loads(base64.urlsafe_b64decode(PAYLOAD + "=="))
KEY = jwt.PyJWK.from_dict(SIGNING_JWK).key
OTHER = jwt.PyJWK.from_dict(generate("ES256", id="tests-1")).key


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def signed(claims: dict[str, Any], key: Any = KEY, **header: Any) -> str:
    algorithm = "HS256" if isinstance(key, bytes) else "ES256"
    fields = {"typ": "at+jwt", "kid": SIGNING_JWK["kid"], **header}
    return jwt.encode(claims, key, algorithm=algorithm, headers=fields)


FORGED: dict[str, str] = {
    "no algorithm": f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{PAYLOAD}.",
    "no algorithm, the signature left": f"{part({'alg': 'None'})}.{PAYLOAD}.{SIGNATURE}",
    "no signature": f"{HEADER}.{PAYLOAD}.",
    "another key": signed(CLAIMS, OTHER),
    "another algorithm, with a shared key": signed(CLAIMS, b"x" * 32),
    "other claims": f"{HEADER}.{part(CLAIMS | {'sub': 'root'})}.{SIGNATURE}",
    "its own key in the header": signed(CLAIMS, b"x" * 32, jwk={"kty": "oct", "k": "eA"}),
    "a key from elsewhere": signed(CLAIMS, b"x" * 32, jku="http://127.0.0.1:1/keys", kid="../x"),
    "for another audience": signed(CLAIMS | {"aud": "somebody-else"}),
    "from another issuer": signed(CLAIMS | {"iss": "somebody-else"}),
    "expired": signed(CLAIMS | {"exp": CLAIMS["iat"] - 3600}),
    "without an end": signed({name: value for name, value in CLAIMS.items() if name != "exp"}),
    "too long": "x" * 9000,
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_forged_tokens(anonymous: Consumer, token: str) -> None:
    problem(anonymous.get("/v2/roadmaps", headers=bearer(token)), 401, "invalid-credentials")


def test_the_good_one_is_good(anonymous: Consumer) -> None:
    assert anonymous.get("/v2/roadmaps", headers=bearer(GOOD)).status_code == 200


def test_a_credential_in_another_place_is_none(anonymous: Consumer) -> None:
    response = anonymous.get(
        f"/v2/roadmaps?access_token={GOOD}", headers={"cookie": f"access_token={GOOD}"}
    )
    problem(response, 401, "unauthenticated")
    assert GOOD not in response.text


def test_guessing_is_limited(anonymous: Consumer) -> None:
    fields = address()
    form = {"grant_type": "client_credentials"}
    answers = [
        anonymous.post("/oauth/token", data=form, auth=("demo", f"{n}"), headers=fields).status_code
        for n in range(7)
    ]
    assert answers[-1] == 429
