"""A comparison for the terminal."""

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.text import Text

from cli.body_diff import body_diff
from cli.diff.report import Cause, Replay, Report, Side, Tried
from cli.diff.severity import Change
from cli.terminal import printable

MAX_CAUSES: Final = 20
_LONGEST: Final = 240
_STYLES = {"breaking": "bold red", "risky": "yellow", "compatible": "green"}
_SIGNS = {"+": "green", "-": "red"}


def show(found: Report, terminal: Console) -> None:
    """Print all of it."""
    terminal.print(Text(printable(f"{found.a} → {found.b}"), "bold"))
    terminal.print()
    show_changes(found.changes, terminal)
    terminal.print()
    terminal.print(Text(_tried(found.tried), "bold"))
    for number, cause in enumerate(found.causes[:MAX_CAUSES], 1):
        _show_cause(terminal, number, cause)
    if len(found.causes) > MAX_CAUSES:
        terminal.print(f"\n… and {len(found.causes) - MAX_CAUSES} more causes (--json has them)")


def show_changes(changes: list[Change], terminal: Console) -> None:
    """Print what differs between two tables, without the requests that show it."""
    for change in changes:
        _show_change(terminal, change)
    if not changes:
        terminal.print("  the tables say the same")


def _show_change(terminal: Console, change: Change) -> None:
    among = f" ({', '.join(change.versions)})" if change.versions else ""
    line = Text("  ").append(f"{change.severity:<12}", _STYLES[change.severity])
    line.append(f"{change.kind} ", "dim").append(printable(change.name), "bold")
    line.append(among, "dim").append(f"  {change.reason}")
    terminal.print(line, soft_wrap=True)
    values = " → ".join(filter(None, (change.before, change.after)))
    told = f"{change.what}: {values}" if values else change.what
    terminal.print(Text(" " * 14 + _cut(printable(told)), "dim"), soft_wrap=True)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _tried(tried: Tried) -> str:
    recorded = f" and {tried.recorded} recorded" if tried.recorded else ""
    more = " (there would have been more)" if tried.cut_off else ""
    skipped = f"; {tried.skipped} lines were no requests" if tried.skipped else ""
    different = tried.different or "none"
    return (
        f"{tried.generated} generated{recorded} requests{more}: "
        f"{different} answered differently{skipped}"
    )


def _show_cause(terminal: Console, number: int, cause: Cause) -> None:
    count = f"{cause.count} request{'' if cause.count == 1 else 's'}"
    line = Text(f"\n{number}. ").append(cause.severity, _STYLES[cause.severity])
    line.append(f"  {cause.a} → {cause.b}", "bold").append(f"  {count}: {cause.reason}")
    terminal.print(line, soft_wrap=True)
    for position, example in enumerate(cause.examples):
        _lines(terminal, [example.request], "   ", "cyan")
        if position == 0:
            _show_example(terminal, example)


def _show_example(terminal: Console, example: Replay) -> None:
    for name, side in (("A", example.a), ("B", example.b)):
        _lines(terminal, [f"{name}  {_told(side)}"], "     ")
    if example.a.upstream is not None and example.b.upstream is not None:
        changed = body_diff(example.a.upstream_body, example.b.upstream_body, context=0)
        _lines(terminal, changed, "     to the service ")
    if example.a.problem is None and example.b.problem is None:
        _lines(terminal, [*_fields(example)], "     answer ")
        changed = body_diff(example.a.body, example.b.body, context=0)
        _lines(terminal, changed, "     answer ")
    _lines(terminal, [example.curl, example.explain], "     $ ", "dim")


def _told(side: Side) -> str:
    route = f"route {side.route}" if side.route else "no route"
    if side.upstream is None:
        return f"{side.status} {side.problem or ''}, {route}"
    problem = f" {side.problem}" if side.problem else ""
    return f"{side.status}{problem}, {route}, {side.service}: {side.upstream}"


def _fields(example: Replay) -> list[str]:
    """Header fields of the answer that only one table gives."""
    a, b = example.a.headers, example.b.headers
    gone = [f"- {name}: {value}" for name, value in a if (name, value) not in b]
    return [*gone, *(f"+ {name}: {value}" for name, value in b if (name, value) not in a)]


def _lines(terminal: Console, lines: Iterable[str], dent: str, style: str = "") -> None:
    for line in lines:
        if not line.startswith("@@"):
            shown = Text(dent, "dim").append(printable(line), _SIGNS.get(line[:1], style))
            terminal.print(shown, soft_wrap=True)
