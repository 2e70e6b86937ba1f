"""Cursors of the listing: the sort key of the last item, opaque to clients."""

import base64
import binascii
from typing import NamedTuple


class Cursor(NamedTuple):
    """The listing goes on after this record."""

    created_at: str
    id: str

    def encode(self) -> str:
        """The text that stands in `next_cursor`; safe in a query."""
        text = f"{self.created_at} {self.id}".encode()
        return base64.urlsafe_b64encode(text).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """The cursor that `encode` gave out. Raises `ValueError` for any other text."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        created_at, _, id = base64.b64decode(padded, b"-_", validate=True).decode().partition(" ")
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("not a cursor") from error
    if not id:
        raise ValueError("not a cursor")
    return Cursor(created_at, id)
