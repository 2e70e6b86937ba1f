"""Foreign issuers: who they are, and what their tokens are worth here.

A setting names each one. Their tokens never say more than that setting allows: a scope that is not
listed falls away, and so does a role or a further claim; a subject is called by the issuer's name,
so that nobody there becomes somebody here.
"""

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from contract.auth import Principal
from contract.jose import jws
from contract.jose.algorithms import ASYMMETRIC
from contract.jose.jws import Jws, UnknownKey
from contract.jose.signatures import Asymmetric
from identity import claims
from identity.claims import Claims, InvalidClaims
from identity.grants import MAX_CLAIMS, RESERVED, ClaimName, Role, of_foreign_token
from identity.issuer_keys import IssuerKeys
from identity.tokens import TYPE, principal_of

_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""The last label of a host that a URL parser takes for an IPv4 address, in any notation."""
_LOOPBACK: Final = ("127.0.0.1", "localhost")


class TrustedIssuer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the setting TRUSTED_ISSUERS, a JSON array.

    `keys` is the address of the JWK set; without it the issuer's metadata is asked for it. `scopes`
    are those that its tokens may give. `types` are accepted values of the header's `typ`. `roles`
    says which role of ours each of theirs is worth, and `roles_claim` where theirs stand; `claims`
    are the further claims that are taken as they are.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    issuer: Annotated[str, Meta(min_length=1, max_length=512)]
    audience: Annotated[str, Meta(min_length=1, max_length=512)]
    keys: str = ""
    scopes: tuple[str, ...] = ()
    roles_claim: ClaimName = "roles"
    roles: Annotated[dict[str, Role], Meta(max_length=64)] = {}
    claims: Annotated[tuple[ClaimName, ...], Meta(max_length=MAX_CLAIMS)] = ()
    algorithms: Annotated[tuple[str, ...], Meta(min_length=1)] = (
        "RS256",
        "PS256",
        "ES256",
        "EdDSA",
    )
    types: Annotated[tuple[str, ...], Meta(min_length=1)] = (TYPE, "jwt")


_decoder: Final = msgspec.json.Decoder(Annotated[list[TrustedIssuer], Meta(max_length=16)])


def parse_issuers(text: str, *, development: bool) -> list[TrustedIssuer]:
    """The issuers in the setting; none where it is empty. Raises `ValueError`, which names it."""
    try:
        issuers: list[TrustedIssuer] = _decoder.decode(text or "[]")
        for issuer in issuers:
            _check(issuer, development=development)
        for values in ([one.name for one in issuers], [one.issuer for one in issuers]):
            if len(set(values)) < len(values):
                raise ValueError("two entries have the same name or issuer")
    except ValueError as error:  # msgspec's errors are ValueErrors too
        raise ValueError(f"TRUSTED_ISSUERS is not usable: {error}") from None
    return issuers


def _check(issuer: TrustedIssuer, *, development: bool) -> None:
    check_address(issuer.keys or issuer.issuer, development=development)
    reserved = RESERVED.intersection(issuer.claims)
    if reserved:
        raise ValueError(f"`claims` cannot name {', '.join(sorted(reserved))}")
    unknown = set(issuer.algorithms).difference(ASYMMETRIC)
    if unknown:
        known = ", ".join(ASYMMETRIC)
        raise ValueError(f"expected algorithms of {known}, found {', '.join(sorted(unknown))}")


def check_address(address: str, *, development: bool) -> None:
    """Raise `ValueError` for a URL from which no keys are fetched."""
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    if development and parts.scheme in ("http", "https") and host in _LOOPBACK:
        return
    if parts.scheme != "https" or not host or parts.username is not None or parts.fragment:
        raise ValueError(f"expected an https URL without user and fragment, found {address[:100]}")
    last = host.rstrip(".").rpartition(".")[2]
    if ":" in host or "." not in host or _NUMBER.fullmatch(last):
        raise ValueError(f"expected the name of a host, found {host[:100]}")


class ForeignIssuer:
    """Verifies the tokens of one foreign issuer."""

    def __init__(self, settings: TrustedIssuer, keys: IssuerKeys, asymmetric: Asymmetric) -> None:
        self._settings = settings
        self._keys = keys
        self._asymmetric = asymmetric

    def verify(self, token: Jws, now: float) -> Principal:
        """The holder.

        Raises `InvalidJws`, `InvalidClaims`, `InvalidGrants` and `IssuerUnavailable`.
        """
        settings = self._settings
        claims.check_type(token.header.get("typ", "jwt"), settings.types)
        algorithms = settings.algorithms
        if token.header.get("alg") not in algorithms:
            raise InvalidClaims("The token's algorithm is not accepted.")  # before keys are fetched
        try:
            jws.check(token, self._keys.current(now), algorithms, self._asymmetric)
        except UnknownKey:
            newer = self._keys.after_unknown_key(now)
            if newer is None:
                raise
            jws.check(token, newer, algorithms, self._asymmetric)
        checked = claims.check(
            token.payload,
            issuer=settings.issuer,
            audience=settings.audience,
            now=now,
            required=("iss", "aud", "sub", "exp", "iat"),
            sole_audience=False,
        )
        grants = of_foreign_token(
            token.payload,
            claims=settings.claims,
            roles_claim=settings.roles_claim,
            roles=settings.roles,
        )
        holder = principal_of(checked, grants)
        return msgspec.structs.replace(
            holder,
            subject=f"{settings.name}:{holder.subject}",
            scopes=tuple(scope for scope in _scopes(checked) if scope in settings.scopes),
        )


def _scopes(checked: Claims) -> list[str]:
    """What `scope` says (RFC 9068), or `scp`, as some issuers call it."""
    if checked.scope:
        return checked.scope.split()
    return checked.scp.split() if isinstance(checked.scp, str) else list(checked.scp)
