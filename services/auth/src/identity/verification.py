"""Whether a credential is good: a session if it came as a cookie; else an API key or a token, by
its shape; a token by its issuer.

The issuer that a token names decides with whose keys it is checked, and nothing more: those keys,
and the claim once the signature is found good, decide whether it is right about that.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

from contract.auth import Principal, VerifyResponse
from contract.database import DatabaseUnavailable
from contract.jose import jws
from contract.jose.jws import InvalidJws
from identity import api_keys, claims
from identity.claims import Claims, InvalidClaims
from identity.demo import DemoCredentials
from identity.grants import InvalidGrants, of_own_token
from identity.issuers import ForeignIssuer
from identity.sessions import Sessions
from identity.store import Store
from identity.tokens import InvalidCredential, TokenAuthority, principal_of


class Verifier:
    """Verifies credentials by the signing key, the store and, in development, the demo key."""

    def __init__(
        self,
        tokens: TokenAuthority,
        foreign: Mapping[str, ForeignIssuer],
        store: Store,
        sessions: Sessions,
        *,
        demo: DemoCredentials,
        clock: Callable[[], float],
    ) -> None:
        self._tokens = tokens
        self._foreign = foreign
        self._store = store
        self._sessions = sessions
        self._demo = demo
        self._clock = clock

    def verify(self, credential: str, *, session: bool = False) -> VerifyResponse:
        """Who holds `credential`, or why it is not good. `session`: it came as that cookie.

        Raises `DatabaseUnavailable` and `IssuerUnavailable`, where that cannot be found out.
        """
        try:
            known = self._person(credential) if session else self._principal(credential)
            return VerifyResponse(principal=known)
        except (InvalidCredential, InvalidJws, InvalidClaims, InvalidGrants) as error:
            return VerifyResponse(reason=str(error))

    def _person(self, credential: str) -> Principal:
        now = int(self._clock())
        session = self._sessions.find(credential, now)
        if session is None:
            raise InvalidCredential("The session has ended, or never was.")
        return session.principal(now)

    def _principal(self, credential: str) -> Principal:
        now = self._clock()
        if not credential.startswith(api_keys.PREFIX):
            return self._holder(credential, now)
        key = api_keys.parse(credential)
        demo = self._demo.key_record(key.id)
        record = demo or self._store.key(key.id)
        holder = api_keys.verify(key, record, int(now))
        if record is not None and record is not demo and record.is_use_news(int(now)):
            with suppress(DatabaseUnavailable):  # the key is good all the same
                self._store.note_use(key.id, int(now))
        return holder

    def _holder(self, credential: str, now: float) -> Principal:
        token = jws.parse(credential)
        issuer = claims.unverified_issuer(token.payload)
        foreign = self._foreign.get(issuer) if issuer else None
        if foreign is not None:
            return foreign.verify(token, now)
        checked = self._tokens.check(token, now)
        if self._is_revoked(checked):
            raise InvalidCredential("The token was revoked.")
        return principal_of(checked, of_own_token(token.payload))

    def _is_revoked(self, checked: Claims) -> bool:
        """Where the database is down, tokens go on: they are short-lived, and all of the API would
        stand still otherwise."""
        try:
            return self._sessions.is_revoked(checked.jti, checked.sid)
        except DatabaseUnavailable:
            return False
