"""Which clients get the candidate: a share of them, and always the same ones."""

import hashlib

from contract.names import CLIENT_ADDRESS
from messages import Headers

_BITS = 32


def identity_of(headers: Headers) -> str:
    """What tells clients apart before anybody is authenticated: the credential, else the address.

    So somebody who renews a token may get into the other share.
    """
    return headers.get("authorization") or headers.get(CLIENT_ADDRESS) or "-"


def is_in_share(identity: str, table_id: str, percent: int) -> bool:
    """Whether the client belongs to the `percent` that get the table `table_id`.

    The table is hashed too, so that it is not the same clients who get every candidate; and who is
    in a share stays in when it grows.
    """
    digest = hashlib.sha256(f"{table_id} {identity}".encode()).digest()
    return int.from_bytes(digest[: _BITS // 8]) * 100 < percent << _BITS
