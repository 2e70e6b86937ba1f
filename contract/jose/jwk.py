"""JSON Web Keys (RFC 7517) for signatures, each bound to the one algorithm that it is good for.

A key that is too small, on another curve than its algorithm's, or meant for something else never
becomes a `Key`, so nothing behind this module checks that again (RFC 8725, sections 3.1 to 3.5).
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from contract.jose import base64url
from contract.jose.algorithms import ALGORITHMS, Algorithm, Scheme
from contract.jose.strict_json import decode_object

MAX_KEYS: Final = 32
MAX_SET_LENGTH: Final = 65_536
"""Bytes of a JWK set's text."""

_MAX_ID_LENGTH: Final = 256
_RSA_BITS: Final = range(2048, 8193)
_RSA_EXPONENT: Final = 65_537
_COORDINATE: Final = {"P-256": 32, "P-384": 48, "P-521": 66, "Ed25519": 32}
"""Bytes of a coordinate, and of a private key, on each curve."""

_PUBLIC: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_PRIVATE: Final = {"RSA": ("d", "p", "q", "dp", "dq", "qi"), "EC": ("d",), "OKP": ("d",)}
_ALGORITHM_OF_CURVE: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


class UnusableKey(ValueError):
    """A key that is not used here; the text says why and holds nothing of the key."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key and its algorithm. `private` and `secret` are empty where they are not known.

    `thumbprint` tells apart what is to be imported: it is of all of the public key, or of the
    secret, and of the algorithm.
    """

    id: str
    algorithm: Algorithm
    public: Mapping[str, str]
    private: Mapping[str, str]
    secret: bytes
    thumbprint: str

    def __repr__(self) -> str:
        return f"Key({self.id!r}, {self.algorithm.name})"

    @property
    def can_sign(self) -> bool:
        """Whether the private part is there."""
        return bool(self.private or self.secret)


KeySet = tuple[Key, ...]
"""Keys that are trusted for the same thing. Their order matters to who signs only."""


def parse_key(members: Mapping[str, Any]) -> Key:
    """The key in a JWK. Raises `UnusableKey`."""
    algorithm = _algorithm(members)
    _check_purpose(members)
    type = algorithm.key_type
    public: dict[str, str] = {}
    private: dict[str, str] = {}
    secret = b""
    if type == "oct":
        secret = _bytes(members, "k")
        if len(secret) * 8 < algorithm.hash_bits:  # RFC 7518, section 3.2
            raise UnusableKey(f"a key for {algorithm.name} has {algorithm.hash_bits} bits or more")
    else:
        check = _check_rsa if type == "RSA" else _check_curve
        check(members, algorithm)
        public = {"kty": type, **{name: members[name] for name in _PUBLIC[type]}}
        if "d" in members:
            for name in _PRIVATE[type]:
                _bytes(members, name)
            private = {name: members[name] for name in _PRIVATE[type]}
    thumbprint = _thumbprint(public, secret, algorithm)
    id = members.get("kid", thumbprint)
    if not isinstance(id, str) or not 0 < len(id) <= _MAX_ID_LENGTH or not id.isprintable():
        raise UnusableKey("its `kid` is not a short text")
    return Key(
        id=id,
        algorithm=algorithm,
        public=public,
        private=private,
        secret=secret,
        thumbprint=thumbprint,
    )


def parse_own_set(text: str) -> KeySet:
    """Our own keys, all of which have to be usable. Raises `UnusableKey`."""
    keys = tuple(parse_key(members) for members in _members(text.encode()))
    if not keys:
        raise UnusableKey("there is no key in it")
    if len({key.id for key in keys}) < len(keys):
        raise UnusableKey("two keys have the same `kid`")
    return keys


def parse_public_set(text: bytes) -> KeySet:
    """The usable keys of a published set; others are passed over (RFC 7517, section 5).

    A symmetric or private key that stands in public is no secret any more, so it is no use either.
    Raises `UnusableKey` where the whole is not a JWK set or has no usable key.
    """
    keys: list[Key] = []
    for members in _members(text):
        try:
            key = parse_key(members)
        except UnusableKey:
            continue
        if not key.can_sign:
            keys.append(key)
    if not keys:
        raise UnusableKey("there is no usable key in it")
    return tuple(keys)


