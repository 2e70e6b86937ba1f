"""Who is calling, as the gateway tells one service: a signed token in the field `Gateway-Identity`.

A compact JWS with claims of RFC 7519, good for one audience and five minutes at most. A service
verifies it with the gateway's public keys and asks nobody. The clock is handed in.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from contract.auth import CredentialKind, Principal
from contract.jose import jws
from contract.jose.jwk import KeySet, UnusableKey, parse_own_set
from contract.jose.jws import InvalidJws
from contract.jose.signatures import Asymmetric
from contract.jose.strict_json import decode_object

TYPE: Final = "gateway-identity+jwt"
"""The header's `typ` (RFC 8725, section 3.11): no other token of ours can be taken for one."""

ALGORITHMS: Final = ("EdDSA", "ES256")
"""Each key is good for one of them."""

LIFETIME: Final = 300
"""Seconds for which an identity is good at most."""

LEEWAY: Final = 30
"""Seconds by which two clocks may differ."""

MAX_LENGTH: Final = 12_288
"""Characters of a field. It says what a credential of up to 8,192 characters says."""

_Time = Annotated[int, Meta(ge=0, le=253_402_300_799)]
_Text = Annotated[str, Meta(min_length=1, max_length=512)]


class IdentityClaims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an identity says. Times are Unix seconds; `scope` is as in RFC 8693, section 4.2.

    `sub`, `kind`, `scope`, `roles` and `claims` are the caller's, `credential_id` names the token
    or key that was shown to the gateway.
    """

    iss: _Text
    aud: _Text
    sub: Annotated[str, Meta(min_length=1, max_length=1024)]
    kind: CredentialKind
    iat: _Time
    exp: _Time
    scope: str = ""
    roles: tuple[str, ...] = ()
    claims: dict[str, Any] = msgspec.field(default_factory=dict)
    credential_id: str = ""


class RefusedIdentity(Exception):
    """A field that does not say who is calling. The text is for the service's own log."""


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(IdentityClaims).decode


def gateway_name(environment: str) -> str:
    """`iss` of the identities that the gateway of this environment signs."""
    return f"edge-gateway/{environment}"


def identity_of(principal: Principal, *, issuer: str, audience: str, now: int) -> IdentityClaims:
    """What `audience` is told of `principal`, until `LIFETIME` is over or its credential is."""
    return IdentityClaims(
        iss=issuer,
        aud=audience,
        sub=principal.subject,
        kind=principal.kind,
        iat=now,
        exp=min(now + LIFETIME, principal.expires_at),
        scope=" ".join(principal.scopes),
        roles=principal.roles,
        claims=principal.claims,
        credential_id=principal.credential_id,
    )


def encode_identity(claims: IdentityClaims) -> bytes:
    """The payload to sign."""
    return _encode(claims)


def parse_signing_set(text: str, name: str) -> KeySet:
    """The gateway's keys, the first of which signs. Raises `ValueError`, which says `name`."""
    keys = _parse(text, name)
    if not all(key.can_sign for key in keys):
        raise ValueError(f"{name} is not usable: every key in it has to be a private one")
    return keys


def parse_public_keys(text: str, name: str) -> KeySet:
    """The public keys of the gateway. Raises `ValueError`, which says `name`.

    A service that knows a private key could sign for others; that is refused as well.
    """
    keys = _parse(text, name)
    if any(key.can_sign for key in keys):
        raise ValueError(f"{name} is not usable: there is a private key in it")
    return keys


def _parse(text: str, name: str) -> KeySet:
    if not text:
        raise ValueError(f"{name} is missing")
    try:
        keys = parse_own_set(text)
    except UnusableKey as error:
        raise ValueError(f"{name} is not usable: {error}") from None
    if any(key.algorithm.name not in ALGORITHMS for key in keys):
        raise ValueError(f"{name} is not usable: keys are for {' or '.join(ALGORITHMS)}")
    return keys


class IdentityVerifier:
    """Verifies the identities that one gateway has signed for one service.

    What was verified is remembered by the whole text, so that a caller's next request costs no
    signature; bounded, oldest out first.
    """

    MAX_REMEMBERED: Final = 2048

    def __init__(self, keys: KeySet, asymmetric: Asymmetric, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._asymmetric = asymmetric
        self._issuer = issuer
        self._audience = audience
        self._remembered: dict[str, Principal] = {}

    def verify(self, field: str, now: float) -> Principal:
        """The caller, whose `expires_at` is the end of `field`. Raises `RefusedIdentity`."""
        known = self._remembered.get(field)
        if known is not None:
            if now < known.expires_at + LEEWAY:
                return known
            del self._remembered[field]
        principal = self._verified(field, now)
        while len(self._remembered) >= self.MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[field] = principal
        return principal

    def _verified(self, field: str, now: float) -> Principal:
        try:
            token = jws.parse(field, max_length=MAX_LENGTH)
            if "kid" not in token.header:
                raise RefusedIdentity("it does not say which key it was signed with")
            jws.check(token, self._keys, ALGORITHMS, self._asymmetric)
        except InvalidJws as error:
            raise RefusedIdentity(str(error)) from None
        if token.header.get("typ") != TYPE:
            raise RefusedIdentity(f"its type is not {TYPE}")
        try:
            decode_object(token.payload)  # msgspec lets repeated members pass
            claims = _decode(token.payload)
        except (ValueError, RecursionError) as error:
            raise RefusedIdentity(f"its claims are not those of an identity: {error}") from None
        self._check(claims, now)
        return Principal(
            subject=claims.sub,
            kind=claims.kind,
            scopes=tuple(claims.scope.split()),
            roles=claims.roles,
            claims=claims.claims,
            issued_at=claims.iat,
            expires_at=claims.exp,
            credential_id=claims.credential_id,
        )

    def _check(self, claims: IdentityClaims, now: float) -> None:
        if claims.iss != self._issuer:
            raise RefusedIdentity(f"it was not signed by {self._issuer}")
        if claims.aud != self._audience:
            raise RefusedIdentity(f"it was signed for another service than {self._audience}")
        if now >= claims.exp + LEEWAY:
            raise RefusedIdentity("it has expired")
        if claims.iat > now + LEEWAY:
            raise RefusedIdentity("it is not valid yet")
        if claims.exp - claims.iat > LIFETIME:
            raise RefusedIdentity(f"it is good for more than {LIFETIME} s")
