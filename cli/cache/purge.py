"""`gateway cache purge`: stored answers are out of date, by tag, URL, prefix, or all of them."""

import argparse
from typing import Any, Final

from cli.remote import Remote, add_remote, attempt
from cli.terminal import console, fail, printable

SCOPE: Final = "gateway:purge"


def register(actions: Any) -> None:
    """Add the action to the parser of `gateway cache`."""
    parser = actions.add_parser(
        "purge",
        help="end stored answers by tag, URL or prefix, in every tier and isolate",
        description="Stored answers that bear any of what is named are not used any more. --url is "
        "the gateway, as with all commands; answers are named by --target.",
        epilog="Exit status: 0 done, 1 refused, 2 wrong use, or the gateway could not be asked.",
    )
    add_remote(parser, SCOPE)
    parser.add_argument("--tag", action="append", default=[], help="may be repeated, like others")
    parser.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="URL",
        help="of an answer, as clients have it; without a query it stands for those with any",
    )
    parser.add_argument(
        "--prefix", action="append", default=[], metavar="URL", help="what such URLs begin with"
    )
    parser.add_argument("--all", action="store_true", help="everything")
    parser.add_argument(
        "--soft",
        action="store_true",
        help="stale from now on, and not gone: may be validated, or used where the service fails",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Purge what the options name."""
    named = {"tags": options.tag, "urls": options.target, "prefixes": options.prefix}
    wanted: dict[str, Any] = {name: given for name, given in named.items() if given}
    if options.all:
        wanted["all"] = True
    if not wanted:
        return fail("cache purge", "say what: --tag, --target, --prefix or --all")
    return attempt("cache purge", lambda: _purge(options, wanted | {"soft": options.soft}))


def _purge(options: argparse.Namespace, wanted: dict[str, Any]) -> int:
    done = Remote.chosen(options, SCOPE).json("POST", "purge", wanted)
    what = "stale" if done["soft"] else "gone"
    line = f"{what} in every isolate within {done['within']:g} s (change {done['sequence']})"
    console().print(printable(line), soft_wrap=True)
    return 0
