"""Signed tokens, good and not: every algorithm, and every way that is known to get past a check.

The tokens are made by other implementations than those that judge them: PyJWT and `cryptography`.
The time of the cases stands still, so that none of them depends on how long a test runs.
"""

import base64
import hmac
import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import jwt
from cryptography.hazmat.primitives import serialization
from jwt.algorithms import get_default_algorithms

from contract.jose.algorithms import ASYMMETRIC
from runtime.host_signatures import generate
from tests.cases.judging import AUDIENCE, GOOD, ISSUER

NOW: Final = 1_795_000_000
ALL: Final = ("HS256", "HS384", "HS512", *ASYMMETRIC)

TOO_LONG, NOT_VALID = "The token is too long.", "The token is not valid."
SIGNATURE = "The token's signature is not valid."
NOT_ACCEPTED = "The token's algorithm is not accepted."
NOT_OF_KEY = "The token's algorithm is not that of its key."
UNKNOWN_KEY = "The token was signed with a key that is not known."
EXTENSION = "The token needs an extension that is not supported."
WHICH_KEY = "The token does not say which key it was signed with."
TYPE = "This is not an access token."
EXPIRED, EARLY = "The token has expired.", "The token is not valid yet."
NOT_OURS = "The token was not issued for this API."
TOO_SHORT = "key: an RSA key has 2048 to 8192 bits, not 1024"
NO_SET, NO_USABLE_KEY = "key: it is not a JWK set", "key: there is no usable key in it"
NO_ALG = "key: its `alg` is missing, unknown, or not for such a key"


class Case(NamedTuple):
    """One token, and what has to come of it."""

    says: str
    token: str
    keys: str
    algorithms: tuple[str, ...]
    expected: str
    now: float = NOW
    own: bool = False

    def arguments(self) -> dict[str, Any]:
        """What `judging.judge` is given."""
        names = ("token", "keys", "algorithms", "now", "own")
        return {name: getattr(self, name) for name in names}


@cache
def key(name: str, number: int = 1) -> dict[str, Any]:
    """A private key for the algorithm, always the same one for a number. RSA keys are shared."""
    if name.startswith("HS"):
        secret = bytes((number * 31 + position) % 256 for position in range(64))
        return {"kty": "oct", "kid": f"{name}-{number}", "alg": name, "k": encode(secret)}
    if name[:2] in ("RS", "PS"):
        return {**_rsa(number), "kid": f"{name}-{number}", "alg": name}
    return generate(name, id=f"{name}-{number}")


@cache
def _rsa(number: int, bits: int = 2048) -> dict[str, Any]:
    return generate("RS256", id=str(number), rsa_bits=bits)


def public(private: dict[str, Any]) -> dict[str, Any]:
    """What is published of a key; a secret stays whole, for a set of our own."""
    return {
        name: private[name] for name in private if name not in ("d", "p", "q", "dp", "dq", "qi")
    }


