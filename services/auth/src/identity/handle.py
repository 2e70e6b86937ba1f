"""Opaque credentials `<prefix>_<id>_<secret>`: the id finds a record, the secret proves possession.

The secret has 256 random bits, so a plain SHA-256 of it cannot be searched, and verifying one costs
nothing. What is stored tells nobody the credential.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Final, NamedTuple

MAX_LENGTH: Final = 200


class Handle(NamedTuple):
    """A credential in its two parts."""

    id: str
    secret: str

    def text(self, prefix: str) -> str:
        """The credential as its holder has it."""
        return f"{prefix}_{self.id}_{self.secret}"

    def digest(self) -> str:
        """What is stored in place of the secret."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def matches(self, digest: str) -> bool:
        """Whether the secret is the one of which `digest` was stored."""
        return hmac.compare_digest(self.digest().encode(), digest.encode())


def generate(entropy: Callable[[int], bytes]) -> Handle:
    """A new one out of random bytes."""
    id = base64.b32encode(entropy(10)).decode().lower()
    return Handle(id, new_secret(entropy))


def new_secret(entropy: Callable[[int], bytes]) -> str:
    """A secret alone, for an id that has one already."""
    return base64.urlsafe_b64encode(entropy(32)).decode().rstrip("=")


def parse(prefix: str, text: str) -> Handle | None:
    """The parts of a credential; None for what has not the form of one."""
    found, _, rest = text.partition("_")
    id, _, secret = rest.partition("_")
    if len(text) > MAX_LENGTH or found != prefix or not id or not secret:
        return None
    return Handle(id, secret)
