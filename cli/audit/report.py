"""Runs the rules over a table, and shows what they found with its place and a fix."""

from pathlib import Path
from typing import Final

from msgspec import Struct
from rich.console import Console
from rich.text import Text

# Importing these enters their rules.
from cli.audit import access as _access
from cli.audit import lifecycle as _lifecycle
from cli.audit import literals as _literals
from cli.audit import operation as _operation
from cli.audit import reach as _reach
from cli.audit.rules import RULES, SEVERITIES, Audited, Severity
from cli.table_file import read_table
from cli.terminal import printable
from routing.changes import VersionedRoutes
from routing.table import Table

__all__ = ["Found", "audit_file", "audit_table", "show"]

_RULE_MODULES: Final = (_access, _lifecycle, _literals, _operation, _reach)
_STYLES: Final = {"high": "bold red", "medium": "yellow", "low": "cyan", "info": "dim"}


class Found(Struct):
    """A finding of the audit."""

    id: str
    severity: Severity
    file: str
    line: int
    column: int
    path: tuple[str | int, ...]
    message: str
    fix: str


def audit_file(file: Path, now: float, environment: str | None) -> list[Found]:
    """The findings in the table in `file`, the weightiest first. Raises `TableErrors`."""
    loaded = read_table(file, environment)
    found = audit_table(loaded.table, now)
    for one in found:
        where, position = loaded.locate(one.path)
        one.file, one.line, one.column = str(where), position.line, position.column
    found.sort(key=lambda one: (SEVERITIES.index(one.severity), one.file, one.line, one.column))
    return found


def audit_table(table: Table, now: float) -> list[Found]:
    """The same for a table whose file is not known; `now` is in Unix seconds."""
    audited = Audited(table, VersionedRoutes(table), now)
    found: dict[tuple[object, ...], Found] = {}
    for rule in RULES:
        for path, message in rule.check(audited):
            one = Found(rule.id, rule.severity, "", 0, 0, path, message, rule.fix)
            found.setdefault((rule.id, path, message), one)
    return list(found.values())


def show(file: Path, found: list[Found], terminal: Console) -> None:
    """Print the findings, and how many there are of each severity."""
    for one in found:
        line = Text(f"{one.file}:{one.line}:{one.column}: ")
        line.append(one.severity, _STYLES[one.severity]).append(f" {printable(one.message)}")
        line.append(f" [{one.id}]", "dim")
        terminal.print(line, soft_wrap=True)
        terminal.print(Text(f"  → {one.fix}", "dim"), soft_wrap=True)
    counts = {level: sum(one.severity == level for one in found) for level in SEVERITIES}
    told = ", ".join(f"{count} {level}" for level, count in counts.items() if count)
    terminal.print(Text(f"{file}: {told or 'nothing found'}", "bold"), soft_wrap=True)
