"""People's sessions, and the refresh tokens that come of them: the SQL and the rules.

A refresh token is good once. Using it puts the digest of its successor in the place of its own, by
one conditional UPDATE; of two that use the same token only one can succeed. A token whose family is
there and whose digest is not has been used: then one of two holders is a thief, nobody can say
which, and the whole family ends (RFC 9700, section 4.14).
"""

import hashlib
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from contract.auth import CredentialKind, Principal
from contract.database import Database, Statement
from contract.sessions import SESSION_PREFIX
from identity import handle
from identity.grants import stored
from identity.handle import Handle

SESSION_LIFETIME: Final = 12 * 3600
"""Seconds from a login until the next one."""

FAMILY_LIFETIME: Final = 30 * 86_400
"""Seconds from the first refresh token until a family ends, however often it was used."""

ACCESS_LIFETIME: Final = 600
"""Seconds for which an access token of a person is good."""

RECHECK_AFTER: Final = 60
"""Seconds after which a session has to be verified again, so that its end takes effect."""

REFRESH_PREFIX: Final = "gr"

_ACCOUNT: Final = "SELECT * FROM accounts WHERE id = ?"
_ADD_SESSION: Final = (
    "INSERT INTO sessions (id, secret_digest, account_id, created_at, expires_at)"
    " VALUES (?, ?, ?, ?, ?)"
)
_CLEAN_SESSIONS: Final = "DELETE FROM sessions WHERE expires_at <= ?"
_SESSION: Final = (
    "SELECT sessions.*, accounts.scopes, accounts.roles, accounts.claims FROM sessions"
    " JOIN accounts ON accounts.id = account_id"
    " WHERE sessions.id = ? AND expires_at > ? AND disabled_at IS NULL"
)
_END_SESSION: Final = "DELETE FROM sessions WHERE id = ?"
_FAMILIES_OF: Final = "SELECT id FROM refresh_families WHERE session_id = ? AND revoked_at IS NULL"
_REVOKE_FAMILIES_OF: Final = (
    "UPDATE refresh_families SET revoked_at = ? WHERE session_id = ? AND revoked_at IS NULL"
    " RETURNING id"
)
_ADD_FAMILY: Final = (
    "INSERT INTO refresh_families (id, secret_digest, account_id, session_id, scopes, generation,"
    " created_at, expires_at) VALUES (?, ?, ?, ?, ?, 1, ?, ?)"
)
_ROTATE: Final = (
    "UPDATE refresh_families SET secret_digest = ?, generation = generation + 1"
    " WHERE id = ? AND secret_digest = ? AND revoked_at IS NULL AND expires_at > ?"
    " AND (SELECT disabled_at FROM accounts WHERE accounts.id = account_id) IS NULL"
    " RETURNING *, (SELECT scopes FROM accounts WHERE accounts.id = account_id) AS account_scopes,"
    " (SELECT roles FROM accounts WHERE accounts.id = account_id) AS account_roles,"
    " (SELECT claims FROM accounts WHERE accounts.id = account_id) AS account_claims"
)
_FAMILY: Final = "SELECT * FROM refresh_families WHERE id = ?"
_REVOKE_FAMILY: Final = (
    "UPDATE refresh_families SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING id"
)
_REVOKE: Final = (
    "INSERT INTO revoked_tokens (id, expires_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING"
)
_CLEAN_REVOKED: Final = "DELETE FROM revoked_tokens WHERE expires_at <= ?"
_IS_REVOKED: Final = "SELECT 1 FROM revoked_tokens WHERE id IN (?, ?) LIMIT 1"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A stored account."""

    id: str
    password_hash: str
    scopes: str
    created_at: int
    disabled_at: int | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session, with the scopes, roles and claims that its account has now."""

    id: str
    secret_digest: str
    account_id: str
    scopes: str
    created_at: int
    expires_at: int
    roles: str = ""
    claims: str = "{}"

    def principal(self, now: int) -> Principal:
        """Whose it is, with every scope that the account has now. Raises `InvalidGrants`."""
        grants = stored(self.roles, self.claims)
        return Principal(
            subject=self.account_id,
            kind=CredentialKind.SESSION,
            scopes=tuple(self.scopes.split()),
            roles=grants.roles,
            claims=dict(grants.claims),
            issued_at=self.created_at,
            expires_at=min(self.expires_at, now + RECHECK_AFTER),
            credential_id=self.id,
        )


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """All refresh tokens that follow from one another."""

    id: str
    secret_digest: str
    account_id: str
    session_id: str
    scopes: str
    generation: int
    created_at: int
    expires_at: int
    revoked_at: int | None = None
    account_scopes: str = ""
    account_roles: str = ""
    account_claims: str = "{}"

    @property
    def token_session(self) -> str:
        """The claim `sid` of its access tokens. Not its id, which only a holder may know."""
        return token_session(self.id)

    def granted(self) -> tuple[str, ...]:
        """What it was made for, as far as the account still has it."""
        still = self.account_scopes.split()
        return tuple(scope for scope in self.scopes.split() if scope in still)


class Reused(Exception):
    """A refresh token that had been used was shown; its family has ended."""

    def __init__(self, account_id: str, generation: int) -> None:
        super().__init__(account_id)
        self.account_id = account_id
        self.generation = generation


class Rotated(NamedTuple):
    """A family after one of its tokens was used, and the token that is good now."""

    family: Family
    token: str


