"""Access tokens: what is issued, and everything that is not accepted (RFC 8725)."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.auth import CredentialKind, Principal
from identity.tokens import (
    LEEWAY,
    MAX_LENGTH,
    InvalidCredential,
    TokenAuthority,
    parse_signing_key,
)

KEY = bytes(range(32))
AUTHORITY = TokenAuthority(KEY, issuer="edge-gateway", audience="public-api")


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims with `changes`; None takes one away."""
    now = int(time.time())
    good = {
        "iss": "edge-gateway",
        "aud": "public-api",
        "sub": "alice",
        "scope": "roadmaps:read roadmaps:write",
        "iat": now,
        "nbf": now,
        "exp": now + 86_400,
        "jti": "t-1",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(
    content: dict[str, Any], *, key: bytes = KEY, algorithm: str = "HS256", typ: str = "at+jwt"
) -> str:
    return jwt.encode(content, key, algorithm=algorithm, headers={"typ": typ})


def test_an_issued_token_is_verified() -> None:
    now = int(time.time())
    token = AUTHORITY.issue("alice", ("a", "b"), now=now, lifetime=60, token_id="t-1")
    assert AUTHORITY.verify(token) == Principal(
        subject="alice",
        kind=CredentialKind.TOKEN,
        scopes=("a", "b"),
        issued_at=now,
        expires_at=now + 60,
        credential_id="t-1",
    )
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "at+jwt"}


NOW = int(time.time())
ACCEPTED: dict[str, str] = {
    "without scope": signed(claims(scope=None)),
    "without an id": signed(claims(jti=None)),
    "the type's long name": signed(claims(), typ="application/at+jwt"),
    "the type in capitals": signed(claims(), typ="AT+JWT"),
    "soon valid, within the leeway": signed(claims(nbf=NOW + LEEWAY - 5)),
}


@pytest.mark.parametrize("token", ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(token: str) -> None:
    assert AUTHORITY.verify(token).subject == "alice"


def test_accepts_a_token_that_expired_within_the_leeway() -> None:
    # Made here and not at import: other tests may take longer than the leeway.
    token = signed(claims(exp=int(time.time()) - LEEWAY + 20))
    assert AUTHORITY.verify(token).subject == "alice"


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _unsigned(header: dict[str, Any]) -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims()).encode()]
    return ".".join([*map(_base64url, parts), ""])


_GOOD = signed(claims())
_HEAD, _BODY, _SIGNATURE = _GOOD.split(".")

NOT_VALID, NOT_OURS = "The token is not valid.", "The token was not issued for this API."
REFUSED: dict[str, tuple[str, str]] = {
    "nothing": ("", NOT_VALID),
    "a word": ("secret", NOT_VALID),
    "two parts": (f"{_HEAD}.{_BODY}", NOT_VALID),
    "four parts": (f"{_GOOD}.x", NOT_VALID),
    "another key": (signed(claims(), key=bytes(32)), NOT_VALID),
    "a changed body": (f"{_HEAD}.{_BODY[:-4]}AAAA.{_SIGNATURE}", NOT_VALID),
    "no signature": (f"{_HEAD}.{_BODY}.", NOT_VALID),
    "algorithm none": (_unsigned({"alg": "none", "typ": "at+jwt"}), NOT_VALID),
    "algorithm None": (_unsigned({"alg": "None", "typ": "at+jwt"}), NOT_VALID),
    "no algorithm": (_unsigned({"typ": "at+jwt"}), NOT_VALID),
    "a longer hash": (signed(claims(), key=bytes(range(64)), algorithm="HS512"), NOT_VALID),
    "another type": (signed(claims(), typ="JWT"), "This is not an access token."),
    "expired": (signed(claims(exp=NOW - LEEWAY - 1)), "The token has expired."),
    "not valid yet": (signed(claims(nbf=NOW + 3600)), "The token is not valid yet."),
    "issued in the future": (signed(claims(iat=NOW + 3600)), "The token is not valid yet."),
    "another issuer": (signed(claims(iss="evil")), NOT_OURS),
    "another audience": (signed(claims(aud="other-api")), NOT_OURS),
    "several audiences": (signed(claims(aud=["public-api", "other-api"])), NOT_OURS),
    "a subject that is a number": (signed(claims(sub=7)), NOT_VALID),
    "a scope that is a list": (signed(claims(scope=["a"])), NOT_VALID),
    "an expiry in words": (signed(claims(exp="tomorrow")), NOT_VALID),
    "an endless expiry": (signed(claims(exp=float("inf"))), NOT_VALID),
    **{
        f"without {name}": (signed(claims(**{name: None})), f"The token lacks the claim `{name}`.")
        for name in ("iss", "aud", "sub", "exp", "nbf", "iat")
    },
    "too long": (_GOOD + "A" * MAX_LENGTH, "The token is too long."),
    "a header that is too long": (
        _base64url(b'{"a":' * 200) + "." + _BODY,
        "The token is too long.",
    ),
    "a deep header": (_base64url(b"[" * 300) + "." + _BODY + ".AAAA", NOT_VALID),
    "not ASCII": ("ä.ö.ü", NOT_VALID),
}


@pytest.mark.parametrize(("token", "reason"), REFUSED.values(), ids=REFUSED)
def test_refuses(token: str, reason: str) -> None:
    with pytest.raises(InvalidCredential) as refused:
        AUTHORITY.verify(token)
    assert str(refused.value) == reason


@given(st.text(max_size=200) | st.binary(max_size=200).map(_base64url))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    for token in (text, f"{text}.{text}.{text}", f"{_HEAD}.{text}.{_SIGNATURE}"):
        if token != _GOOD:
            with pytest.raises(InvalidCredential):
                AUTHORITY.verify(token)


WEAK_KEYS = {
    "missing": "",
    "short": _base64url(bytes(31)),
    "not base64url": "!" * 60,
    "not ASCII": "ä" * 60,
}


@pytest.mark.parametrize("text", WEAK_KEYS.values(), ids=WEAK_KEYS)
def test_a_weak_signing_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="SIGNING_KEY"):
        parse_signing_key(text)


def test_a_signing_key_is_base64url_with_or_without_padding() -> None:
    key = bytes(range(200, 233))
    for content in (key, key[:-1]):
        padded = base64.urlsafe_b64encode(content).decode()
        assert parse_signing_key(padded.rstrip("=")) == content