def published(keys: KeySet) -> dict[str, Any]:
    """The JWK set that others verify with: public parts alone."""
    return {
        "keys": [
            {**key.public, "kid": key.id, "alg": key.algorithm.name, "use": "sig"}
            for key in keys
            if key.public
        ]
    }


def _members(text: bytes) -> Iterator[Mapping[str, Any]]:
    if len(text) > MAX_SET_LENGTH:
        raise UnusableKey(f"a JWK set has at most {MAX_SET_LENGTH} bytes")
    try:
        keys = decode_object(text).get("keys")
    except (ValueError, RecursionError):
        raise UnusableKey("it is not a JWK set") from None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise UnusableKey("it is not a JWK set")
    if len(keys) > MAX_KEYS:
        raise UnusableKey(f"a JWK set has at most {MAX_KEYS} keys")
    yield from keys


def _algorithm(members: Mapping[str, Any]) -> Algorithm:
    """The one algorithm: what `alg` says, or what is usual for such a key. Not for a secret."""
    type, curve, name = (members.get(member) for member in ("kty", "crv", "alg"))
    if name is None:
        if type == "RSA":
            name = "RS256"
        elif type == "EC":
            name = _ALGORITHM_OF_CURVE.get(str(curve))
        elif type == "OKP":
            name = "EdDSA"
    algorithm = ALGORITHMS.get(name) if isinstance(name, str) else None
    if algorithm is None or algorithm.key_type != type:
        raise UnusableKey("its `alg` is missing, unknown, or not for such a key")
    return algorithm


def _check_purpose(members: Mapping[str, Any]) -> None:
    operations = members.get("key_ops", ["verify"])
    if members.get("use", "sig") != "sig" or not isinstance(operations, list):
        raise UnusableKey("it is not for signatures")
    if not {"verify", "sign"}.intersection(str(operation) for operation in operations):
        raise UnusableKey("it is not for signatures")


def _check_rsa(members: Mapping[str, Any], _algorithm: Algorithm) -> None:
    modulus, exponent = _bytes(members, "n"), _bytes(members, "e")
    bits = int.from_bytes(modulus).bit_length()
    if bits not in _RSA_BITS:
        raise UnusableKey(f"an RSA key has {_RSA_BITS[0]} to {_RSA_BITS[-1]} bits, not {bits}")
    if modulus[0] == 0 or modulus[-1] % 2 == 0:
        raise UnusableKey("its modulus is not one of an RSA key")
    if int.from_bytes(exponent) != _RSA_EXPONENT:
        raise UnusableKey(f"its exponent is not {_RSA_EXPONENT}")


def _check_curve(members: Mapping[str, Any], algorithm: Algorithm) -> None:
    if members.get("crv") != algorithm.curve:
        raise UnusableKey(f"a key for {algorithm.name} is on the curve {algorithm.curve}")
    length = _COORDINATE[algorithm.curve]
    names = ("x",) if algorithm.scheme is Scheme.EDDSA else ("x", "y")
    if any(len(_bytes(members, name)) != length for name in names):
        raise UnusableKey(f"a coordinate on the curve {algorithm.curve} has {length} bytes")


def _bytes(members: Mapping[str, Any], name: str) -> bytes:
    value = members.get(name)
    try:
        content = base64url.decode(value) if isinstance(value, str) else b""
    except ValueError:
        content = b""
    if not content:
        raise UnusableKey(f"its `{name}` is missing or not base64url")
    return content


def _thumbprint(public: Mapping[str, str], secret: bytes, algorithm: Algorithm) -> str:
    """Not the one of RFC 7638: the algorithm belongs to it, so that no two imports are mixed up."""
    content = msgspec.json.encode([algorithm.name, sorted(public.items()), secret])
    return base64url.encode(hashlib.sha256(content).digest())
