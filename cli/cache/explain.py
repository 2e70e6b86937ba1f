"""`gateway cache explain`: why a request is answered from the store, or not, and until when."""

import argparse
from typing import Any, Final
from urllib.parse import urlencode

from cli.pointers import moment
from cli.remote import Remote, add_remote, attempt
from cli.terminal import console, printable, write_json

SCOPE: Final = "gateway:status"
_TIMES: Final = (
    ("came_at", "came or was validated"),
    ("fresh_until", "fresh until"),
    ("stale_while_revalidate_until", "stale while it is validated until"),
    ("stale_if_error_until", "stale where the service fails until"),
)


def register(actions: Any) -> None:
    """Add the action to the parser of `gateway cache`."""
    parser = actions.add_parser(
        "explain",
        help="show why a request is answered from the store, or not, and until when",
        description="Asks a running gateway what it would make of a request now, in the data "
        "centre that this machine reaches. No service is asked, and nothing is stored.",
        epilog="Exit status: 0 explained, 1 refused, 2 wrong use, or the gateway could not be "
        "asked.",
    )
    add_remote(parser, SCOPE)
    parser.add_argument("target", metavar="URL", help="absolute, as clients have it")
    parser.add_argument("--method", default="GET", help="default: GET")
    parser.add_argument(
        "-H", "--header", action="append", default=[], metavar="'NAME: VALUE'", help="repeatable"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain it."""
    return attempt("cache explain", lambda: _explain(options))


def _explain(options: argparse.Namespace) -> int:
    asked = {"url": options.target, "method": options.method}
    if options.header:
        asked["headers"] = "\n".join(options.header)
    found = Remote.chosen(options, SCOPE).json("GET", f"cache/explain?{urlencode(asked)}")
    if options.json:
        write_json(found)
        return 0
    terminal = console()
    for line in _lines(found):
        terminal.print(printable(line), soft_wrap=True)
    return 0


def _lines(found: dict[str, Any]) -> list[str]:
    version = f" in {found['version']}" if found["version"] else ""
    lines = [f"{found['outcome']}: {found['because']}", f"route: {found['route']}{version}"]
    if "key" in found:
        lines.append(f"key: {found['key']}")
    if "varies_with" in found:
        lines.append(f"varies with: {', '.join(found['varies_with'])}")
    stored = found.get("stored")
    if stored is None:
        return lines
    lines.append(
        f"stored: {stored['status']}, age {stored['age']:g} s of {stored['lifetime']:g} s, "
        f"from {stored['tier'] or 'an unknown tier'}"
    )
    lines += [f"{words}: {moment(stored[name])}" for name, words in _TIMES]
    if stored["etag"]:
        lines.append(f"ETag: {stored['etag']}")
    if stored["tags"]:
        lines.append(f"tags: {', '.join(stored['tags'])}")
    return lines
