"""The signature algorithms that are known here, and what each of them asks of key and signature.

RFC 7518, section 3 (HS, RS, PS, ES), RFC 8037 (EdDSA) and RFC 9864, which calls the same algorithm
Ed25519. There is no entry for `none`, and none that a token could add.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class Scheme(StrEnum):
    """How a signature is made."""

    HMAC = "HMAC"
    PKCS1 = "RSASSA-PKCS1-v1_5"
    PSS = "RSA-PSS"
    ECDSA = "ECDSA"
    EDDSA = "Ed25519"


class Algorithm(NamedTuple):
    """One algorithm. `hash_bits` is 0 where the scheme brings its own hash.

    `curve` is empty but for curves; `signature_length` in bytes, 0 where it is that of the modulus.
    """

    name: str
    scheme: Scheme
    key_type: str
    hash_bits: int = 0
    curve: str = ""
    signature_length: int = 0


_ALL: Final = (
    *(Algorithm(f"HS{bits}", Scheme.HMAC, "oct", bits, "", bits // 8) for bits in (256, 384, 512)),
    *(Algorithm(f"RS{bits}", Scheme.PKCS1, "RSA", bits) for bits in (256, 384, 512)),
    *(Algorithm(f"PS{bits}", Scheme.PSS, "RSA", bits) for bits in (256, 384, 512)),
    Algorithm("ES256", Scheme.ECDSA, "EC", 256, "P-256", 64),
    Algorithm("ES384", Scheme.ECDSA, "EC", 384, "P-384", 96),
    Algorithm("ES512", Scheme.ECDSA, "EC", 512, "P-521", 132),
    Algorithm("EdDSA", Scheme.EDDSA, "OKP", 0, "Ed25519", 64),
)

ALGORITHMS: Final[Mapping[str, Algorithm]] = {
    **{algorithm.name: algorithm for algorithm in _ALL},
    "Ed25519": _ALL[-1],
}
"""By the name in a header or a key. Two names lead to the algorithm EdDSA."""

ASYMMETRIC: Final = tuple(
    name for name, algorithm in ALGORITHMS.items() if algorithm.scheme is not Scheme.HMAC
)
"""The names of all algorithms with a public key."""
