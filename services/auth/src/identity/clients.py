"""OAuth clients: programs that obtain tokens for themselves with an id and a secret."""

import msgspec

from identity.passwords import Derive, verify_hash


class ClientRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored client."""

    id: str
    secret_hash: str
    scopes: str
    roles: str = ""
    claims: str = "{}"
    disabled_at: int | None = None


def verify_secret(record: ClientRecord | None, secret: str, derive: Derive) -> bool:
    """Whether `secret` is that of an enabled client; an unknown client costs the same work."""
    matches = verify_hash(record.secret_hash if record else None, secret, derive)
    return matches and record is not None and record.disabled_at is None
