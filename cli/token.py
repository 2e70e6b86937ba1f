"""`gateway token`: an access token for the local gateway, signed with the development key.

It never works anywhere else: the key is the one that set-up wrote into services/auth/.dev.vars, and
only where that file says that this is a development environment.
"""

import argparse
import json
import re
import secrets
import sys
import time
import tomllib
from pathlib import Path
from typing import Any, Final

from identity.grants import InvalidGrants, checked
from identity.tokens import TokenAuthority, parse_signing_keys
from routing.units import DURATION_PATTERN, seconds
from runtime.host_signatures import HostSignatures
from runtime.toolchain import ROOT

AUTH: Final = ROOT / "services" / "auth"
CLAIM_HELP: Final = "a text or JSON, such as plan=gold or tenants=[1,2]; may be repeated"
_DEFAULT_SCOPES: Final = ("roadmaps:read", "roadmaps:write")
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")


class NoSigningKeyError(Exception):
    """There is nothing to sign with; the text says why and what to do."""


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
        "--role", action="append", default=[], metavar="ROLE", help="may be repeated"
    )
    parser.add_argument(
        "--claim", action="append", default=[], type=claim, metavar="NAME=VALUE", help=CLAIM_HELP
    )
    parser.add_argument(
        "--lifetime", type=_lifetime, default="1h", help="such as 30s or 1h30m; default: 1h"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the token; it stands alone on the last line."""
    try:
        authority = development_authority(AUTH)
    except NoSigningKeyError as error:
        print(f"gateway token: {error}", file=sys.stderr)
        return 1
    scopes = [*arguments.scope, *(arguments.scopes or "").split()]
    if arguments.scopes is None and not scopes:
        scopes = list(_DEFAULT_SCOPES)
    try:
        grants = checked(arguments.role, dict(arguments.claim))
    except InvalidGrants as error:
        print(f"gateway token: {error}", file=sys.stderr)
        return 1
    token = authority.issue(
        arguments.subject,
        tuple(scopes),
        now=int(time.time()),
        lifetime=arguments.lifetime,
        token_id=secrets.token_urlsafe(16),
        grants=grants,
    )
    print(token)
    return 0


def claim(text: str) -> tuple[str, Any]:
    """`plan=gold`: a name, and a text or JSON. Raises `ArgumentTypeError`."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, found `{text}`")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def development_authority(auth: Path) -> TokenAuthority:
    """What the auth Worker in the folder `auth` issues and verifies tokens with, in development.

    Raises `NoSigningKeyError`.
    """
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
    missing = [name for name in ("SIGNING_KEYS", "ISSUER", "AUDIENCE") if not settings.get(name)]
    if missing:
        message = f"{', '.join(missing)} is missing in services/auth/.dev.vars"
        raise NoSigningKeyError(message)
    try:
        keys = parse_signing_keys(settings["SIGNING_KEYS"])
    except ValueError as error:
        raise NoSigningKeyError(f"{error} (services/auth/.dev.vars)") from None
    names = {"issuer": settings["ISSUER"], "audience": settings["AUDIENCE"]}
    return TokenAuthority(keys, HostSignatures(), **names)


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


def _lifetime(text: str) -> int:
    if not re.search(DURATION_PATTERN, text) or seconds(text) < 1:
        message = f"expected a duration such as 30s or 1h30m, found `{text}`"
        raise argparse.ArgumentTypeError(message)
    return int(seconds(text))
