"""The scopes of those who run the gateway, as it and the auth Worker ask for them.

Whoever has `gateway:admin` has all that begin with `gateway:`.
"""

from collections.abc import Collection
from typing import Final

PREFIX: Final = "gateway:"
ADMIN: Final = "gateway:admin"
PUBLISH: Final = "gateway:publish"
KEYS: Final = "gateway:keys"
PURGE: Final = "gateway:purge"
BREAKERS: Final = "gateway:breakers"
AUDIT: Final = "gateway:audit"
STATUS: Final = "gateway:status"
"""To look at how the gateway is, and change nothing."""


def has(scopes: Collection[str], wanted: str) -> bool:
    """Whether somebody with `scopes` may do what takes `wanted`."""
    return wanted in scopes or ADMIN in scopes


def is_operator(scopes: Collection[str]) -> bool:
    """Whether there is anything at all that somebody with `scopes` may do."""
    return any(scope.startswith(PREFIX) for scope in scopes)
