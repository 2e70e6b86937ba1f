"""API keys: `gk_<id>_<secret>`. The id finds the record, the secret proves the possession.

The secret has 256 random bits, so a plain SHA-256 of it cannot be searched, and verifying one costs
nothing. What is stored tells nobody the key.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from contract.auth import CredentialKind, Principal
from identity.tokens import InvalidCredential

PREFIX: Final = "gk_"
MAX_LENGTH: Final = 200

RECHECK_AFTER: Final = 60
"""Seconds after which a key has to be verified again, so that a revocation takes effect."""

_UNKNOWN: Final = "0" * 64
_INVALID: Final = "The API key is not valid."


class ApiKey(NamedTuple):
    """A key in its two parts."""

    id: str
    secret: str

    def text(self) -> str:
        """The key as its owner holds it."""
        return f"{PREFIX}{self.id}_{self.secret}"

    def digest(self) -> str:
        """What is stored in place of the secret."""
        return hashlib.sha256(self.secret.encode()).hexdigest()


class ApiKeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored key. Times are Unix seconds."""

    id: str
    secret_digest: str
    owner_id: str
    name: str
    scopes: str
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None


def generate(entropy: Callable[[int], bytes]) -> ApiKey:
    """A new key out of random bytes."""
    id = base64.b32encode(entropy(10)).decode().lower()
    return ApiKey(id, base64.urlsafe_b64encode(entropy(32)).decode().rstrip("="))


def parse(text: str) -> ApiKey:
    """The parts of a key. Raises `InvalidCredential` where it has not the form of one."""
    prefix, _, rest = text.partition("_")
    id, _, secret = rest.partition("_")
    if len(text) > MAX_LENGTH or f"{prefix}_" != PREFIX or not id or not secret:
        raise InvalidCredential(_INVALID)
    return ApiKey(id, secret)


def verify(key: ApiKey, record: ApiKeyRecord | None, now: int) -> Principal:
    """The owner of `key`. Raises `InvalidCredential`; an unknown key costs the same work."""
    stored = record.secret_digest if record else _UNKNOWN
    matches = hmac.compare_digest(key.digest().encode(), stored.encode())
    if record is None or not matches:
        raise InvalidCredential(_INVALID)
    if record.revoked_at is not None:
        raise InvalidCredential("The API key was revoked.")
    recheck = now + RECHECK_AFTER
    expires_at = recheck if record.expires_at is None else min(record.expires_at, recheck)
    if expires_at <= now:
        raise InvalidCredential("The API key has expired.")
    return Principal(
        subject=record.owner_id,
        kind=CredentialKind.API_KEY,
        scopes=tuple(record.scopes.split()),
        issued_at=record.created_at,
        expires_at=expires_at,
        credential_id=record.id,
    )
