"""`gateway promote`: lets the candidate answer more clients, or all of them."""

import argparse
import sys
from typing import Any

from cli.pointers import SHORT
from cli.publish import default_author, percentage
from cli.remote import Remote, add_remote, attempt
from cli.terminal import write_json


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "promote",
        help="let the candidate answer all clients",
        description="The table that `gateway publish --percent` gave to some clients answers all "
        "of them, or --percent of them.",
        epilog="Exit status: 0 done, 1 there is no candidate, or somebody was first, 2 wrong use, "
        "or the gateway could not be asked.",
    )
    add_remote(parser)
    parser.add_argument("--percent", type=percentage, default=100, metavar="N", help="default: 100")
    parser.add_argument("--note", default="", metavar="TEXT", help="for the history")
    parser.add_argument("--author", help="default: git's user.name, or else your login")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Promote it."""
    return attempt("promote", lambda: _promote(options))


def _promote(options: argparse.Namespace) -> int:
    remote = Remote.chosen(options)
    status = remote.status()
    pointer = status["pointer"]
    candidate = pointer.get("candidate") if pointer and status["followed"] else None
    if candidate is None:
        print("gateway promote: there is no candidate; see gateway status", file=sys.stderr)
        return 1
    everybody = options.percent == 100
    answer = remote.move(
        {
            "expected": pointer["sequence"],
            "current": candidate if everybody else pointer["current"],
            "candidate": None if everybody else candidate,
            "percent": 0 if everybody else options.percent,
            "author": options.author or default_author(),
            "note": options.note or f"promoted to {options.percent} %",
            # What it was published in spite of still holds.
            "override": pointer.get("override", ""),
        }
    )
    if options.json:
        write_json({"url": remote.url, "id": candidate, **answer})
        return 0
    print(f"{candidate[:SHORT]} answers {options.percent} % of the clients at {remote.url}")
    return 0
