"""`gateway token`: an access token for the local gateway, signed with the development key.

It never works anywhere else: the key is the one that set-up wrote into services/auth/.dev.vars, and
only where that file says that this is a development environment.
"""

import argparse
import base64
import binascii
import re
import secrets
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import jwt

from routing.units import DURATION_PATTERN, seconds

_AUTH: Final = Path(__file__).resolve().parent.parent / "services" / "auth"
_DEFAULT_SCOPES: Final = ("roadmaps:read", "roadmaps:write")
_SHORTEST_KEY: Final = 32
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")


class NoSigningKeyError(Exception):
    """There is nothing to sign with; the text says why and what to do."""


class Signing(NamedTuple):
    """What the auth Worker verifies tokens by."""

    key: bytes
    issuer: str
    audience: str


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "token",
        help="mint a development token",
        description="Prints an access token that the gateway of `make dev` accepts.",
    )
    parser.add_argument("--subject", default="demo", help="default: %(default)s")
    parser.add_argument(
        "--scope", action="append", default=[], metavar="SCOPE", help="may be repeated"
    )
    parser.add_argument(
        "--scopes", metavar='"A B"', help=f'several at once; default: "{" ".join(_DEFAULT_SCOPES)}"'
    )
    parser.add_argument(
        "--lifetime", type=_lifetime, default="1h", help="such as 30s or 1h30m; default: 1h"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the token; it stands alone on the last line."""
    try:
        signing = read_signing(_AUTH)
    except NoSigningKeyError as error:
        print(f"gateway token: {error}", file=sys.stderr)
        return 1
    scopes = [*arguments.scope, *(arguments.scopes or "").split()]
    if arguments.scopes is None and not scopes:
        scopes = list(_DEFAULT_SCOPES)
    now = int(time.time())
    print(mint(signing, arguments.subject, scopes, now=now, lifetime=arguments.lifetime))
    return 0


def mint(
    signing: Signing, subject: str, scopes: Sequence[str], *, now: int, lifetime: float
) -> str:
    """A JWT access token (RFC 9068's claims, RFC 8725's practices) from `now` on, in seconds."""
    claims = {
        "iss": signing.issuer,
        "aud": signing.audience,
        "sub": subject,
        "scope": " ".join(scopes),
        "iat": now,
        "nbf": now,
        "exp": now + int(lifetime),
        "jti": secrets.token_urlsafe(16),
    }
    return jwt.encode(claims, signing.key, algorithm="HS256", headers={"typ": "at+jwt"})


def read_signing(auth: Path) -> Signing:
    """The auth Worker's settings for development. Raises `NoSigningKeyError`."""
    try:
        text = (auth / ".dev.vars").read_text(encoding="utf-8")
    except OSError:
        message = "there is no services/auth/.dev.vars yet; run `make dev` once, it makes one"
        raise NoSigningKeyError(message) from None
    with (auth / "wrangler.toml").open("rb") as file:
        settings = tomllib.load(file).get("vars", {}) | _read_variables(text)
    if settings.get("ENVIRONMENT") != "development":
        message = "ENVIRONMENT in services/auth/.dev.vars is not `development`"
        raise NoSigningKeyError(message)
    missing = [name for name in ("SIGNING_KEY", "ISSUER", "AUDIENCE") if not settings.get(name)]
    if missing:
        message = f"{', '.join(missing)} is missing in services/auth/.dev.vars"
        raise NoSigningKeyError(message)
    return Signing(_key(settings["SIGNING_KEY"]), settings["ISSUER"], settings["AUDIENCE"])


def _read_variables(text: str) -> dict[str, str]:
    """The lines NAME=value of a .dev.vars file; quotes around a value do not belong to it."""
    variables: dict[str, str] = {}
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found:
            value = found[2]
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'`"
            variables[found[1]] = value[1:-1] if quoted else value
    return variables


def _key(text: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _SHORTEST_KEY:
        message = f"SIGNING_KEY is not base64url of at least {_SHORTEST_KEY} bytes"
        raise NoSigningKeyError(message)
    return key


def _lifetime(text: str) -> float:
    if not re.search(DURATION_PATTERN, text) or seconds(text) < 1:
        message = f"expected a duration such as 30s or 1h30m, found `{text}`"
        raise argparse.ArgumentTypeError(message)
    return seconds(text)
