"""`gateway status`: which table answers at a running gateway, and since when."""

import argparse
from typing import Any

from cli.pointers import SHORT, moment
from cli.remote import Remote, add_remote, attempt
from cli.terminal import console, printable, write_json


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "status",
        help="which table answers at a running gateway",
        description="Says which table answers, who published it, and how the isolate that was "
        "asked sees it.",
        epilog="Exit status: 0 the table that is to answer does, 1 the isolate goes on with "
        "another, 2 wrong use, or the gateway could not be asked.",
    )
    add_remote(parser)
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Say it."""
    return attempt("status", lambda: _tell(options))


def _tell(options: argparse.Namespace) -> int:
    status = Remote.chosen(options).status()
    isolate, live = status["isolate"], status["live"]
    if options.json:
        write_json(status)
    else:
        terminal = console()
        for line in _lines(status):
            terminal.print(printable(line), soft_wrap=True)
    return 0 if isolate["id"] == live and "not_taken" not in isolate else 1


def _lines(status: dict[str, Any]) -> list[str]:
    pointer, isolate, live = status["pointer"], status["isolate"], status["live"]
    if pointer is None:
        lines = [f"{live[:SHORT]} answers: built in, nothing was published"]
    elif not status["followed"]:
        line = f"{live[:SHORT]} answers: built in, and deployed after {pointer['sequence']} "
        line += f"({pointer['current'][:SHORT]}) was published for {pointer['built_in'][:SHORT]}"
        lines = [line]
    else:
        line = f"{live[:SHORT]} answers: {pointer['sequence']}, {moment(pointer['at'])}, by "
        line += pointer["author"]
        lines = [f"{line}: {pointer['note']}" if pointer.get("note") else line]
        if pointer.get("candidate"):
            lines.append(f"{pointer['candidate'][:SHORT]} answers {pointer['percent']} % instead")
    lines.append(
        f"the isolate that was asked: {isolate['id'][:SHORT]} since {isolate['since']}, "
        f"last looked {isolate['looked_at'] or 'never'}, feed {isolate['feed']}"
    )
    for id, reason in isolate.get("not_taken", {}).items():
        lines.append(f"it has not taken {id[:SHORT]}: {reason}")
    lines.append(f"every isolate looks again after {status['max_age']:g} s at most")
    return lines
