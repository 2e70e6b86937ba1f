"""Signatures and new keys on this machine, by the package `cryptography`.

The same port as WebCrypto has at the edge (`contract.jose.signatures`): for `gateway token`, for
the keys in `.dev.vars`, and as the other implementation that tests compare with.
"""

from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from contract.jose import base64url
from contract.jose.algorithms import ALGORITHMS, Algorithm, Scheme
from contract.jose.jwk import Key

_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
_HASHES: Final[dict[int, hashes.HashAlgorithm]] = {
    256: hashes.SHA256(),
    384: hashes.SHA384(),
    512: hashes.SHA512(),
}


class HostSignatures:
    """Signs and verifies with `cryptography`."""

    def verify(self, key: Key, content: bytes, signature: bytes) -> bool:
        algorithm = key.algorithm
        try:
            if algorithm.scheme is Scheme.EDDSA:
                public = ed25519.Ed25519PublicKey.from_public_bytes(_bytes(key.public["x"]))
                public.verify(signature, content)
            elif algorithm.scheme is Scheme.ECDSA:
                half = len(signature) // 2
                pair = (int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
                _curve_point(key).public_key().verify(
                    encode_dss_signature(*pair), content, ec.ECDSA(_HASHES[algorithm.hash_bits])
                )
            else:
                _modulus(key).public_key().verify(
                    signature, content, _padding(algorithm), _HASHES[algorithm.hash_bits]
                )
        except (InvalidSignature, ValueError):
            return False
        return True

    def sign(self, key: Key, content: bytes) -> bytes:
        algorithm = key.algorithm
        if algorithm.scheme is Scheme.EDDSA:
            edwards = ed25519.Ed25519PrivateKey.from_private_bytes(_bytes(key.private["d"]))
            return edwards.sign(content)
        if algorithm.scheme is Scheme.ECDSA:
            numbers = _curve_point(key)
            secret = ec.EllipticCurvePrivateNumbers(_number(key.private["d"]), numbers)
            made = secret.private_key().sign(content, ec.ECDSA(_HASHES[algorithm.hash_bits]))
            half = algorithm.signature_length // 2
            return b"".join(part.to_bytes(half) for part in decode_dss_signature(made))
        parts = {name: _number(text) for name, text in key.private.items()}
        private = rsa.RSAPrivateNumbers(
            p=parts["p"],
            q=parts["q"],
            d=parts["d"],
            dmp1=parts["dp"],
            dmq1=parts["dq"],
            iqmp=parts["qi"],
            public_numbers=_modulus(key),
        ).private_key()
        return private.sign(content, _padding(algorithm), _HASHES[algorithm.hash_bits])


def generate(name: str, *, id: str, rsa_bits: int = 2048) -> dict[str, Any]:
    """A new private key as a JWK, for the asymmetric algorithm `name` (such as ES256)."""
    algorithm = ALGORITHMS[name]
    members: dict[str, Any] = {"kty": algorithm.key_type, "kid": id, "alg": name, "use": "sig"}
    if algorithm.scheme is Scheme.EDDSA:
        edwards = ed25519.Ed25519PrivateKey.generate()
        members |= {
            "crv": algorithm.curve,
            "x": base64url.encode(edwards.public_key().public_bytes_raw()),
            "d": base64url.encode(edwards.private_bytes_raw()),
        }
    elif algorithm.scheme is Scheme.ECDSA:
        numbers = ec.generate_private_key(_CURVES[algorithm.curve]).private_numbers()
        length = algorithm.signature_length // 2
        point = numbers.public_numbers
        members |= {
            "crv": algorithm.curve,
            "x": _text(point.x, length),
            "y": _text(point.y, length),
            "d": _text(numbers.private_value, length),
        }
    else:
        made = rsa.generate_private_key(65_537, rsa_bits).private_numbers()
        members |= {
            "n": _text(made.public_numbers.n),
            "e": _text(made.public_numbers.e),
            "d": _text(made.d),
            "p": _text(made.p),
            "q": _text(made.q),
            "dp": _text(made.dmp1),
            "dq": _text(made.dmq1),
            "qi": _text(made.iqmp),
        }
    return members


def _padding(algorithm: Algorithm) -> padding.AsymmetricPadding:
    if algorithm.scheme is Scheme.PKCS1:
        return padding.PKCS1v15()
    of = _HASHES[algorithm.hash_bits]
    return padding.PSS(mgf=padding.MGF1(of), salt_length=of.digest_size)


def _curve_point(key: Key) -> ec.EllipticCurvePublicNumbers:
    x, y = _number(key.public["x"]), _number(key.public["y"])
    return ec.EllipticCurvePublicNumbers(x, y, _CURVES[key.algorithm.curve])


def _modulus(key: Key) -> rsa.RSAPublicNumbers:
    return rsa.RSAPublicNumbers(e=_number(key.public["e"]), n=_number(key.public["n"]))


def _bytes(text: str) -> bytes:
    return base64url.decode(text)


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text))


def _text(number: int, length: int = 0) -> str:
    return base64url.encode(number.to_bytes(length or (number.bit_length() + 7) // 8))
