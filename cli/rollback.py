"""`gateway rollback`: lets a table answer again that has answered before."""

import argparse
import sys
from typing import Any

from cli.pointers import SHORT, NoSuchTable, target
from cli.publish import default_author
from cli.remote import Remote, add_remote, attempt
from cli.terminal import write_json

_REACH = 200


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "rollback",
        help="go back to a table that answered before",
        description="Points the gateway at a table of the history; a candidate is taken back. It "
        "is a publication like any other: rolling back twice brings the first table back.",
        epilog="Exit status: 0 done, 1 refused, or somebody was first, 2 wrong use, or the gateway "
        "could not be asked.",
    )
    parser.add_argument(
        "table",
        nargs="?",
        default="-1",
        metavar="ID|-N",
        help="first digits of an id, or how many tables back; default: %(default)s",
    )
    add_remote(parser)
    parser.add_argument("--note", default="", metavar="TEXT", help="for the history")
    parser.add_argument("--author", help="default: git's user.name, or else your login")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Go back."""
    return attempt("rollback", lambda: _roll_back(options))


def _roll_back(options: argparse.Namespace) -> int:
    remote = Remote.chosen(options)
    status, history = remote.status(), remote.history(_REACH)
    try:
        id = target(options.table, history, status)
    except NoSuchTable as unknown:
        print(f"gateway rollback: {unknown}", file=sys.stderr)
        return 2
    pointer = status["pointer"]
    answer = remote.move(
        {
            "expected": pointer["sequence"] if pointer else 0,
            "current": id,
            "author": options.author or default_author(),
            "note": options.note or f"rollback from {status['live'][:SHORT]}",
        }
    )
    if options.json:
        write_json({"url": remote.url, "id": id, "replaces": status["live"], **answer})
        return 0
    sequence = answer["pointer"]["sequence"]
    print(f"{id[:SHORT]} answers again at {remote.url}, as {sequence}")
    print(f"every isolate asks again after {answer['max_age']:g} s at most")
    return 0