class Sessions:
    """Sessions and refresh tokens in the database. Methods raise `DatabaseUnavailable`."""

    def __init__(
        self,
        database: Database,
        entropy: Callable[[int], bytes],
        announce: Callable[[str], None],
    ) -> None:
        """`announce` tells isolates to forget what has ended, once that is written."""
        self._database = database
        self._entropy = entropy
        self._announce = announce

    def account(self, id: str) -> Account | None:
        rows = self._database.query(_ACCOUNT, id)
        return msgspec.convert(rows[0], Account) if rows else None

    def open(self, account_id: str, now: int) -> str:
        """A new session; its credential."""
        session = handle.generate(self._entropy)
        self._database.batch(
            Statement(_CLEAN_SESSIONS, (now,)),
            Statement(
                _ADD_SESSION,
                (session.id, session.digest(), account_id, now, now + SESSION_LIFETIME),
            ),
        )
        return session.text(SESSION_PREFIX)

    def find(self, credential: str, now: int) -> Session | None:
        """The session of `credential`, if it has not ended."""
        shown = handle.parse(SESSION_PREFIX, credential)
        rows = self._database.query(_SESSION, shown.id, now) if shown else []
        if not rows or shown is None:
            return None
        session = msgspec.convert(rows[0], Session)
        return session if shown.matches(session.secret_digest) else None

    def close(self, session: Session, now: int) -> None:
        """End it, and every refresh and access token that came of it."""
        rows = self._database.query(_FAMILIES_OF, session.id)
        known = [row["id"] for row in rows]
        # In one transaction: what fails half-way could not be asked for again.
        _, families, *_ = self._database.batch(
            Statement(_END_SESSION, (session.id,)),
            Statement(_REVOKE_FAMILIES_OF, (now, session.id)),
            *(_revoking(token_session(id), now + ACCESS_LIFETIME) for id in known),
        )
        self._announce(session.id)
        for id in known:
            self._announce(token_session(id))
        for row in families:
            if row["id"] not in known:  # began in between
                self.revoke_token(token_session(row["id"]), now + ACCESS_LIFETIME, now)

    def start_family(self, session: Session, scopes: tuple[str, ...], now: int) -> Rotated:
        """The first refresh token of a new family."""
        first = handle.generate(self._entropy)
        family = Family(
            id=first.id,
            secret_digest=first.digest(),
            account_id=session.account_id,
            session_id=session.id,
            scopes=" ".join(scopes),
            generation=1,
            created_at=now,
            expires_at=now + FAMILY_LIFETIME,
            account_scopes=session.scopes,
            account_roles=session.roles,
            account_claims=session.claims,
        )
        self._database.query(
            _ADD_FAMILY,
            *(family.id, family.secret_digest, family.account_id, family.session_id),
            *(family.scopes, now, family.expires_at),
        )
        return Rotated(family, first.text(REFRESH_PREFIX))

    def promised(self, token: str) -> tuple[str, ...] | None:
        """The scopes that a refresh token was made for; None for one that is not the latest."""
        shown = handle.parse(REFRESH_PREFIX, token)
        family = self.family(shown.id) if shown is not None else None
        if shown is None or family is None or not shown.matches(family.secret_digest):
            return None
        return tuple(family.scopes.split())

    def rotate(self, token: str, now: int) -> Rotated | None:
        """Use a refresh token up; None where it is not good. Raises `Reused`."""
        shown = handle.parse(REFRESH_PREFIX, token)
        if shown is None:
            return None
        following = Handle(shown.id, handle.new_secret(self._entropy))
        rows = self._database.query(_ROTATE, following.digest(), shown.id, shown.digest(), now)
        if rows:
            rotated = msgspec.convert(rows[0], Family)
            return Rotated(rotated, following.text(REFRESH_PREFIX))
        family = self.family(shown.id)
        if family is None or shown.matches(family.secret_digest):
            return None
        # The id is in no access token, so who knows it has held a token of the family.
        if self.end_family(shown.id, now):
            raise Reused(family.account_id, family.generation)
        return None

    def family(self, id: str) -> Family | None:
        rows = self._database.query(_FAMILY, id)
        return msgspec.convert(rows[0], Family) if rows else None

    def end_family(self, id: str, now: int) -> bool:
        """Whether it had not ended; its access tokens end as well. Only for one that is there."""
        session = token_session(id)
        ended, *_ = self._database.batch(
            Statement(_REVOKE_FAMILY, (now, id)), _revoking(session, now + ACCESS_LIFETIME)
        )
        if ended:
            self._announce(session)
        return bool(ended)

    def revoke_token(self, id: str, expires_at: int, now: int) -> None:
        """End an access token by its `jti`, or all of a `sid`; remembered until `expires_at`."""
        self._database.batch(Statement(_CLEAN_REVOKED, (now,)), _revoking(id, expires_at))
        self._announce(id)

    def is_revoked(self, token_id: str, session_id: str) -> bool:
        """Whether the access token with this `jti` and `sid` was ended."""
        return bool(self._database.query(_IS_REVOKED, token_id, session_id))


def _revoking(id: str, expires_at: int) -> Statement:
    return Statement(_REVOKE, (id, expires_at))


def token_session(family_id: str) -> str:
    """The claim `sid` of a family's access tokens."""
    return hashlib.sha256(family_id.encode()).hexdigest()[:32]
