"""The claims of a JWT (RFC 7519) whose signature was found to be good: the second step.

Every check is named here and none left to a library's default. The clock is handed in.
"""

from collections.abc import Collection
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from contract.jose.strict_json import decode_object

LEEWAY: Final = 30
"""Seconds by which two clocks may differ."""

_Range = Meta(ge=0, le=253_402_300_799)
Time = Annotated[int, _Range] | Annotated[float, _Range]
"""A NumericDate: seconds since 1970, up to the end of the year 9999."""

Text = Annotated[str, Meta(max_length=1024)]


class InvalidClaims(Exception):
    """A claim does not hold. The text is for the token's sender: a sentence without secrets."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The claims that mean something here; others are passed over (RFC 7519, section 4)."""

    iss: Text | None = None
    aud: Text | Annotated[tuple[Text, ...], Meta(max_length=32)] | None = None
    sub: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    exp: Time | None = None
    nbf: Time | None = None
    iat: Time | None = None
    jti: Text = ""
    sid: Text = ""
    client_id: Text = ""
    scope: Annotated[str, Meta(max_length=4096)] = ""
    scp: Text | Annotated[tuple[Text, ...], Meta(max_length=128)] = ""


_decoder: Final = msgspec.json.Decoder(Claims)


def unverified_issuer(payload: bytes) -> str | None:
    """Whose token it claims to be: good for choosing whose keys to check it with, nothing else."""
    try:
        issuer = decode_object(payload).get("iss")
    except (ValueError, RecursionError):
        raise InvalidClaims("The token is not valid.") from None
    return issuer if isinstance(issuer, str) else None


def check(
    payload: bytes,
    *,
    issuer: str,
    audience: str,
    now: float,
    required: Collection[str] = ("iss", "aud", "sub", "exp", "nbf", "iat"),
    sole_audience: bool = True,
) -> Claims:
    """The claims, all of which hold at `now`. Raises `InvalidClaims`.

    With `sole_audience` a token that is for somebody else as well is refused.
    """
    try:
        decode_object(payload)  # msgspec lets repeated members pass
        claims = _decoder.decode(payload)
    except (ValueError, RecursionError):
        raise InvalidClaims("The token is not valid.") from None
    for name in required:
        if getattr(claims, name) is None:
            raise InvalidClaims(f"The token lacks the claim `{name}`.")
    audiences = (claims.aud,) if isinstance(claims.aud, str) else claims.aud or ()
    for_us = audiences == (audience,) if sole_audience else audience in audiences
    if claims.iss != issuer or not for_us:
        raise InvalidClaims("The token was not issued for this API.")
    if claims.exp is not None and now >= claims.exp + LEEWAY:
        raise InvalidClaims("The token has expired.")
    if max(claims.nbf or 0, claims.iat or 0) > now + LEEWAY:
        raise InvalidClaims("The token is not valid yet.")
    return claims


def check_type(header_type: object, accepted: Collection[str]) -> None:
    """Raise `InvalidClaims` unless the header's `typ` is one of `accepted` (RFC 8725, 3.11).

    The prefix `application/` may be left out, and case does not matter (RFC 7515, section 4.1.9).
    """
    found = header_type.lower() if isinstance(header_type, str) else ""
    if found.removeprefix("application/") not in accepted:
        raise InvalidClaims("This is not an access token.")
