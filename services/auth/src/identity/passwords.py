"""Secrets that a person may have chosen: stored as PBKDF2-HMAC-SHA256 with a salt.

The derivation itself is handed in: hashlib on the host, WebCrypto at the edge, where a hundred
thousand iterations are the most that Cloudflare allows. That is a sixth of what OWASP recommends
for this hash: who steals the database guesses six times as fast. So passwords have to be long, and
attempts to log in are counted (`attempts.py`). Pyodide's hashlib has no scrypt.
"""

import base64
import binascii
import hmac
from collections.abc import Callable
from typing import Final

Derive = Callable[[bytes, bytes, int], bytes]
"""(secret, salt, iterations) to 32 bytes of PBKDF2-HMAC-SHA256."""

ITERATIONS: Final = 100_000
SHORTEST: Final = 12
LONGEST: Final = 256
"""Characters of a password."""

_SCHEME: Final = "pbkdf2-sha256"
_SALT_LENGTH: Final = 16


def hash_secret(secret: str, derive: Derive, entropy: Callable[[int], bytes]) -> str:
    """What to store for `secret`. Raises `ValueError` for one that is too short, or too long."""
    if not SHORTEST <= len(secret) <= LONGEST:
        raise ValueError(f"expected {SHORTEST} to {LONGEST} characters, found {len(secret)}")
    salt = entropy(_SALT_LENGTH)
    derived = derive(secret.encode(), salt, ITERATIONS)
    return "$".join([_SCHEME, str(ITERATIONS), _encode(salt), _encode(derived)])


def verify_hash(stored: str | None, secret: str, derive: Derive) -> bool:
    """Whether `stored` was made of `secret`; where nothing is stored, it costs the same work."""
    parsed = _parse(stored) if stored else None
    salt, expected, iterations = parsed or (b"\0" * _SALT_LENGTH, b"", ITERATIONS)
    derived = derive(secret.encode(), salt, iterations)
    return hmac.compare_digest(derived, expected)


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
