"""`gateway breakers`: the circuit breakers of a running gateway; open, close, let go."""

import argparse
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from cli.pointers import moment
from cli.remote import Remote, add_remote, attempt
from cli.terminal import console, fail, printable, write_json

if TYPE_CHECKING:
    from rich.table import Table

SCOPE: Final = "gateway:breakers"
_MODES: Final = (
    ("--open", "open", "force it open: no call goes out until further notice"),
    ("--close", "closed", "force it closed: all calls go out, whatever comes of them"),
    ("--auto", "auto", "let it judge by itself again; one that is open tries at once"),
)
_COLOURS: Final = {
    "closed": "green",
    "half-open": "yellow",
    "open": "red",
    "forced-open": "bold red",
    "forced-closed": "bold magenta",
}


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "breakers",
        help="show and force circuit breakers of a running gateway",
        description="Shows the circuit breakers of all regions, or forces those of a service.",
        epilog="Exit status: 0 shown or done, 1 refused or not done everywhere, 2 wrong use, or "
        "the gateway could not be asked.",
    )
    add_remote(parser, SCOPE)
    parser.add_argument("upstream", nargs="?", help="a service, or service/route; default: all")
    parser.add_argument("--events", action="store_true", help="show their latest transitions")
    parser.add_argument("--json", action="store_true", help="for machines")
    modes = parser.add_mutually_exclusive_group()
    for option, mode, told in _MODES:
        modes.add_argument(option, dest="mode", action="store_const", const=mode, help=told)
    parser.add_argument("--region", help="force it there alone; default: everywhere")
    parser.add_argument("--reason", help="why it is forced; is kept, and shown to others")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show them, or force those of one upstream."""
    if options.mode is None:
        if options.region or options.reason:
            return fail("breakers", "--region and --reason go with --open, --close or --auto")
        return attempt("breakers", lambda: _list(options))
    if not options.upstream or not options.reason:
        return fail("breakers", "say which upstream is forced, and a --reason")
    return attempt("breakers", lambda: _force(options))


def _list(options: argparse.Namespace) -> int:
    query = f"?{urlencode({'upstream': options.upstream})}" if options.upstream else ""
    return _show(options, Remote.chosen(options, SCOPE).json("GET", f"breakers{query}"))


def _force(options: argparse.Namespace) -> int:
    wanted = {"upstream": options.upstream, "mode": options.mode, "reason": options.reason}
    if options.region:
        wanted["region"] = options.region
    return _show(options, Remote.chosen(options, SCOPE).json("POST", "breakers", wanted))


def _show(options: argparse.Namespace, answer: dict[str, Any]) -> int:
    breakers = answer["breakers"]
    if options.json:
        write_json(answer)
    else:
        terminal = console()
        terminal.print(_table(breakers) if breakers else "no breaker has been used yet")
        if options.events:
            for line in _events(breakers):
                terminal.print(printable(line), soft_wrap=True)
        for upstream, wish in answer.get("wanted", {}).items():
            line = f"{upstream} is forced {wish['mode']} in all regions, those to come as well: "
            terminal.print(printable(f"{line}{wish['reason']} ({wish['by']})"), soft_wrap=True)
        if answer["left_off"]:
            terminal.print(f"{answer['left_off']} more; name an upstream to see its own")
    return 1 if any("error" in one for one in breakers) else 0


def _table(breakers: list[dict[str, Any]]) -> "Table":
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("upstream", "region", "state", "since", "tries in", "calls", "why"):
        table.add_column(title)
    for one in breakers:
        table.add_row(
            printable(one["upstream"]),
            printable(one["region"]),
            Text(one["state"], style=_COLOURS.get(one["state"], "bold")),
            moment(one["since"]) if one.get("since") else "",
            f"{one['retry_after']:g} s" if one.get("retry_after") else "",
            _calls(one.get("seen")),
            printable(one.get("error") or _latest(one)),
        )
    return table


def _calls(seen: dict[str, int] | None) -> str:
    if not seen or not seen["calls"]:
        return ""
    slow = f", {seen['slow']} slow" if seen["slow"] else ""
    return f"{seen['calls']}, {seen['failures']} failed{slow}"


def _latest(one: dict[str, Any]) -> str:
    return str(one["events"][0]["reason"]) if one["events"] else ""


def _events(breakers: list[dict[str, Any]]) -> list[str]:
    return [
        f"{moment(event['at'])}  {one['upstream']}@{one['region']}  "
        f"{event['from']} → {event['to']}: {event['reason']}"
        for one in breakers
        for event in one.get("events", [])
    ]
