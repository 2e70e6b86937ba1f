"""An explanation for the terminal."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.body_diff import body_diff, shown_body
from cli.explain.report import Explanation, FieldChange
from cli.terminal import printable

_SIGNS = {"+": "green", "-": "red", "@": "cyan"}


def show(found: Explanation, terminal: Console) -> None:
    """Print all of it, from the request to what the client gets."""
    terminal.print(Text(printable(found.request.line), "bold"))
    terminal.print(_facts(found))
    if found.considered:
        _section(terminal, "Considered", _considered(found))
    if found.pipeline:
        _section(terminal, "Pipeline", _pipeline(found))
    if found.sent is not None:
        _heading(terminal, f"Sent to {found.service}: {found.sent.line}")
        _print_changes(terminal, found.sent_changes)
        _print_bodies(terminal, found.request.body, found.sent.body)
    if found.answer is not None:
        _heading(terminal, f"Answer of {found.service}: {found.answer.line}")
        if found.answer.body:
            _print_lines(terminal, shown_body(found.answer.body))
    _heading(
        terminal, f"The client gets: {found.response.line}", "red" if found.refusal else "green"
    )
    _print_changes(terminal, found.response_changes)
    if found.refusal is not None or found.answer is None:
        _print_lines(terminal, shown_body(found.response.body))
    else:
        _print_bodies(terminal, found.answer.body, found.response.body)
    if found.traceback is not None:
        _section(terminal, "Traceback", Text(found.traceback))


def _facts(found: Explanation) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    if found.caller is not None:
        scopes = ", ".join(found.scopes) or "no scopes"
        grid.add_row("caller", Text(printable(f"{found.caller} ({scopes})")))
    if found.version is not None:
        named = " and ".join(found.named_by)
        grid.add_row(
            "version", f"{found.version}, " + (f"named by {named}" if named else "the default")
        )
    if found.route is not None:
        through = f", through {' → '.join(found.changes)}" if found.changes else ""
        grid.add_row("route", Text(found.route + through))
    for name, value in found.parameters.items():
        grid.add_row("", Text(f"{name} = {value}"))
    for name, told in _calls(found).items():
        grid.add_row(name, Text(told))
    if found.refusal is not None:
        by = f" by {found.refusal.step}" if found.refusal.step else ""
        grid.add_row(
            "refused", Text(f"{found.refusal.status} {found.refusal.code}{by}", "bold red")
        )
        if found.refusal.detail:
            grid.add_row("", Text(printable(found.refusal.detail)))
    for line in found.elsewhere:
        grid.add_row("but", Text(line))
    if found.note is not None:
        grid.add_row("note", found.note)
    return grid


def _calls(found: Explanation) -> dict[str, str]:
    """Which backend was chosen, and whether there is a copy."""
    told = {}
    if found.backend is not None:
        told["backend"] = f"{found.backend}, by {found.chosen_by}"
    if found.mirror is not None:
        told["mirror"] = found.mirror
    return told


def _considered(found: Explanation) -> Table:
    grid = Table.grid(padding=(0, 2))
    for one in found.considered:
        won = one.route == found.route
        style = "green" if won else ""
        grid.add_row(
            Text("→" if won else " ", style),
            Text(one.route, style),
            Text(",".join(one.methods)),
            Text(one.path),
            Text(one.verdict, style),
        )
    return grid


def _pipeline(found: Explanation) -> Table:
    grid = Table.grid(padding=(0, 2))
    refused = found.refusal.step if found.refusal else None
    reached = True
    for number, step in enumerate(found.pipeline, 1):
        style = "" if reached else "dim"
        if step.name == refused:
            style = "bold red"
        name = Text(step.name, style)
        grid.add_row(Text(str(number), "dim"), name, Text(_settings(step.settings), style))
        reached = reached and step.name != refused
    return grid


def _settings(settings: Mapping[str, Any]) -> str:
    shown = []
    for name, value in settings.items():
        if value is None or value == []:
            continue
        told = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
        shown.append(f"{name} {told}")
    return printable(" · ".join(shown))


def _print_changes(terminal: Console, changes: Iterable[FieldChange]) -> None:
    for change in changes:
        if change.before is not None:
            _print_lines(terminal, [f"- {change.name}: {change.before}"])
        if change.after is not None:
            _print_lines(terminal, [f"+ {change.name}: {change.after}"])


def _print_bodies(terminal: Console, before: str | None, after: str | None) -> None:
    if before != after:
        _print_lines(terminal, body_diff(before, after, context=50))
    elif after:
        _print_lines(terminal, ["  the body as it is"], "dim")


def _print_lines(terminal: Console, lines: Iterable[str], style: str = "") -> None:
    for line in lines:
        if not line.startswith("@@"):
            terminal.print(
                Text(f"  {printable(line)}", _SIGNS.get(line[:1], style)), soft_wrap=True
            )


def _section(terminal: Console, title: str, content: Any) -> None:
    _heading(terminal, title)
    terminal.print(Padding(content, (0, 0, 0, 2)))


def _heading(terminal: Console, title: str, style: str = "") -> None:
    terminal.print()
    terminal.print(Text(printable(title), f"bold {style}"))
