"""Runs a case of tests/signed_tokens.py: under CPython and in workerd, with the same outcome."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from contract.jose import base64url, jws, signatures
from contract.jose.jwk import UnusableKey, parse_own_set, parse_public_set
from contract.jose.jws import InvalidJws
from contract.jose.signatures import Asymmetric
from identity import claims
from identity.claims import InvalidClaims

ISSUER: Final = "https://issuer.test"
AUDIENCE: Final = "public-api"
GOOD: Final = "good"


def judge(case: Mapping[str, Any], asymmetric: Asymmetric) -> str:
    """`GOOD`, or the reason why not.

    `case`: token, keys (the text of a JWK set), algorithms, now, and own: whether the set is ours.
    """
    try:
        text = case["keys"]
        keys = parse_own_set(text) if case["own"] else parse_public_set(text.encode())
        header, payload = jws.verify(case["token"], keys, case["algorithms"], asymmetric)
        claims.check_type(header.get("typ"), ("at+jwt",))
        claims.check(payload, issuer=ISSUER, audience=AUDIENCE, now=case["now"])
    except (InvalidJws, InvalidClaims) as error:
        return str(error)
    except UnusableKey as error:
        return f"key: {error}"
    return GOOD


def sign_and_verify(text: str, asymmetric: Asymmetric) -> str:
    """A JWS that the first key of the set in `text` signs here, once it is verified here too."""
    keys = parse_own_set(text)
    header = {"alg": keys[0].algorithm.name, "kid": keys[0].id}
    content = ".".join(base64url.encode(msgspec.json.encode(part)) for part in (header, {"a": 1}))
    signature = signatures.sign(keys[0], content.encode(), asymmetric)
    token = f"{content}.{base64url.encode(signature)}"
    jws.verify(token, keys, [keys[0].algorithm.name], asymmetric)
    return token
