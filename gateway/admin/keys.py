"""`/-/keys`: everybody's API keys, which the auth Worker keeps."""

from typing import Final

import msgspec

from admin.endpoint import Asked, Endpoint
from contract.names import IDENTITY, Binding
from contract.operators import KEYS
from contract.problems import UPSTREAM_INVALID, Problem
from identities import Identities
from messages import BodyBroken, BodyTooLarge, Response, read_body
from ports import Service

_TIMEOUT: Final = 5.0
_MAX_BODY: Final = 8 * 1024
_MAX_ANSWER: Final = 1024 * 1024


class _Made(msgspec.Struct):
    """What of a new key is written down: never the key."""

    id: str = ""
    owner: str = ""


_decode_made = msgspec.json.Decoder(_Made).decode


class KeyEndpoints:
    """Passes on to the auth Worker, which judges the operator's scopes itself."""

    def __init__(self, auth: Service, identities: Identities) -> None:
        self._auth = auth
        self._identities = identities

    def endpoints(self) -> tuple[Endpoint, ...]:
        """All of them."""
        new = ("owner", "name", "scopes", "roles", "claims", "expires_at")
        body = _MAX_BODY
        return (
            Endpoint("keys.list", "GET", "keys", KEYS, self._pass_on),
            Endpoint("keys.create", "POST", "keys", KEYS, self._make, max_body=body, noted=new),
            Endpoint(
                *("keys.rotate", "POST", "keys/{id}/rotate", KEYS, self._make),
                max_body=body,
                noted=("overlap",),
            ),
            Endpoint("keys.revoke", "DELETE", "keys/{id}", KEYS, self._pass_on),
        )

    async def _make(self, asked: Asked) -> Response:
        response = await self._pass_on(asked)
        if response.status == 201 and isinstance(response.body, bytes):
            made = _decode_made(response.body)
            asked.result.update({"id": made.id, "owner": made.owner})
        return response

    async def _pass_on(self, asked: Asked) -> Response:
        exchange, request = asked.exchange, asked.exchange.request
        if exchange.principal is not None:
            identity = self._identities.field(exchange, exchange.principal, Binding.AUTH)
            request.headers.add(IDENTITY, await identity)
        response = await self._auth.send(request, timeout=_TIMEOUT)
        try:
            response.body = await read_body(response.body, _MAX_ANSWER) or None
        except (BodyTooLarge, BodyBroken):
            raise Problem(UPSTREAM_INVALID) from None
        response.origin = None
        return response
