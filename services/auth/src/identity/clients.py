"""OAuth clients: programs that obtain tokens for themselves with an id and a secret.

A secret may have been chosen by a person, so it is stored as PBKDF2-HMAC-SHA256 with a salt. The
derivation itself is handed in: hashlib on the host, WebCrypto at the edge, where a hundred thousand
iterations are the most that Cloudflare allows.
"""

import base64
import binascii
import hmac
from collections.abc import Callable
from typing import Final

import msgspec

Derive = Callable[[bytes, bytes, int], bytes]
"""(secret, salt, iterations) to 32 bytes of PBKDF2-HMAC-SHA256."""

ITERATIONS: Final = 100_000
_SCHEME: Final = "pbkdf2-sha256"
_SALT_LENGTH: Final = 16


class ClientRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A stored client."""

    id: str
    secret_hash: str
    scopes: str
    disabled_at: int | None = None


def hash_secret(secret: str, derive: Derive, entropy: Callable[[int], bytes]) -> str:
    """What to store for `secret`."""
    salt = entropy(_SALT_LENGTH)
    derived = derive(secret.encode(), salt, ITERATIONS)
    return "$".join([_SCHEME, str(ITERATIONS), _encode(salt), _encode(derived)])


def verify_secret(record: ClientRecord | None, secret: str, derive: Derive) -> bool:
    """Whether `secret` is that of an enabled client; an unknown client costs the same work."""
    stored = _parse(record.secret_hash) if record else None
    salt, expected, iterations = stored or (b"\0" * _SALT_LENGTH, b"", ITERATIONS)
    derived = derive(secret.encode(), salt, iterations)
    matches = hmac.compare_digest(derived, expected)
    return matches and record is not None and record.disabled_at is None


def _parse(text: str) -> tuple[bytes, bytes, int] | None:
    try:
        scheme, iterations, salt, derived = text.split("$")
        if scheme != _SCHEME or not 1 <= int(iterations) <= ITERATIONS:
            return None
        return base64.b64decode(salt), base64.b64decode(derived), int(iterations)
    except (ValueError, binascii.Error):
        return None


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode()
