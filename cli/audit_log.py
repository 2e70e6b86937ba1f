"""`gateway audit-log`: what operators did at a running gateway, one line for each action."""

import argparse
import json
import re
from typing import Any, Final

from cli.pointers import SHORT, moment
from cli.remote import Remote, add_remote, attempt
from cli.terminal import console, printable, write_json

_SCOPE: Final = "gateway:audit"
_MOST: Final = 200
_ID: Final = re.compile(r"[0-9a-f]{64}")


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "audit-log",
        help="what operators did at a running gateway",
        description="Shows the latest entries of the audit log, or those after a number: who did "
        "what, from where, and how it went. What has no outcome is under way, or nobody knows.",
        epilog="Exit status: 0 shown, 2 wrong use, or the gateway could not be asked.",
    )
    add_remote(parser, _SCOPE)
    parser.add_argument(
        "--after", type=_number, metavar="N", help="what follows entry N, the oldest first"
    )
    parser.add_argument(
        "--limit", type=_number, default=50, metavar="N", help="entries; default: %(default)s"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show them."""
    return attempt("audit-log", lambda: _show(options))


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise argparse.ArgumentTypeError(f"expected a number, found `{text[:20]}`")
    return int(text)


def _show(options: argparse.Namespace) -> int:
    query = f"limit={min(max(options.limit, 1), _MOST)}"
    if options.after is not None:
        query += f"&after={options.after}"
    log = Remote.chosen(options, _SCOPE).json("GET", f"audit?{query}")
    if options.json:
        write_json(log)
        return 0
    terminal = console()
    for line in lines_of(log["entries"]):
        terminal.print(printable(line), soft_wrap=True)
    if log["entries"] and log["oldest"] > 1:
        terminal.print(f"entries before {log['oldest']} are no longer kept")
    if not log["entries"]:
        terminal.print("nothing was done")
    return 0


def lines_of(entries: list[dict[str, Any]]) -> list[str]:
    """An intent and its outcome are one line, where the intent stands; others are lines alone."""
    outcomes = {
        one["record"]["intent"]: one["record"] for one in entries if "intent" in one["record"]
    }
    shown = {one["sequence"] for one in entries if one["record"]["phase"] == "intent"}
    return [
        _line(one, outcomes.get(one["sequence"]))
        for one in entries
        if one["record"].get("intent") not in shown
    ]


def _line(entry: dict[str, Any], outcome: dict[str, Any] | None) -> str:
    record = entry["record"]
    how = record["phase"]
    last = outcome if outcome is not None else record
    if "status" in last:
        how = f"{'refused ' if how == 'refused' else ''}{last['status']}"
    elif how == "intent":
        how = "not known"
    who = record.get("subject") or "nobody"
    if record.get("credential_id"):
        who += f" ({record['credential_id'][:12]})"
    line = f"{entry['sequence']:>5}  {moment(entry['at'])}  {how}  {record['action'] or '-'}"
    line += f"  {record['method']} {_short(record['target'])}  {who} at {record['address']}"
    details = record.get("parameters", {}) | last.get("result", {})
    said = " ".join(
        f"{name}={_short(value)}" for name, value in details.items() if value not in ("", "null")
    )
    return f"{line}  {said}" if said else line


def _short(text: str) -> str:
    """Ids of tables by their first digits; in quotes what has a space in it."""
    shortened = _ID.sub(lambda found: f"{found[0][:SHORT]}…", text)
    return json.dumps(shortened, ensure_ascii=False) if " " in shortened else shortened
