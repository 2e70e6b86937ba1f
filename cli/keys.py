"""`gateway keys`: create, list, rotate and revoke API keys, through a running gateway.

It calls `/keys` like anybody else, with the token in GATEWAY_TOKEN; for a gateway on this machine
it mints a development token instead. A new key is printed once, and stored nowhere.
"""

import argparse
import datetime
import json
import os
import re
import secrets
import sys
import time
import urllib.error
import urllib.request
from typing import Any, Final
from urllib.parse import quote, urlsplit

from cli import token
from cli.token import NoSigningKeyError, development_authority
from routing.units import DURATION_PATTERN, seconds

_VARIABLE: Final = "GATEWAY_TOKEN"
_LOCAL: Final = ("127.0.0.1", "localhost")
_TIMEOUT: Final = 10
_LARGEST: Final = 1_000_000


class FailedError(Exception):
    """It was not done; the text says why."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes to the address that was given, and to no other."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "keys",
        help="create, list, rotate and revoke API keys",
        description=f"Manages the API keys of the caller that the token in {_VARIABLE} stands for."
        " It needs the scope keys:admin, and every scope that a key is to have.",
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--url", default="http://127.0.0.1:8787", help="default: %(default)s")
    common.add_argument("--subject", default="demo", help="on this machine; default: %(default)s")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    create = actions.add_parser("create", parents=[common], help="a new key, shown once")
    create.add_argument("--name", required=True, help="what it is for")
    create.add_argument("--scope", action="append", required=True, help="may be repeated")
    create.add_argument("--expires", type=_duration, metavar="DURATION", help="such as 90d or 12h")
    create.set_defaults(run=_run, act=_create)
    listed = actions.add_parser("list", parents=[common], help="all keys, without their secrets")
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
    try:
        arguments.act(arguments)
    except (FailedError, NoSigningKeyError) as error:
        print(f"gateway keys: {error}", file=sys.stderr)
        return 1
    return 0


def _create(arguments: argparse.Namespace) -> None:
    content: dict[str, Any] = {"name": arguments.name, "scopes": arguments.scope}
    if arguments.expires is not None:
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=arguments.expires)
        content["expires_at"] = end.replace(microsecond=0).isoformat()
    made = _call(arguments, "POST", "/keys", content, scopes=arguments.scope)
    _show([made])
    print(made["key"])


def _list(arguments: argparse.Namespace) -> None:
    _show(_call(arguments, "GET", "/keys")["items"])


def _rotate(arguments: argparse.Namespace) -> None:
    kept = {one["id"]: one["scopes"] for one in _call(arguments, "GET", "/keys")["items"]}
    path = f"/keys/{quote(arguments.id, safe='')}/rotate"
    content = {"overlap": arguments.overlap}
    made = _call(arguments, "POST", path, content, scopes=kept.get(arguments.id, []))
    _show([made])
    print(made["key"])


def _revoke(arguments: argparse.Namespace) -> None:
    _call(arguments, "DELETE", f"/keys/{quote(arguments.id, safe='')}")


def _show(keys: list[dict[str, Any]]) -> None:
    """One line for each key, on standard error: standard output has the new key alone."""
    for key in keys:
        state = "revoked" if key["revoked_at"] else f"until {key['expires_at'] or 'revoked'}"
        used = key["last_used_at"] or "never"
        scopes = " ".join(key["scopes"])
        line = f"{key['id']}  {key['name']}  [{scopes}]  {state}  last used: {used}"
        print(line, file=sys.stderr if "key" in key else sys.stdout)


def _call(
    arguments: argparse.Namespace,
    method: str,
    path: str,
    content: Any = None,
    scopes: list[str] | None = None,
) -> Any:
    """The answer's JSON. Raises `FailedError` and `NoSigningKeyError`."""
    url = urlsplit(arguments.url)
    local = url.hostname in _LOCAL
    if url.scheme != "https" and not (url.scheme == "http" and local):
        raise FailedError(f"expected an https URL, found {arguments.url}")
    request = urllib.request.Request(  # noqa: S310  (the scheme was checked)
        arguments.url.rstrip("/") + path,
        None if content is None else json.dumps(content).encode(),
        {
            "Authorization": f"Bearer {_credential(arguments, scopes or [], local=local)}",
            "Content-Type": "application/json",
        },
        method=method,
    )
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT) as answer:
            return json.loads(answer.read(_LARGEST) or b"null")
    except urllib.error.HTTPError as error:
        raise FailedError(_reason(error)) from None
    except (OSError, ValueError) as error:
        raise FailedError(f"{arguments.url} gave no usable answer: {error}") from None


def _credential(arguments: argparse.Namespace, scopes: list[str], *, local: bool) -> str:
    given = os.environ.get(_VARIABLE, "")
    if given or not local:
        if not given:
            raise FailedError(f"{_VARIABLE} is not set: a token with the scope keys:admin")
        return given
    return development_authority(token.AUTH).issue(
        arguments.subject,
        ("keys:admin", *scopes),
        now=int(time.time()),
        lifetime=60,
        token_id=secrets.token_urlsafe(16),
    )


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        problem = json.loads(error.read(_LARGEST))
        return f"{problem['title']} ({error.code}): {problem['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"status {error.code}"


def _duration(text: str) -> int:
    days = re.fullmatch(r"(\d{1,4})d", text)
    if days:
        return int(days[1]) * 86_400
    if not re.search(DURATION_PATTERN, text):
        message = f"expected a duration such as 90d, 12h or 30m, found `{text}`"
        raise argparse.ArgumentTypeError(message)
    return int(seconds(text))
