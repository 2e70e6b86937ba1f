"""Authenticate: who is calling, and may they? Fails closed when the auth Worker does not answer.

A verified credential is remembered in the isolate under its digest, so that a warm request makes no
call. How long bounds how late a revocation bites: see `Remembered.MAX_AGE`.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from contract.auth import Principal
from contract.names import IDENTITY
from contract.problems import (
    AUTH_UNAVAILABLE,
    INSUFFICIENT_SCOPE,
    INVALID_CREDENTIALS,
    MALFORMED_REQUEST,
    UNAUTHENTICATED,
    Problem,
)
from messages import Exchange, Response
from pipeline import Next
from policies.key_places import KeyPlaces
from ports import Authority, Unavailable

_CHALLENGE: Final = "Bearer"
_RETRY_AFTER: Final = "5"
_MAX_CREDENTIAL: Final = 8192


class _Entry(NamedTuple):
    principal: Principal
    identity: str
    until: float


class Remembered:
    """Credentials that were verified a moment ago, by digest; bounded, oldest out first."""

    MAX_AGE: Final = 60.0
    """Seconds after which a credential is verified again, however long it is valid."""

    MAX_ENTRIES: Final = 4096

    def __init__(self) -> None:
        self._entries: dict[bytes, _Entry] = {}

    def get(self, digest: bytes, now: float) -> _Entry | None:
        """The entry under `digest`, if it is still good at `now`."""
        entry = self._entries.get(digest)
        if entry is None:
            return None
        if now >= entry.until:
            del self._entries[digest]
            return None
        return entry

    def put(self, digest: bytes, principal: Principal, now: float) -> _Entry:
        """Remember `principal` until it expires or `MAX_AGE` is over, whichever comes first."""
        until = min(now + self.MAX_AGE, float(principal.expires_at))
        entry = _Entry(principal, msgspec.json.encode(principal).decode(), until)
        self._entries.pop(digest, None)
        while len(self._entries) >= self.MAX_ENTRIES:
            del self._entries[next(iter(self._entries))]
        self._entries[digest] = entry
        return entry

    def forget(self, credential_id: str) -> None:
        """Drop what was verified of the credential with this id, so that it is verified again."""
        named = [
            digest
            for digest, entry in self._entries.items()
            if entry.principal.credential_id == credential_id
        ]
        for digest in named:
            del self._entries[digest]

    def clear(self) -> None:
        """Drop everything."""
        self._entries.clear()


class Authenticate:
    """Requires a bearer credential (RFC 6750) whose principal has all of `scopes`.

    With `key_places` an API key may stand elsewhere.
    """

    def __init__(
        self,
        scopes: Sequence[str],
        authority: Authority,
        remembered: Remembered,
        key_places: KeyPlaces | None = None,
    ) -> None:
        self._scopes = frozenset(scopes)
        self._key_places = key_places
        self._authority = authority
        self._remembered = remembered

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        fields = exchange.request.headers.get_all("authorization")
        key = self._key_places.take(exchange.request) if self._key_places is not None else None
        if key is not None and fields:
            raise Problem(MALFORMED_REQUEST, "Send one credential, not two.")
        credential = key if key is not None else _bearer(fields)
        digest = hashlib.sha256(credential.encode()).digest()
        entry = self._remembered.get(digest, exchange.now)
        if entry is None:
            principal = await self._verify(credential)
            entry = self._remembered.put(digest, principal, exchange.now)
        missing = self._scopes.difference(entry.principal.scopes)
        if missing:
            raise _insufficient(sorted(self._scopes), sorted(missing))
        exchange.principal = entry.principal
        # The service learns who is calling, never the credential itself.
        exchange.request.headers.remove("authorization")
        exchange.request.headers.set(IDENTITY, entry.identity)
        return await next(exchange)

    async def _verify(self, credential: str) -> Principal:
        try:
            answer = await self._authority.verify(credential)
        except Unavailable as failure:
            raise Problem(AUTH_UNAVAILABLE, headers={"retry-after": _RETRY_AFTER}) from failure
        if answer.principal is None:
            raise Problem(
                INVALID_CREDENTIALS,
                answer.reason or None,
                headers={"www-authenticate": f'{_CHALLENGE} error="invalid_token"'},
            )
        return answer.principal


def _bearer(fields: list[str]) -> str:
    """The credential behind `Bearer`. Raises `Problem` where there is none, or more than one."""
    if not fields:
        raise Problem(UNAUTHENTICATED, headers={"www-authenticate": _CHALLENGE})
    scheme, _, credential = fields[0].partition(" ")
    credential = credential.strip()
    if scheme.lower() != "bearer" or not credential:
        raise Problem(
            UNAUTHENTICATED,
            "The Authorization field has another scheme than Bearer.",
            headers={"www-authenticate": _CHALLENGE},
        )
    # workerd joins repeated fields with a comma, which no credential contains.
    if len(fields) > 1 or "," in credential or " " in credential:
        raise Problem(MALFORMED_REQUEST, "There is more than one Authorization field.")
    if len(credential) > _MAX_CREDENTIAL:
        raise Problem(
            INVALID_CREDENTIALS,
            f"A credential has at most {_MAX_CREDENTIAL} characters.",
            headers={"www-authenticate": f'{_CHALLENGE} error="invalid_token"'},
        )
    return credential


def _insufficient(required: list[str], missing: list[str]) -> Problem:
    scope = " ".join(required)
    return Problem(
        INSUFFICIENT_SCOPE,
        f"Missing: {', '.join(missing)}.",
        headers={"www-authenticate": f'{_CHALLENGE} error="insufficient_scope", scope="{scope}"'},
    )