def key_set(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": [public(one) for one in keys]})


def encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims with `changes`; None takes one away."""
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": NOW, "nbf": NOW, "exp": NOW + 60}
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(
    private: dict[str, Any], payload: Any = None, *, alg: str | None = None, **header: Any
) -> str:
    """Signed by PyJWT with the key's own algorithm, whatever `alg` calls it; None omits a field."""
    content = claims() if payload is None else payload
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    name = private["alg"] if alg is None else alg
    fields = {"typ": "at+jwt", "kid": private["kid"], "alg": name, **header}
    fields = {name: value for name, value in fields.items() if value is not None}
    return raw(json.dumps(fields).encode(), text, private)


def raw(header: bytes, payload: bytes, private: dict[str, Any], scheme: str = "") -> str:
    """The signature of PyJWT under any header and payload."""
    content = f"{encode(header)}.{encode(payload)}"
    name = scheme or private["alg"]
    signer = get_default_algorithms()["EdDSA" if name == "Ed25519" else name]
    secret = signer.from_jwk(json.dumps(private))
    return f"{content}.{encode(signer.sign(content.encode(), secret))}"


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


def flipped(text: str, part: int) -> str:
    """One bit of the content of that part, the fifth byte's lowest, is the other way round."""
    parts = text.split(".")
    content = bytearray(decode(parts[part]))
    content[4] ^= 1
    parts[part] = encode(bytes(content))
    return ".".join(parts)


def of_each_algorithm() -> Iterator[Case]:
    """The same sixteen tokens of each algorithm, and what is the matter with them."""
    for name in ALL:
        mine, other = key(name), key(name, 2)
        keys, own = key_set(mine), name.startswith("HS")
        good = token(mine)
        head, body, signature = good.split(".")
        stranger = raw(
            json.dumps({"typ": "at+jwt", "kid": mine["kid"], "alg": name}).encode(),
            json.dumps(claims()).encode(),
            other,
        )
        others = tuple(one for one in ALL if {one, name} != {"EdDSA", "Ed25519"} and one != name)
        table = {
            "valid": (good, GOOD),
            "valid, without kid": (token(mine, kid=None), GOOD),
            "wrong key": (stranger, SIGNATURE),
            "wrong audience": (token(mine, claims(aud="other-api")), NOT_OURS),
            "wrong issuer": (token(mine, claims(iss="https://evil.test")), NOT_OURS),
            "expired": (token(mine, claims(exp=NOW - 30)), EXPIRED),
            "not valid yet": (token(mine, claims(nbf=NOW + 31)), EARLY),
            "stripped of its signature": (f"{head}.{body}.", NOT_VALID),
            "stripped, without the dot": (f"{head}.{body}", NOT_VALID),
            "truncated": (f"{head}.{body}.{encode(decode(signature)[:-1])}", SIGNATURE),
            "lengthened": (f"{head}.{body}.{encode(decode(signature) + bytes(1))}", SIGNATURE),
            "a bit of the header flipped": (flipped(good, 0), SIGNATURE),
            "a bit of the payload flipped": (flipped(good, 1), SIGNATURE),
            "a bit of the signature flipped": (flipped(good, 2), SIGNATURE),
            "a signature of zeros": (f"{head}.{body}.{'A' * len(signature)}", SIGNATURE),
            "alg none over the signature": (
                ".".join([encode(b'{"alg":"none"}'), body, signature]),
                NOT_ACCEPTED,
            ),
            "oversized": (token(mine, claims(pad="x" * 8192)), TOO_LONG),
        }
        for says, (text, expected) in table.items():
            yield Case(f"{name}: {says}", text, keys, (name,), expected, own=own)
        yield Case(f"{name}: not on the list", good, keys, others, NOT_ACCEPTED, own=own)


def of_all_sorts() -> Iterator[Case]:
    """Confusion, `kid` games, headers that want to be obeyed, encodings, claims, weak keys."""
    es, rs, ps, ed = key("ES256"), key("RS256"), key("PS256"), key("EdDSA")
    hs = key("HS256")
    es_keys = key_set(es)
    good = token(es)
    _, body, signature = good.split(".")

    def case(says: str, text: str, expected: str, keys: str = es_keys, **options: Any) -> Case:
        return Case(says, text, keys, options.pop("algorithms", ALL), expected, **options)

    # Algorithm confusion.
    yield from _confusion(case, rs, ps, es, ed)
    for name in ("none", "None", "NONE", "nOnE", "", "es256", "ES256K", "HS1", "RSA1_5", "dir"):
        yield case(f"alg {name!r}", token(es, alg=name), NOT_ACCEPTED)
    strange: dict[str, Any] = {"a number": 1, "null": None, "a list": ["ES256"], "an object": {}}
    for says, alg in strange.items():
        header = json.dumps({"alg": alg, "typ": "at+jwt"}).encode()
        yield case(f"alg is {says}", raw(header, json.dumps(claims()).encode(), es), NOT_ACCEPTED)
    yield case("no alg", raw(b'{"typ":"at+jwt"}', b"{}", es), NOT_ACCEPTED)
    yield case("an empty list of algorithms", good, NOT_ACCEPTED, algorithms=())

    # kid selects among trusted keys, and does nothing else.
    two = key_set(es, key("ES256", 2))
    yield case("kid of the first of two", good, GOOD, two)
    yield case("kid of the second of two", token(key("ES256", 2)), GOOD, two)
    yield case("kid of the other key", token(es, kid="ES256-2"), SIGNATURE, two)
    yield case("no kid, the second key", token(key("ES256", 2), kid=None), GOOD, two)
    for kid in (
        *("", "unknown", "../../../dev/null", "/etc/passwd", "ES256-1' OR '1'='1", "es256-1"),
        *("https://evil.test/key", "ES256-1\x00", "|/usr/bin/id", "x" * 500),
    ):
        yield case(f"kid {kid[:30]!r}", token(es, kid=kid), UNKNOWN_KEY)
    for says, other in {"a number": 1, "a list": ["ES256-1"], "an object": {}}.items():
        yield case(f"kid is {says}", token(es, kid=other), UNKNOWN_KEY)
    null = raw(b'{"alg":"ES256","typ":"at+jwt","kid":null}', json.dumps(claims()).encode(), es)
    yield case("kid is null", null, UNKNOWN_KEY)
    yield case(
        "kid of a key of another kind", token(es, kid="RS256-1"), NOT_OF_KEY, key_set(es, rs)
    )
    many = key_set(*(key("ES256", number) for number in range(2, 7)))
    yield case("no kid, and five keys", token(key("ES256", 4), kid=None), WHICH_KEY, many)
    yield case("kid, and five keys", token(key("ES256", 4)), GOOD, many)
    twins = json.dumps({"keys": [{**public(key("ES256", 2)), "kid": es["kid"]}, public(es)]})
    yield case("two keys of one kid", good, GOOD, twins)

    # What the header would like to bring along is not looked at.
    evil = key("ES256", 9)
    brought: dict[str, Any] = {
        "jwk": public(evil),
        "jku": "https://evil.test/jwks.json",
        "x5u": "https://evil.test/cert.pem",
        "x5c": ["MIIB"],
    }
    for name, value in brought.items():
        forged = raw(
            json.dumps({"alg": "ES256", "typ": "at+jwt", name: value}).encode(),
            json.dumps(claims()).encode(),
            evil,
        )
        yield case(f"{name} with a key of its own", forged, SIGNATURE)
        yield case(f"{name} beside a good signature", token(es, **{name: value}), GOOD)

    # Extensions.
    for says, crit in {
        "exp": ["exp"],
        "b64": ["b64"],
        "unknown": ["http://example.com/x"],
        "empty": [],
        "text": "exp",
    }.items():
        yield case(f"crit: {says}", token(es, crit=crit, exp=NOW + 60), EXTENSION)
    yield case("b64 without crit", token(es, b64=False), EXTENSION)

    # Types.
    for typ in ("AT+JWT", "application/at+jwt", "Application/AT+JWT"):
        yield case(f"typ {typ}", token(es, typ=typ), GOOD)
    for typ in ("JWT", "dpop+jwt", "at+jwt ", "", "application/application/at+jwt", "logout+jwt"):
        yield case(f"typ {typ!r}", token(es, typ=typ), TYPE)
    yield case("no typ", token(es, typ=None), TYPE)
    yield case("typ is a list", token(es, typ=["at+jwt"]), TYPE)

    # Encodings: one content has one text.
    yield from _encodings(case, es, good)

    # Claims.
    yield from _claims(case, es)

    # Sizes.
    yield case("just short enough", token(es, claims(pad="x" * 5500)), GOOD)
    yield case("a long header", token(es, pad="x" * 1700), TOO_LONG)
    yield case("a deep header", f"{encode(b'[' * 900)}.{body}.{signature}", NOT_VALID)
    yield case("a deep payload", raw_payload(es, b'{"a":' * 900 + b"1" + b"}" * 900), NOT_VALID)
    yield case(
        "a number of 5000 digits", raw_payload(es, b'{"exp":' + b"9" * 5000 + b"}"), NOT_VALID
    )

    # Keys that are never used.
    yield from _weak_keys(case, es, rs, hs, ed)


def raw_payload(private: dict[str, Any], payload: bytes) -> str:
    header = {"alg": private["alg"], "typ": "at+jwt", "kid": private["kid"]}
    return raw(json.dumps(header).encode(), payload, private)


def _confusion(case: Any, rs: Any, ps: Any, es: Any, ed: Any) -> Iterator[Case]:
    payload = json.dumps(claims()).encode()
    for private in (rs, es, ed):
        # The public key, in the forms in which it is at hand, as the secret of an HMAC.
        published = get_default_algorithms()[private["alg"]].from_jwk(json.dumps(public(private)))
        info = serialization.PublicFormat.SubjectPublicKeyInfo
        for says, secret in {
            "PEM": published.public_bytes(serialization.Encoding.PEM, info),
            "DER": published.public_bytes(serialization.Encoding.DER, info),
            "JWK": json.dumps(public(private)).encode(),
        }.items():
            for named in ("with its kid", "without kid"):
                header = {"alg": "HS256", "typ": "at+jwt"}
                if named == "with its kid":
                    header["kid"] = private["kid"]
                fields = json.dumps(header).encode()
                yield case(
                    f"HMAC with the public key of {private['alg']} as {says}, {named}",
                    _hmac(fields, payload, secret),
                    NOT_OF_KEY,
                    key_set(private),
                )
    yield case("RS256 by a key for PS256", token({**rs, "kid": ps["kid"]}), NOT_OF_KEY, key_set(ps))
    yield case("PS256 by a key for RS256", token({**ps, "kid": rs["kid"]}), NOT_OF_KEY, key_set(rs))
    yield case("RS512 by a key for RS256", token({**rs, "alg": "RS512"}), NOT_OF_KEY, key_set(rs))
    unbound = {name: value for name, value in rs.items() if name != "alg"}
    yield case("RS256 by an RSA key without alg", token(rs), GOOD, key_set(unbound))
    yield case(
        "PS256 by an RSA key without alg",
        token({**ps, "kid": rs["kid"]}),
        NOT_OF_KEY,
        key_set(unbound),
    )
    yield case(
        "PS256 said, RS256 signed",
        raw(b'{"alg":"PS256","typ":"at+jwt"}', payload, rs),
        SIGNATURE,
        key_set(ps),
    )
    yield case(
        "ES384 said, ES256 signed",
        raw(b'{"alg":"ES384","typ":"at+jwt"}', payload, es),
        SIGNATURE,
        key_set(key("ES384")),
    )
    edwards = raw(b'{"alg":"Ed25519","typ":"at+jwt"}', payload, ed)
    yield case("Ed25519 by a key for EdDSA", edwards, GOOD, key_set(ed), algorithms=("EdDSA",))
    yield case(
        "EdDSA where Ed25519 is listed", token(ed), GOOD, key_set(ed), algorithms=("Ed25519",)
    )


def _hmac(header: bytes, payload: bytes, secret: bytes) -> str:
    content = f"{encode(header)}.{encode(payload)}"
    signature = hmac.digest(secret, content.encode(), "sha256")
    return f"{content}.{encode(signature)}"


def _encodings(case: Any, es: Any, good: str) -> Iterator[Case]:
    head, body, signature = good.split(".")
    yield case("padded", f"{head}.{body}.{signature}==", NOT_VALID)
    yield case("a header with padding", f"{head}=.{body}.{signature}", NOT_VALID)
    yield case("a line end behind it", f"{good}\n", NOT_VALID)
    yield case("a space before it", f" {good}", NOT_VALID)
    yield case("the other alphabet", f"{head}.{body}.{signature[:-2]}+/", NOT_VALID)
    yield case("not ASCII", f"{head}.{body}.{signature[:-1]}ä", NOT_VALID)
    yield case("digits of another script", f"{head}.{body}.{signature[:-1]}\u0661", NOT_VALID)
    # 64 bytes end in a letter of which four bits do not count.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = alphabet[alphabet.index(signature[-1]) ^ 1]
    yield case("bits that do not count", f"{head}.{body}.{signature[:-1]}{twin}", NOT_VALID)
    yield case("five parts", f"{good}.AAAA.AAAA", NOT_VALID)
    yield case("nothing", "", NOT_VALID)
    yield case("dots", "..", NOT_VALID)
    yield case("JSON serialisation", json.dumps({"payload": body, "signatures": []}), NOT_VALID)
    payload = json.dumps(claims()).encode()
    for says, header in {
        "alg twice": b'{"alg":"none","alg":"ES256","typ":"at+jwt"}',
        "alg twice, escaped": b'{"alg":"none","\\u0061lg":"ES256","typ":"at+jwt"}',
        "a list": b'["ES256"]',
        "UTF-16": '{"alg":"ES256","typ":"at+jwt"}'.encode("utf-16"),
        "a byte order mark": b'\xef\xbb\xbf{"alg":"ES256","typ":"at+jwt"}',
        "NaN": b'{"alg":"ES256","typ":"at+jwt","x":NaN}',
        "text behind it": b'{"alg":"ES256","typ":"at+jwt"}{}',
    }.items():
        yield case(f"header: {says}", raw(header, payload, es), NOT_VALID)


def _claims(case: Any, es: Any) -> Iterator[Case]:
    table: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("soon valid, within the leeway", {"nbf": NOW + 30}, GOOD),
        ("just expired, within the leeway", {"exp": NOW - 29}, GOOD),
        ("issued in the future", {"iat": NOW + 31}, EARLY),
        ("times with fractions", {"exp": NOW + 0.5, "iat": NOW - 0.5}, GOOD),
        ("several audiences", {"aud": [AUDIENCE, "other-api"]}, NOT_OURS),
        ("a list of our audience alone", {"aud": [AUDIENCE]}, GOOD),
        ("an audience that begins like ours", {"aud": f"{AUDIENCE}-2"}, NOT_OURS),
        ("no audience in the list", {"aud": []}, NOT_OURS),
        ("an issuer with a slash more", {"iss": f"{ISSUER}/"}, NOT_OURS),
        ("an issuer in capitals", {"iss": ISSUER.upper()}, NOT_OURS),
        ("an empty subject", {"sub": ""}, NOT_VALID),
        ("a subject that is a number", {"sub": 7}, NOT_VALID),
        ("a scope that is a list", {"scope": ["a"]}, NOT_VALID),
        ("an expiry in words", {"exp": "tomorrow"}, NOT_VALID),
        ("an expiry as a text", {"exp": str(NOW + 60)}, NOT_VALID),
        ("an expiry that is true", {"exp": True}, NOT_VALID),
        ("an expiry after all time", {"exp": 10**30}, NOT_VALID),
        ("an expiry before all time", {"exp": -1}, NOT_VALID),
        ("an issuer that is a list", {"iss": [ISSUER]}, NOT_VALID),
        *(
            (f"no {name}", {name: None}, f"The token lacks the claim `{name}`.")
            for name in ("iss", "aud", "sub", "exp", "nbf", "iat")
        ),
    )
    for says, changes, expected in table:
        yield case(says, token(es, claims(**changes)), expected)
    text = json.dumps(claims())
    for says, payload in {
        "sub twice": text.replace('"sub"', '"sub": "mallory", "sub"'),
        "exp twice": text.replace('"exp"', '"exp": 1, "exp"'),
        "a list": "[]",
        "a text": '"alice"',
        "not JSON": "alice",
        "an endless expiry": text.replace(str(NOW + 60), "Infinity"),
        "an expiry that overflows": text.replace(str(NOW + 60), "1e999"),
        "half a letter": text.replace("alice", "\\ud800"),
    }.items():
        yield case(f"payload: {says}", raw_payload(es, payload.encode()), NOT_VALID)


