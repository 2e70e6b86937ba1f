"""Base64url without padding (RFC 7515, section 2), in its one canonical spelling only.

The standard library's decoder lets padding, foreign characters and stray last bits pass, so that
one content has many texts: a signature would then not be the only text that verifies.
"""

import base64
import binascii


def encode(content: bytes) -> str:
    """The text of `content`."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The content of `text`. Raises `ValueError` for any text that `encode` would not write."""
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise ValueError("not base64url") from None
    if encode(content) != text:
        raise ValueError("not canonical base64url")
    return content
