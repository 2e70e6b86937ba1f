"""JSON objects that mean the same to every reader: no member twice, no NaN, not deeply nested.

Decoders keep the last of two members of one name, or the first; whoever signs and whoever checks
may then read different values (RFC 8725, section 2.4; RFC 7515, section 4, wants names unique).
"""

import json
from typing import Any, Final

from contract.nesting import is_too_deep

MAX_DEPTH: Final = 16
"""Levels. Headers, claims and key sets have three."""


def decode_object(text: bytes) -> dict[str, Any]:
    """The object in `text`, which is UTF-8. Raises `ValueError`."""
    if is_too_deep(text, MAX_DEPTH):
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
    content = json.loads(text.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")
    return content


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is repeated")
    return members


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
