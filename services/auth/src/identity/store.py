"""The SQL of clients and API keys. Every value is bound, every text a constant."""

from typing import Final

import msgspec

from contract.database import Database, Statement
from identity.api_keys import NOTE_USE_AFTER, ApiKey, ApiKeyRecord
from identity.clients import ClientRecord

_GET_CLIENT: Final = "SELECT * FROM clients WHERE id = ?"
_GET_KEY: Final = "SELECT * FROM api_keys WHERE id = ?"
_KEYS_OF: Final = "SELECT * FROM api_keys WHERE owner_id = ? ORDER BY created_at DESC, id LIMIT ?"
_KEYS: Final = "SELECT * FROM api_keys ORDER BY created_at DESC, id LIMIT ?"
_ADD_KEY: Final = (
    "INSERT INTO api_keys"
    " (id, secret_digest, owner_id, name, scopes, roles, claims, created_at, expires_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SUCCEED_KEY: Final = (
    "INSERT INTO api_keys"
    " (id, secret_digest, owner_id, name, scopes, roles, claims, created_at, expires_at)"
    " SELECT ?, ?, owner_id, name, scopes, roles, claims, ?, expires_at FROM api_keys"
    " WHERE id = ? AND owner_id = ? AND revoked_at IS NULL"
    " AND (expires_at IS NULL OR expires_at > ?) RETURNING *"
)
_END_KEY: Final = (
    "UPDATE api_keys SET expires_at = min(coalesce(expires_at, ?), ?)"
    " WHERE id = ? AND owner_id = ? AND revoked_at IS NULL"
)
_NOTE_USE: Final = (
    "UPDATE api_keys SET last_used_at = ?"
    " WHERE id = ? AND (last_used_at IS NULL OR last_used_at <= ?)"
)
_REVOKE_KEY: Final = (
    "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ? AND owner_id = ?"
    " RETURNING id"
)


class Store:
    """Clients and API keys in a SQL database. Methods raise `DatabaseUnavailable`."""

    MAX_LISTED: Final = 100

    def __init__(self, database: Database) -> None:
        self._database = database

    def client(self, id: str) -> ClientRecord | None:
        rows = self._database.query(_GET_CLIENT, id)
        return msgspec.convert(rows[0], ClientRecord) if rows else None

    def key(self, id: str) -> ApiKeyRecord | None:
        rows = self._database.query(_GET_KEY, id)
        return msgspec.convert(rows[0], ApiKeyRecord) if rows else None

    def keys_of(self, owner_id: str) -> list[ApiKeyRecord]:
        """The newest `MAX_LISTED` keys of an owner, revoked ones too."""
        rows = self._database.query(_KEYS_OF, owner_id, self.MAX_LISTED)
        return msgspec.convert(rows, list[ApiKeyRecord])

    def keys(self) -> list[ApiKeyRecord]:
        """The same of all owners."""
        return msgspec.convert(self._database.query(_KEYS, self.MAX_LISTED), list[ApiKeyRecord])

    def add_key(self, record: ApiKeyRecord) -> None:
        self._database.query(
            _ADD_KEY,
            *(record.id, record.secret_digest, record.owner_id, record.name, record.scopes),
            *(record.roles, record.claims, record.created_at, record.expires_at),
        )

    def succeed_key(
        self, id: str, owner_id: str, following: ApiKey, *, now: int, until: int
    ) -> ApiKeyRecord | None:
        """The record of a new key like the old one, which ends at `until` if not before.

        None where this owner has no such key that is good. Both or neither: one transaction.
        """
        made, _ = self._database.batch(
            Statement(
                _SUCCEED_KEY,
                (following.id, following.digest(), now, id, owner_id, now),
            ),
            Statement(_END_KEY, (until, until, id, owner_id)),
        )
        return msgspec.convert(made[0], ApiKeyRecord) if made else None

    def note_use(self, id: str, now: int) -> None:
        """Write down that a key was used; isolates that do so at once write once."""
        self._database.query(_NOTE_USE, now, id, now - NOTE_USE_AFTER)

    def revoke_key(self, id: str, owner_id: str, now: int) -> bool:
        """Whether this owner has such a key; the first revocation's time stays."""
        return bool(self._database.query(_REVOKE_KEY, now, id, owner_id))
