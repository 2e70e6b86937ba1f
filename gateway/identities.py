"""Who is calling, signed for one service: made where the destination is known, and then kept.

What is made of a verified credential is remembered with it (`policies.authenticate`), so that a
warm request signs nothing.
"""

from typing import Final, NamedTuple

from contract.auth import Principal
from contract.identity import encode_identity, identity_of
from contract.problems import AUTH_UNAVAILABLE, Problem
from messages import Exchange
from ports import IdentitySigner, Unavailable

RENEW_BEFORE: Final = 60
"""Seconds before its end at which an identity is made anew, if the new one would last longer."""

MAX_KEPT: Final = 64
"""Services for which one credential's identities are remembered."""


class Identity(NamedTuple):
    """A field for a service. Times are Unix seconds."""

    field: str
    renew_at: float


Kept = dict[str, Identity]
"""Identities of one verified credential, by their audience."""


class Identities:
    """Tells services who is calling, in the name of the gateway that has `signer`'s keys."""

    def __init__(self, signer: IdentitySigner) -> None:
        self._signer = signer

    async def field(self, exchange: Exchange, principal: Principal, audience: str) -> str:
        """The field by which the service `audience` knows `principal`.

        Raises `Problem` (auth-unavailable) where it cannot be signed.
        """
        kept = exchange.identities
        if kept is not None:
            known = kept.get(audience)
            if known is not None and exchange.now < known.renew_at:
                return known.field
        made = await self._sign(principal, audience, exchange)
        if kept is not None:
            if len(kept) >= MAX_KEPT:
                kept.clear()
            kept[audience] = made
        return made.field

    async def _sign(self, principal: Principal, audience: str, exchange: Exchange) -> Identity:
        claims = identity_of(
            principal, issuer=self._signer.issuer, audience=audience, now=int(exchange.now)
        )
        try:
            field = await self._signer.sign(encode_identity(claims))
        except Unavailable as failure:
            exchange.log["identity_error"] = str(failure)
            raise Problem(AUTH_UNAVAILABLE, headers={"retry-after": "5"}) from failure
        ends_with_credential = claims.exp >= principal.expires_at
        return Identity(field, claims.exp if ends_with_credential else claims.exp - RENEW_BEFORE)
