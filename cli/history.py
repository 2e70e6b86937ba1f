"""`gateway history`: what was published at a gateway, by whom, and why."""

import argparse
from typing import Any

from cli.pointers import SHORT, moment
from cli.publish import percentage
from cli.remote import Remote, add_remote, attempt
from cli.terminal import console, printable, write_json


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "history",
        help="what was published at a running gateway",
        description="Lists the pointers to tables, the newest first.",
        epilog="Exit status: 0 listed, 2 wrong use, or the gateway could not be asked.",
    )
    add_remote(parser)
    parser.add_argument(
        "--limit", type=percentage, default=20, metavar="N", help="at most; default: %(default)s"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List them."""
    return attempt("history", lambda: _list(options))


def _list(options: argparse.Namespace) -> int:
    history = Remote.chosen(options).history(options.limit)
    if options.json:
        write_json(history)
        return 0
    terminal = console()
    for pointer in history["pointers"]:
        line = f"{pointer['sequence']:>5}  {moment(pointer['at'])}  {pointer['current'][:SHORT]}"
        if pointer.get("candidate"):
            line += f" + {pointer['percent']} % {pointer['candidate'][:SHORT]}"
        line += f"  {pointer['author']}"
        if pointer["subject"] != pointer["author"]:
            line += f" (as {pointer['subject']})"
        if pointer.get("note"):
            line += f": {pointer['note']}"
        if pointer.get("override"):
            line += f" [override: {pointer['override']}]"
        terminal.print(printable(line), soft_wrap=True)
    if not history["pointers"]:
        terminal.print(f"nothing was published; {history['built_in'][:SHORT]} is built in")
    return 0
