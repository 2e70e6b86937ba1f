"""API keys: `gk_<id>_<secret>`, see `handle.py` for what is stored of one."""

from collections.abc import Callable
from typing import Final

import msgspec

from contract.auth import API_KEY_PREFIX, CredentialKind, Principal
from identity import handle
from identity.grants import stored
from identity.handle import Handle
from identity.tokens import InvalidCredential

PREFIX: Final = API_KEY_PREFIX

RECHECK_AFTER: Final = 60
"""Seconds after which a key has to be verified again, so that a revocation takes effect."""

NOTE_USE_AFTER: Final = 3600
"""Seconds for which the time of a key's last use is not written again."""

_UNKNOWN: Final = "0" * 64
_INVALID: Final = "The API key is not valid."


class ApiKey(Handle):
    """A key in its two parts."""

    def text(self, prefix: str = "gk") -> str:
        """The key as its owner holds it."""
        return super().text(prefix)


class ApiKeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored key. Times are Unix seconds."""

    id: str
    secret_digest: str
    owner_id: str
    name: str
    scopes: str
    roles: str = ""
    claims: str = "{}"
    created_at: int
    expires_at: int | None = None
    revoked_at: int | None = None
    last_used_at: int | None = None

    def is_use_news(self, now: int) -> bool:
        """Whether its use at `now` is worth a write."""
        return self.last_used_at is None or now >= self.last_used_at + NOTE_USE_AFTER


def generate(entropy: Callable[[int], bytes]) -> ApiKey:
    """A new key out of random bytes."""
    return ApiKey(*handle.generate(entropy))


def parse(text: str) -> ApiKey:
    """The parts of a key. Raises `InvalidCredential` where it has not the form of one."""
    found = handle.parse("gk", text)
    if found is None:
        raise InvalidCredential(_INVALID)
    return ApiKey(*found)


def verify(key: ApiKey, record: ApiKeyRecord | None, now: int) -> Principal:
    """The owner of `key`. Raises `InvalidCredential` and, where something
    else than roles and claims is stored, `InvalidGrants`; an unknown key costs the same work."""
    matches = key.matches(record.secret_digest if record else _UNKNOWN)
    if record is None or not matches:
        raise InvalidCredential(_INVALID)
    if record.revoked_at is not None:
        raise InvalidCredential("The API key was revoked.")
    recheck = now + RECHECK_AFTER
    expires_at = recheck if record.expires_at is None else min(record.expires_at, recheck)
    if expires_at <= now:
        raise InvalidCredential("The API key has expired.")
    grants = stored(record.roles, record.claims)
    return Principal(
        subject=record.owner_id,
        kind=CredentialKind.API_KEY,
        scopes=tuple(record.scopes.split()),
        roles=grants.roles,
        claims=dict(grants.claims),
        issued_at=record.created_at,
        expires_at=expires_at,
        credential_id=record.id,
    )
