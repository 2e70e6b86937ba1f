"""Who is calling: signed in the gateway's place, and read with another library than ours."""

import time
from typing import Any, Final

import jwt

from contract.auth import CredentialKind, Principal
from contract.identity import ALGORITHMS, TYPE, encode_identity, gateway_name, identity_of
from contract.jose import base64url
from contract.jose.jwk import Key, parse_key
from contract.jose.jws import signing_input
from contract.names import IDENTITY
from runtime.host_signatures import HostSignatures
from tests.plan import IDENTITY_JWK

GATEWAY: Final = gateway_name("production")
KEY: Final = parse_key(IDENTITY_JWK)


def sign(payload: bytes, key: Key = KEY, type: str = TYPE) -> str:
    """A compact JWS."""
    content = signing_input(key, type, payload)
    return f"{content}.{base64url.encode(HostSignatures().sign(key, content.encode()))}"


def identified(audience: str, subject: str = "alice", *scopes: str) -> dict[str, str]:
    """The field by which the gateway names a caller to a service."""
    now = int(time.time())
    caller = Principal(
        subject=subject, kind=CredentialKind.TOKEN, scopes=scopes, expires_at=now + 600
    )
    told = identity_of(caller, issuer=GATEWAY, audience=audience, now=now)
    return {IDENTITY: sign(encode_identity(told))}


def caller_in(field: str, audience: str) -> dict[str, Any]:
    """The claims in `field`, as PyJWT verifies them for this service."""
    public = {name: value for name, value in IDENTITY_JWK.items() if name != "d"}
    assert jwt.get_unverified_header(field)["typ"] == TYPE
    claims: dict[str, Any] = jwt.decode(
        field, jwt.PyJWK(public), algorithms=list(ALGORITHMS), audience=audience, issuer=GATEWAY
    )
    return claims
