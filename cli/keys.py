"""`gateway keys`: create, list, rotate and revoke API keys, at the host of operators.

With the token in GATEWAY_TOKEN; for a gateway on this machine it mints a development token instead.
A new key is printed once, and stored nowhere.
"""

import argparse
import datetime
import os
import re
import secrets
import sys
import time
from typing import Any, Final
from urllib.parse import quote, urlencode

from cli import token
from cli.remote import Remote, add_remote, attempt, on_this_machine
from cli.terminal import printable
from cli.token import CLAIM_HELP, NoSigningKeyError, claim, development_authority
from routing.units import DURATION_PATTERN, seconds

_SCOPE: Final = "gateway:keys"
_MINTED: Final = "gateway:admin"
_VARIABLE: Final = "GATEWAY_TOKEN"


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "keys",
        help="create, list, rotate and revoke API keys",
        description=f"Manages everybody's API keys. The token needs the scope {_SCOPE}, and every "
        f"scope that a key is to have; or {_MINTED}.",
        epilog="Exit status: 0 done, 1 refused, 2 wrong use, or the gateway could not be asked.",
    )
    common = argparse.ArgumentParser(add_help=False)
    add_remote(common, _SCOPE)
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    create = actions.add_parser("create", parents=[common], help="a new key, shown once")
    create.add_argument("--name", required=True, help="what it is for")
    create.add_argument("--scope", action="append", required=True, help="may be repeated")
    create.add_argument("--role", action="append", default=[], help="may be repeated")
    create.add_argument(
        "--claim", action="append", default=[], type=claim, metavar="NAME=VALUE", help=CLAIM_HELP
    )
    create.add_argument("--owner", help="whose it is; default: the subject of the token")
    create.add_argument("--expires", type=_duration, metavar="DURATION", help="such as 90d or 12h")
    create.set_defaults(run=_run, act=_create)
    listed = actions.add_parser("list", parents=[common], help="keys, without their secrets")
    listed.add_argument("--owner", help="default: everybody's")
    listed.set_defaults(run=_run, act=_list)
    rotate = actions.add_parser("rotate", parents=[common], help="a new key in place of another")
    rotate.add_argument("id")
    rotate.add_argument(
        "--overlap",
        type=_duration,
        default=86_400,
        metavar="DURATION",
        help="how long the old one stays good; default: 1d",
    )
    rotate.set_defaults(run=_run, act=_rotate)
    revoke = actions.add_parser("revoke", parents=[common], help="end a key")
    revoke.add_argument("id")
    revoke.set_defaults(run=_run, act=_revoke)


def _run(arguments: argparse.Namespace) -> int:
    def work() -> int:
        arguments.act(_remote(arguments), arguments)
        return 0

    try:
        return attempt("keys", work)
    except NoSigningKeyError as error:
        print(f"gateway keys: {error}", file=sys.stderr)
        return 2


def _create(remote: Remote, arguments: argparse.Namespace) -> None:
    content: dict[str, Any] = {"name": arguments.name, "scopes": arguments.scope}
    if arguments.role:
        content["roles"] = arguments.role
    if arguments.claim:
        content["claims"] = dict(arguments.claim)
    if arguments.owner is not None:
        content["owner"] = arguments.owner
    if arguments.expires is not None:
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=arguments.expires)
        content["expires_at"] = end.replace(microsecond=0).isoformat()
    made = remote.json("POST", "keys", content)
    _show([made])
    print(made["key"])


def _list(remote: Remote, arguments: argparse.Namespace) -> None:
    query = f"?{urlencode({'owner': arguments.owner})}" if arguments.owner is not None else ""
    _show(remote.json("GET", f"keys{query}")["items"])


def _rotate(remote: Remote, arguments: argparse.Namespace) -> None:
    path = f"keys/{quote(arguments.id, safe='')}/rotate"
    made = remote.json("POST", path, {"overlap": arguments.overlap})
    _show([made])
    print(made["key"])


def _revoke(remote: Remote, arguments: argparse.Namespace) -> None:
    remote.json("DELETE", f"keys/{quote(arguments.id, safe='')}")


def _show(keys: list[dict[str, Any]]) -> None:
    """One line for each key, on standard error: standard output has the new key alone."""
    for key in keys:
        state = "revoked" if key["revoked_at"] else f"until {key['expires_at'] or 'revoked'}"
        used = key["last_used_at"] or "never"
        scopes = " ".join([*key["scopes"], *(f"role:{role}" for role in key["roles"])])
        line = f"{key['id']}  {key['owner']}  {key['name']}  [{scopes}]  {state}"
        print(
            printable(f"{line}  last used: {used}"), file=sys.stderr if "key" in key else sys.stdout
        )


def _remote(arguments: argparse.Namespace) -> Remote:
    """Raises `RemoteError` and `NoSigningKeyError`."""
    given = arguments.token or os.environ.get(_VARIABLE) or ""
    if not given and on_this_machine(arguments.url):
        given = development_authority(token.AUTH).issue(
            "demo",
            (_MINTED,),
            now=int(time.time()),
            lifetime=60,
            token_id=secrets.token_urlsafe(16),
        )
    return Remote(arguments.url, given, _SCOPE)


def _duration(text: str) -> int:
    days = re.fullmatch(r"(\d{1,4})d", text)
    if days:
        return int(days[1]) * 86_400
    if not re.search(DURATION_PATTERN, text):
        message = f"expected a duration such as 90d, 12h or 30m, found `{text}`"
        raise argparse.ArgumentTypeError(message)
    return int(seconds(text))
