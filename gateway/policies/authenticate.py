"""Authenticate: who is calling, and may they? Fails closed when the auth Worker does not answer.

A verified credential is remembered in the isolate under its digest, so that a warm request makes no
call. How long bounds how late a revocation bites: see `Remembered.MAX_AGE`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from contract.auth import Principal
from contract.problems import AUTH_UNAVAILABLE, INSUFFICIENT_SCOPE, Problem
from identities import Kept
from messages import Exchange, Response
from pipeline import Next
from policies.credentials import CHALLENGE, Credential, CredentialPlaces
from ports import Authority, IdentitySigner, Unavailable

_RETRY_AFTER: Final = "5"


class _Entry(NamedTuple):
    principal: Principal
    identities: Kept
    until: float


class Remembered:
    """Credentials that were verified a moment ago, by digest; bounded, oldest out first."""

    MAX_AGE: Final = 60.0
    """Seconds after which a credential is verified again, however long it is valid."""

    MAX_ENTRIES: Final = 4096

    def __init__(self) -> None:
        self._entries: dict[bytes, _Entry] = {}
        self.forgotten = 0
        """How often something was to be forgotten: what was asked before that may be out of date
        by the time of its answer."""

    def get(self, digest: bytes, now: float) -> _Entry | None:
        """The entry under `digest`, if it is still good at `now`."""
        entry = self._entries.get(digest)
        if entry is None:
            return None
        if now >= entry.until:
            del self._entries[digest]
            return None
        return entry

    def put(self, digest: bytes, principal: Principal, now: float, forgotten: int) -> _Entry:
        """Remember `principal` until it expires or `MAX_AGE` is over, whichever comes first.

        Unless something was to be forgotten since it was asked for, when that was `forgotten`.
        """
        until = min(now + self.MAX_AGE, float(principal.expires_at))
        entry = _Entry(principal, {}, until)
        self._entries.pop(digest, None)
        if forgotten != self.forgotten:
            return entry
        while len(self._entries) >= self.MAX_ENTRIES:
            del self._entries[next(iter(self._entries))]
        self._entries[digest] = entry
        return entry

    def forget(self, credential_id: str) -> None:
        """Drop what was verified of the credentials with this id, or of this family, so that they
        are verified again."""
        self.forgotten += 1
        named = [
            digest
            for digest, entry in self._entries.items()
            if credential_id in (entry.principal.credential_id, entry.principal.family)
        ]
        for digest in named:
            del self._entries[digest]

    def clear(self) -> None:
        """Drop everything."""
        self.forgotten += 1
        self._entries.clear()


class Authenticate:
    """Requires a credential whose principal has all of `scopes`.

    It is a bearer credential (RFC 6750), or what `credentials` takes from elsewhere.
    """

    def __init__(
        self,
        scopes: Sequence[str],
        authority: Authority,
        remembered: Remembered,
        credentials: CredentialPlaces | None = None,
        signer: IdentitySigner | None = None,
    ) -> None:
        """Without a `signer` the caller is for the gateway itself, and no service is told."""
        self._scopes = frozenset(scopes)
        self._credentials = credentials or CredentialPlaces()
        self._authority = authority
        self._remembered = remembered
        self._signer = signer

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        if self._signer is not None and self._signer.trouble:
            exchange.log["identity_error"] = self._signer.trouble
            raise Problem(AUTH_UNAVAILABLE, headers={"retry-after": _RETRY_AFTER})
        credential = self._credentials.take(exchange.request)
        digest = credential.digest()
        entry = self._remembered.get(digest, exchange.now)
        if entry is None:
            forgotten = self._remembered.forgotten
            principal = await self._verify(credential)
            entry = self._remembered.put(digest, principal, exchange.now, forgotten)
        missing = self._scopes.difference(entry.principal.scopes)
        if missing:
            raise _insufficient(sorted(self._scopes), sorted(missing))
        exchange.principal = entry.principal
        # The service learns who is calling, at the end of the pipeline. The credential is gone.
        exchange.identities = entry.identities
        return await next(exchange)

    async def _verify(self, credential: Credential) -> Principal:
        try:
            answer = await self._authority.verify(credential.text, session=credential.session)
        except Unavailable as failure:
            raise Problem(AUTH_UNAVAILABLE, headers={"retry-after": _RETRY_AFTER}) from failure
        if answer.principal is None:
            raise credential.refused(answer.reason or None)
        return answer.principal


def _insufficient(required: list[str], missing: list[str]) -> Problem:
    scope = " ".join(required)
    return Problem(
        INSUFFICIENT_SCOPE,
        f"Missing: {', '.join(missing)}.",
        headers={"www-authenticate": f'{CHALLENGE} error="insufficient_scope", scope="{scope}"'},
    )
