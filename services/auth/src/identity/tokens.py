"""Access tokens: JWTs (RFC 7519) of the profile RFC 9068, signed with HS256.

Verification follows RFC 8725: one algorithm that the token has no say in, the type checked, issuer
and audience checked, every check named here and none left to a library's default.
"""

import base64
import binascii
from typing import Any, Final

import jwt
import msgspec

from contract.auth import CredentialKind, Principal

LEEWAY: Final = 30
"""Seconds by which two clocks may differ."""

MAX_LENGTH: Final = 8192
_MAX_HEADER_LENGTH: Final = 512
_SHORTEST_KEY: Final = 32
_ALGORITHM: Final = "HS256"
_TYPE: Final = "at+jwt"
_REQUIRED: Final = ["iss", "aud", "sub", "exp", "nbf", "iat"]


class InvalidCredential(Exception):
    """A credential that is not good. The text is for its sender: a sentence without secrets."""


class TokenClaims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says about its holder. Times are Unix seconds."""

    sub: str
    iat: int
    exp: int
    scope: str = ""
    jti: str = ""


def parse_signing_key(text: str) -> bytes:
    """The key, from base64url. Raises `ValueError` below 256 bits (RFC 7518, section 3.2)."""
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), "-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("SIGNING_KEY is not base64url") from None
    if len(key) < _SHORTEST_KEY:
        raise ValueError(f"SIGNING_KEY is missing or shorter than {_SHORTEST_KEY} bytes")
    return key


class TokenAuthority:
    """Issues and verifies the tokens of one issuer for one audience."""

    def __init__(self, key: bytes, *, issuer: str, audience: str) -> None:
        self._key = key
        self._issuer = issuer
        self._audience = audience

    def issue(
        self, subject: str, scopes: tuple[str, ...], *, now: int, lifetime: int, token_id: str
    ) -> str:
        """A signed token for `subject`, good for `lifetime` seconds from `now`."""
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": subject,
            "client_id": subject,
            "scope": " ".join(scopes),
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "jti": token_id,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"typ": _TYPE})

    def verify(self, token: str) -> Principal:
        """The token's holder. Raises `InvalidCredential`."""
        # Before any parsing: the header is JSON that nobody has signed yet.
        if len(token) > MAX_LENGTH or token.find(".") > _MAX_HEADER_LENGTH:
            raise InvalidCredential("The token is too long.")
        claims = self._decode(token)
        return Principal(
            subject=claims.sub,
            kind=CredentialKind.TOKEN,
            scopes=tuple(claims.scope.split()),
            issued_at=claims.iat,
            expires_at=claims.exp,
            credential_id=claims.jti,
        )

    def _decode(self, token: str) -> TokenClaims:
        try:
            decoded: dict[str, Any] = jwt.decode_complete(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                options={
                    "require": _REQUIRED,
                    "verify_signature": True,
                    "verify_exp": True,
                    "verify_nbf": True,
                    "verify_iat": True,
                    "verify_aud": True,
                    "strict_aud": True,
                    "verify_iss": True,
                    "verify_sub": True,
                    "verify_jti": True,
                    "enforce_minimum_key_length": True,
                },
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY,
            )
            if str(decoded["header"].get("typ")).lower() not in (_TYPE, f"application/{_TYPE}"):
                raise InvalidCredential("This is not an access token.")
            return msgspec.convert(decoded["payload"], TokenClaims)
        except jwt.ExpiredSignatureError:
            raise InvalidCredential("The token has expired.") from None
        except jwt.ImmatureSignatureError:
            raise InvalidCredential("The token is not valid yet.") from None
        except jwt.MissingRequiredClaimError as error:
            raise InvalidCredential(f"The token lacks the claim `{error.claim}`.") from None
        except (jwt.InvalidAudienceError, jwt.InvalidIssuerError):
            raise InvalidCredential("The token was not issued for this API.") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            # msgspec's errors are ValueErrors too.
            raise InvalidCredential("The token is not valid.") from None
