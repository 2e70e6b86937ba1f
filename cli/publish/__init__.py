"""`gateway publish`: a route table goes live at a running gateway, without a deploy."""

import argparse
import getpass
import hashlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from cli.options import add_environment, add_table
from cli.remote import Refused, Remote, add_remote, attempt
from cli.terminal import console, fail, printable, write_json

if TYPE_CHECKING:
    from cli.compile_table import LoadedTable
    from cli.diff.severity import Change
    from routing.table import Table

SHORT: Final = 12
_NOT_SEEN_YET: Final = 60.0
"""Seconds after which what was stored is to be seen everywhere."""
_PAUSE: Final = 2.0


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "publish",
        help="make a route table live at a running gateway",
        description="Checks a table, runs its tests and the audit, shows what it changes, stores "
        "it at the gateway and lets it answer there. Asks nothing.",
        epilog="Exit status: 0 it is live, 1 it was refused (mistakes, tests, audit, or somebody "
        "was first), 2 wrong use, or the gateway could not be asked.",
    )
    add_table(parser)
    add_environment(parser)
    add_remote(parser)
    parser.add_argument("--note", default="", metavar="TEXT", help="for the history")
    parser.add_argument("--author", help="default: git's user.name, or else your login")
    parser.add_argument(
        "--percent",
        type=percentage,
        metavar="N",
        help="only for so many of a hundred clients, always the same ones; `gateway promote` "
        "lets it answer all",
    )
    parser.add_argument(
        "--override",
        default="",
        metavar="REASON",
        help="although tests or the audit speak against it; the reason stands in the history",
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def percentage(text: str) -> int:
    """A number from 1 to 100, for argparse."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:4]) <= 100:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 100, found `{text[:20]}`")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Publish, or say why not."""
    from cli.bindings import declared_bindings  # noqa: PLC0415
    from cli.check import render  # noqa: PLC0415
    from cli.compile_table import TableErrors, UnknownEnvironment, check_source  # noqa: PLC0415
    from cli.publish.gate import objections  # noqa: PLC0415
    from runtime.project import CONFIGS  # noqa: PLC0415

    try:
        bindings = declared_bindings(CONFIGS["gateway"])
        loaded = check_source(options.file, options.environment, bindings=bindings)
        against = objections(options.file, loaded.table, options.environment)
    except UnknownEnvironment as unknown:
        return fail("publish", unknown.errors[0].message)
    except TableErrors as wrong:
        print(render(wrong.errors), file=sys.stderr)
        return 1
    for one in against:
        print(printable(one), file=sys.stderr)
    if against and not options.override:
        print("gateway publish: not published; see --override", file=sys.stderr)
        return 1
    return attempt("publish", lambda: _publish(options, loaded))


def _publish(options: argparse.Namespace, loaded: "LoadedTable") -> int:
    import msgspec  # noqa: PLC0415

    remote = Remote.chosen(options)
    document = msgspec.json.encode(loaded.table)
    id = hashlib.sha256(document).hexdigest()
    status = remote.status()
    live, pointer = str(status["live"]), status["pointer"]
    said: dict[str, Any] = {"url": remote.url, "id": id, "replaces": live}
    candidate = pointer["candidate"] if status["followed"] and "candidate" in pointer else None
    if id == live and candidate is None:
        if options.json:
            write_json({**said, "published": False, "changes": []})
        else:
            print(f"{id[:SHORT]} answers at {remote.url} already")
        return 0
    changes = _changes(remote, live, loaded.table)
    if not options.json:
        _show(live, id, changes)
    author = options.author or default_author()
    remote.put(id, document, author, options.note)
    change = {
        "expected": pointer["sequence"] if pointer else 0,
        "current": id if options.percent in (None, 100) else live,
        "candidate": None if options.percent in (None, 100) else id,
        "percent": 0 if options.percent in (None, 100) else options.percent,
        "author": author,
        "note": options.note,
        "override": options.override,
    }
    answer = _moved(remote, change)
    sequence, max_age = answer["pointer"]["sequence"], answer["max_age"]
    if options.json:
        write_json({**said, "published": True, **answer, "changes": changes})
        return 0
    whom = f"{options.percent} % of the clients" if change["candidate"] else "all clients"
    print(f"published {id[:SHORT]} as {sequence} at {remote.url}, for {whom}")
    print(f"every isolate asks again after {max_age:g} s at most; back: gateway rollback")
    return 0


def _moved(remote: Remote, change: dict[str, Any]) -> dict[str, Any]:
    """Move the pointer; what was just stored may be to be seen a little later."""
    end = time.monotonic() + _NOT_SEEN_YET
    while True:
        try:
            return remote.move(change)
        except Refused as refused:
            if refused.status != 404 or time.monotonic() > end:
                raise
            print(f"gateway publish: {refused} Trying again.", file=sys.stderr)
            time.sleep(_PAUSE)


def _changes(remote: Remote, live: str, table: "Table") -> "list[Change] | None":
    """What differs from the table that answers now; None where that is one of another time."""
    import msgspec  # noqa: PLC0415

    from cli.diff.semantic import compare  # noqa: PLC0415
    from routing.table import Table  # noqa: PLC0415

    try:
        before = msgspec.json.decode(remote.document(live), type=Table)
    except (msgspec.MsgspecError, Refused) as error:
        print(f"gateway publish: {live[:SHORT]} cannot be compared: {error}", file=sys.stderr)
        return None
    return compare(before, table)


def _show(live: str, id: str, changes: "list[Change] | None") -> None:
    from cli.diff.display import show_changes  # noqa: PLC0415

    terminal = console()
    terminal.print(f"{live[:SHORT]} → {id[:SHORT]}")
    if changes is not None:
        show_changes(changes, terminal)


def default_author() -> str:
    """Git's user.name, or else the login."""
    try:
        named = subprocess.run(
            ["git", "config", "user.name"], capture_output=True, text=True, check=False
        ).stdout.strip()
    except OSError:
        named = ""
    if named:
        return named[:100]
    try:
        return getpass.getuser()[:100]
    except (OSError, KeyError):
        return "unknown"
