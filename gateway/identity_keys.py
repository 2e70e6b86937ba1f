"""The public keys with which services verify who is calling, for anybody to read."""

from typing import Final

import msgspec

from contract.problems import METHOD_NOT_ALLOWED, Problem
from messages import Exchange, Headers, Response
from ports import IdentitySigner

LIFETIME: Final = 300
"""Seconds for which a reader may keep them; a new key is announced for longer before it signs."""


class IdentityKeys:
    """Answers with the JWK set (RFC 7517) of what `signer` signs with."""

    def __init__(self, signer: IdentitySigner) -> None:
        self._signer = signer

    async def __call__(self, exchange: Exchange) -> Response:
        if exchange.request.method not in ("GET", "HEAD"):
            raise Problem(METHOD_NOT_ALLOWED, headers={"allow": "GET, HEAD"})
        fields = [
            ("content-type", "application/jwk-set+json"),
            ("cache-control", f"public, max-age={LIFETIME}"),
        ]
        return Response(200, Headers(fields), msgspec.json.encode(self._signer.published))
