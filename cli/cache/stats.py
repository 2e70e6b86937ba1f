"""`gateway cache stats`: how many requests the store has answered, by route."""

import argparse
from typing import TYPE_CHECKING, Any, Final

from cli.pointers import moment
from cli.remote import Remote, add_remote, attempt
from cli.terminal import console, printable, write_json

if TYPE_CHECKING:
    from rich.table import Table

SCOPE: Final = "gateway:status"
_OUTCOMES: Final = ("hit", "stale", "collapsed", "validated", "miss", "bypass")


def register(actions: Any) -> None:
    """Add the action to the parser of `gateway cache`."""
    parser = actions.add_parser(
        "stats",
        help="show how many requests the store has answered, by route",
        description="Sums over all isolates, a few seconds behind. The ratio is that of requests "
        "that no service was asked for (hit, stale, collapsed) among all but those that pass by.",
        epilog="Exit status: 0 shown, 1 refused, 2 wrong use, or the gateway could not be asked.",
    )
    add_remote(parser, SCOPE)
    parser.add_argument("--hours", type=int, default=24, help="of the latest N; default: 24")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show them."""
    return attempt("cache stats", lambda: _show(options))


def _show(options: argparse.Namespace) -> int:
    found = Remote.chosen(options, SCOPE).json("GET", f"cache/stats?hours={options.hours}")
    if options.json:
        write_json(found)
        return 0
    terminal = console()
    terminal.print(f"since {moment(found['since'])}")
    if found["routes"]:
        terminal.print(_table(found))
    else:
        terminal.print("nobody has asked for a route with a cache")
    return 0


def _table(found: dict[str, Any]) -> "Table":
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("route")
    for title in ("requests", "ratio", *_OUTCOMES, "saved"):
        table.add_column(title, justify="right")
    for one in (*found["routes"], {"route": "all", **found["all"]}):
        ratio = one["hit_ratio"]
        table.add_row(
            printable(one["route"]),
            str(one["requests"]),
            "" if ratio is None else f"{ratio:.1%}",
            *(str(one["outcomes"].get(name, 0)) for name in _OUTCOMES),
            _size(one["bytes_saved"]),
        )
    return table


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"
