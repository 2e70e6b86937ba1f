"""What came of the expectations, for the terminal."""

from rich.console import Console
from rich.text import Text

from cli.terminal import printable
from cli.test.report import Placed, Report, Result

_SIGNS = {"+": "green", "-": "red"}


def show(found: Report, terminal: Console, seconds: float) -> None:
    """Print what does not hold, and a line that counts."""
    for result in found.results:
        if result.mismatches:
            _show_failure(terminal, found.tests, result)
    count = f"{found.passed} passed, {found.failed} failed" if found.failed else ""
    count = count or f"{found.passed} passed"
    style = "bold red" if found.failed else "bold green"
    terminal.print(Text(f"{found.tests}: {count} in {seconds:.2f} s", style), soft_wrap=True)


def _show_failure(terminal: Console, file: str, result: Result) -> None:
    where = f"{file}:{result.line}:{result.column}: "
    terminal.print(Text(where).append(printable(result.name), "bold red"), soft_wrap=True)
    for mismatch in result.mismatches:
        _show_mismatch(terminal, mismatch)
    terminal.print(Text(f"  $ {printable(result.explain)}", "dim"), soft_wrap=True)
    terminal.print()


def _show_mismatch(terminal: Console, found: Placed) -> None:
    line = Text(f"  line {found.line}: ", "dim").append(found.what, "bold")
    if not found.diff:
        line.append(f": expected {printable(found.expected)}, found {printable(found.found)}")
    terminal.print(line, soft_wrap=True)
    for text in found.diff:
        if not text.startswith("@@"):
            shown = Text(f"    {printable(text)}", _SIGNS.get(text[:1], ""))
            terminal.print(shown, soft_wrap=True)