def _weak_keys(case: Any, es: Any, rs: Any, hs: Any, ed: Any) -> Iterator[Case]:
    def with_key(says: str, members: dict[str, Any], signer: Any, **options: Any) -> Case:
        expected = options.pop("expected", NO_USABLE_KEY)
        text = json.dumps({"keys": [members]})
        made: Case = case(f"key: {says}", token(signer), expected, text, **options)
        return made

    weak = {**_rsa(7, 1024), "kid": "weak", "alg": "RS256"}
    yield with_key("RSA of 1024 bits", public(weak), weak)
    yield with_key(
        "RSA of 1024 bits, our own",
        weak,
        weak,
        own=True,
        expected="key: an RSA key has 2048 to 8192 bits, not 1024",
    )
    yield with_key("an exponent of 1", {**public(rs), "e": "AQ"}, rs)
    yield with_key("an even modulus", {**public(rs), "n": encode(b"\xf0" * 256)}, rs)
    yield with_key(
        "a modulus that begins with zero", {**public(rs), "n": encode(b"\0" + b"\xff" * 256)}, rs
    )
    yield with_key("for encryption", {**public(rs), "use": "enc"}, rs)
    yield with_key("for encryption, by key_ops", {**public(rs), "key_ops": ["encrypt"]}, rs)
    yield with_key("another curve than its alg's", {**public(es), "alg": "ES384"}, es)
    yield with_key("an unknown curve", {**public(es), "crv": "secp256k1"}, es)
    yield with_key("a short coordinate", {**public(es), "x": encode(b"\1" * 31)}, es)
    yield with_key(
        "a point off the curve", {**public(es), "x": encode(b"\1" * 32)}, es, expected=SIGNATURE
    )
    yield with_key("Ed25519 with a long x", {**public(ed), "x": encode(b"\1" * 33)}, ed)
    yield with_key("Ed448", {**public(ed), "crv": "Ed448"}, ed, expected=NO_USABLE_KEY)
    yield with_key("a private key in public", es, es)
    yield with_key("a secret in public", hs, hs)
    yield with_key("a secret in our own set", hs, hs, own=True, expected=GOOD)
    short = {**hs, "k": encode(bytes(range(31)))}
    yield with_key(
        "a short secret",
        short,
        short,
        own=True,
        expected="key: a key for HS256 has 256 bits or more",
    )
    nameless = {name: value for name, value in hs.items() if name != "alg"}
    yield with_key(
        "a secret without alg",
        nameless,
        hs,
        own=True,
        expected="key: its `alg` is missing, unknown, or not for such a key",
    )
    yield with_key("none as alg", {**public(es), "alg": "none"}, es)
    yield with_key("RSA with alg ES256", {**public(rs), "alg": "ES256"}, rs)
    good = token(es)
    yield case("a set with a key twice named", good, NO_SET, '{"keys":[],"keys":[]}')
    yield case("a set that is a list", good, NO_SET, "[]")
    yield case("an empty set", good, NO_USABLE_KEY, '{"keys":[]}')
    crowd = json.dumps({"keys": [public(es)] * 33})
    yield case("a set of 33 keys", good, "key: a JWK set has at most 32 keys", crowd)
    mixed = json.dumps({"keys": [{"kty": "new"}, public(es), {"kty": "EC", "crv": "P-256"}]})
    yield case("a set with keys that nobody knows", good, GOOD, mixed)


@cache
def cases() -> tuple[Case, ...]:
    """All of them; made once for a run, as key pairs take a while."""
    return (*of_each_algorithm(), *of_all_sorts())


def signing_sets() -> dict[str, str]:
    """By algorithm, a set with one private key."""
    return {name: json.dumps({"keys": [key(name)]}) for name in ALL}


def verified_elsewhere(text: str, name: str) -> Any:
    """The payload of a JWS that somebody else signed, verified by PyJWT."""
    one = jwt.PyJWK({**public(key(name)), "alg": "EdDSA" if name == "Ed25519" else name})
    return json.loads(jwt.PyJWS().decode(text, one, algorithms=[one.algorithm_name]))
