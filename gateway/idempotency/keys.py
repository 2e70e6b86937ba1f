"""The key of a request, what it is the same request by, and the object that remembers it.

The field is an Item of structured fields whose value is a String (draft-ietf-httpapi-idempotency-
key-header-07, section 2.1; RFC 9651, section 3.3.3). As many clients send it without quotes, that
is taken as well, and is the same key.
"""

import hashlib
import re
from typing import Final

from addresses import counted_as
from contract.problems import MALFORMED_REQUEST, Problem
from messages import Exchange, Request

MAX_KEY: Final = 255
"""Characters."""

_QUOTED: Final = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BARE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+./:=^_`|~-]+")
_ESCAPED: Final = re.compile(r"\\(.)")


def key_of(field: str) -> str:
    """The key in the value of the field. Raises `Problem` (malformed-request)."""
    text = field.strip(" ")
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        key = _ESCAPED.sub(r"\1", quoted[1])
    else:
        key = text if _BARE.fullmatch(text) else ""
    if not 0 < len(key) <= MAX_KEY:
        raise Problem(
            MALFORMED_REQUEST,
            f'Idempotency-Key is one text of 1 to {MAX_KEY} characters, such as "8e03978e".',
        )
    return key


def fingerprint(request: Request, content: bytes) -> str:
    """A digest of what makes a request the same: method, target, media type and body."""
    parts = (request.method, request.path, request.query, request.headers.get("content-type") or "")
    return _digest(*(part.encode() for part in parts), content)


def object_name(place: str, exchange: Exchange, key: str) -> str:
    """The name of the object for `key`, sent to `place` (a route in a version) by this caller.

    A digest: names are shown to operators, and a key may say something. Without a verified caller
    the address is the best name there is.
    """
    principal = exchange.principal
    if principal is not None:
        kind, who = "subject", principal.subject
    else:
        kind, who = "address", counted_as(exchange.client_address)
    return _digest(*(part.encode() for part in (place, kind, who, key)))


def _digest(*parts: bytes) -> str:
    """Of the parts with their lengths, so that none can be taken for a piece of another."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()
