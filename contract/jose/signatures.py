"""Signatures under a `Key`: HMAC here by hashlib, all others by whatever the platform brings.

At the edge that is WebCrypto (`contract/webcrypto.py`), on the host the package `cryptography`
(`runtime/host_signatures.py`).
"""

import hmac
from typing import Protocol

from contract.jose.algorithms import Scheme
from contract.jose.jwk import Key


class Asymmetric(Protocol):
    """Signatures with key pairs. ECDSA signatures are R and S, one behind the other (RFC 7518)."""

    def verify(self, key: Key, content: bytes, signature: bytes) -> bool:
        """Whether this is a signature of `content`; False as well for a key that is no key."""
        ...

    def sign(self, key: Key, content: bytes) -> bytes:
        """Sign with the private part. Raises `ValueError` where it is no key."""
        ...


def verify(key: Key, content: bytes, signature: bytes, asymmetric: Asymmetric) -> bool:
    """Whether `signature` is one of `content` under `key`, by the algorithm of the key."""
    algorithm = key.algorithm
    expected = algorithm.signature_length or len(key.public["n"]) * 3 // 4
    if len(signature) != expected:
        return False
    if algorithm.scheme is Scheme.HMAC:
        return hmac.compare_digest(_hmac(key, content), signature)
    return asymmetric.verify(key, content, signature)


def sign(key: Key, content: bytes, asymmetric: Asymmetric) -> bytes:
    """The signature of `content`. Raises `ValueError` for a key without a usable private part."""
    if not key.can_sign:
        raise ValueError(f"{key} has no private part")
    if key.algorithm.scheme is Scheme.HMAC:
        return _hmac(key, content)
    return asymmetric.sign(key, content)


def _hmac(key: Key, content: bytes) -> bytes:
    return hmac.digest(key.secret, content, f"sha{key.algorithm.hash_bits}")
