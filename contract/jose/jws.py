"""Compact JWS (RFC 7515): what was signed, and whether a trusted key signed it (RFC 8725).

The token has no say in how it is checked. Its `alg` has to be on the caller's list and to be that
of the key; its `kid` selects among the keys that are trusted anyway; `jku`, `jwk`, `x5u` and `x5c`
are never looked at. What the payload says is somebody else's business: `identity/claims.py` of the
auth Worker, and `contract/identity.py`.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from contract.jose import base64url, signatures
from contract.jose.algorithms import ALGORITHMS
from contract.jose.jwk import Key, KeySet
from contract.jose.signatures import Asymmetric
from contract.jose.strict_json import decode_object

MAX_LENGTH: Final = 8192
"""Characters of a token."""

MAX_HEADER_LENGTH: Final = 2048
"""Characters of its first part: JSON that nobody has signed yet when it is read."""

_MAX_TRIED: Final = 4
"""Keys that a token without `kid` is tried with; each costs a signature check."""

_COMPACT: Final = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)


class InvalidJws(Exception):
    """Not a JWS that can be trusted. The text is for its sender: a sentence without secrets."""


class UnknownKey(InvalidJws):
    """It may be good, but none of the keys is the one that it names."""


class Jws(NamedTuple):
    """A JWS in its parts; `content` is what the signature is of."""

    header: Mapping[str, Any]
    payload: bytes
    content: bytes
    signature: bytes


def verify(
    token: str, keys: KeySet, algorithms: Collection[str], asymmetric: Asymmetric
) -> tuple[Mapping[str, Any], bytes]:
    """Header and payload of `token`, signed by one of `keys` with one of `algorithms`.

    Raises `InvalidJws`, and its `UnknownKey` where `kid` names a key that is not there.
    """
    jws = parse(token)
    check(jws, keys, algorithms, asymmetric)
    return jws.header, jws.payload


def parse(token: str, *, max_length: int = MAX_LENGTH) -> Jws:
    """The parts of `token`, none of which is trusted yet. Raises `InvalidJws`."""
    if len(token) > max_length or token.find(".") > MAX_HEADER_LENGTH:
        raise InvalidJws("The token is too long.")
    if not _COMPACT.fullmatch(token):
        raise InvalidJws("The token is not valid.")
    content, _, signature = token.rpartition(".")
    header, _, payload = content.partition(".")
    try:
        return Jws(
            decode_object(base64url.decode(header)),
            base64url.decode(payload),
            content.encode(),
            base64url.decode(signature),
        )
    except (ValueError, RecursionError):
        raise InvalidJws("The token is not valid.") from None


def signing_input(key: Key, type: str, payload: bytes) -> str:
    """What a signature under `key` has to be of: header and payload, as a token begins.

    `type` is what becomes of the header's `typ`.
    """
    header = msgspec.json.encode({"typ": type, "alg": key.algorithm.name, "kid": key.id})
    return f"{base64url.encode(header)}.{base64url.encode(payload)}"


def check(jws: Jws, keys: KeySet, algorithms: Collection[str], asymmetric: Asymmetric) -> None:
    """Raise `InvalidJws` unless one of `keys` made the signature with one of `algorithms`."""
    header = jws.header
    # No extension is understood here, so a token that insists on one is refused (section 4.1.11);
    # `b64` changes what is signed and may not come without (RFC 7797, section 6).
    if "crit" in header or "b64" in header:
        raise InvalidJws("The token needs an extension that is not supported.")
    name = header.get("alg")
    algorithm = ALGORITHMS.get(name) if isinstance(name, str) else None
    if algorithm is None or algorithm not in {ALGORITHMS.get(allowed) for allowed in algorithms}:
        raise InvalidJws("The token's algorithm is not accepted.")
    candidates = [key for key in _selected(header, keys) if key.algorithm == algorithm]
    if not candidates:
        raise InvalidJws("The token's algorithm is not that of its key.")
    if len(candidates) > _MAX_TRIED:
        raise InvalidJws("The token does not say which key it was signed with.")
    if not any(
        signatures.verify(key, jws.content, jws.signature, asymmetric) for key in candidates
    ):
        raise InvalidJws("The token's signature is not valid.")


def _selected(header: Mapping[str, Any], keys: KeySet) -> list[Key]:
    if "kid" not in header:
        return list(keys)
    selected = [key for key in keys if key.id == header["kid"]]
    if not selected:
        raise UnknownKey("The token was signed with a key that is not known.")
    return selected
