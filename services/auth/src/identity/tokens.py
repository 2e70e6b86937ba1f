"""Access tokens: JWTs (RFC 7519) of the profile RFC 9068, signed with our own keys.

The first private key of the set signs, all keys verify: that is what lets a key be replaced while
tokens of the old one are under way.
"""

from typing import Any, Final

import msgspec

from contract.auth import CredentialKind, Principal
from contract.jose import base64url, jws, signatures
from contract.jose.jwk import KeySet, UnusableKey, parse_own_set, published
from contract.jose.jws import InvalidJws, Jws
from contract.jose.signatures import Asymmetric
from identity import claims
from identity.claims import Claims, InvalidClaims
from identity.grants import NONE, Grants, InvalidGrants, checked, of_own_token

TYPE: Final = "at+jwt"


class InvalidCredential(Exception):
    """A credential that is not good. The text is for its sender: a sentence without secrets."""


def parse_signing_keys(text: str) -> KeySet:
    """The keys in the secret SIGNING_KEYS, a JWK set. Raises `ValueError` without a private one."""
    if not text:
        raise ValueError("SIGNING_KEYS is missing")
    try:
        keys = parse_own_set(text)
    except UnusableKey as error:
        raise ValueError(f"SIGNING_KEYS is not usable: {error}") from None
    if not any(key.can_sign for key in keys):
        raise ValueError("SIGNING_KEYS is not usable: there is no private key in it")
    return keys


class TokenAuthority:
    """Issues and verifies the tokens of one issuer for one audience."""

    def __init__(self, keys: KeySet, asymmetric: Asymmetric, *, issuer: str, audience: str) -> None:
        self.issuer = issuer
        self._keys = keys
        self._signing_key = next(key for key in keys if key.can_sign)
        self._algorithms = sorted({key.algorithm.name for key in keys})
        self._asymmetric = asymmetric
        self._audience = audience

    @property
    def algorithms(self) -> list[str]:
        """The names of the algorithms that tokens may be signed with."""
        return self._algorithms

    def published(self) -> dict[str, Any]:
        """The JWK set with which anybody can verify our tokens."""
        return published(self._keys)

    def issue(
        self,
        subject: str,
        scopes: tuple[str, ...],
        *,
        now: int,
        lifetime: int,
        token_id: str,
        client_id: str = "",
        session_id: str = "",
        grants: Grants = NONE,
    ) -> str:
        """A signed token for `subject`, good for `lifetime` seconds from `now`.

        `client_id` is that of the program, the subject itself unless given. Tokens with one
        `session_id` are revoked together. Raises `InvalidGrants`.
        """
        key = self._signing_key
        content: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self._audience,
            "sub": subject,
            "client_id": client_id or subject,
            "scope": " ".join(scopes),
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "jti": token_id,
        }
        if session_id:
            content["sid"] = session_id
        if grants.roles:
            content["roles"] = grants.roles
        content.update(checked(grants.roles, grants.claims).claims)
        signed = jws.signing_input(key, TYPE, msgspec.json.encode(content))
        signature = signatures.sign(key, signed.encode(), self._asymmetric)
        return f"{signed}.{base64url.encode(signature)}"

    def verify(self, token: str, now: float) -> Principal:
        """The token's holder. Raises `InvalidCredential`."""
        try:
            parsed = jws.parse(token)
            return principal_of(self.check(parsed, now), of_own_token(parsed.payload))
        except (InvalidJws, InvalidClaims, InvalidGrants) as error:
            raise InvalidCredential(str(error)) from None

    def claims(self, token: str, now: float) -> Claims:
        """What the token says. Raises `InvalidCredential`."""
        try:
            return self.check(jws.parse(token), now)
        except (InvalidJws, InvalidClaims) as error:
            raise InvalidCredential(str(error)) from None

    def check(self, token: Jws, now: float) -> Claims:
        """What the token says. Raises `InvalidJws` and `InvalidClaims`."""
        jws.check(token, self._keys, self._algorithms, self._asymmetric)
        claims.check_type(token.header.get("typ"), (TYPE,))
        return claims.check(token.payload, issuer=self.issuer, audience=self._audience, now=now)


def principal_of(claims: Claims, grants: Grants) -> Principal:
    """The holder that checked claims speak of."""
    return Principal(
        subject=claims.sub or "",
        kind=CredentialKind.TOKEN,
        scopes=tuple(claims.scope.split()),
        roles=grants.roles,
        claims=dict(grants.claims),
        issued_at=int(claims.iat or 0),
        expires_at=int(claims.exp or 0),
        credential_id=claims.jti,
        family=claims.sid,
    )
