"""`gateway check`: is a route table right, and where is it wrong? Also how its errors are shown."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from cli.bindings import declared_bindings
from cli.compile_table import Located, TableErrors, load_table
from routing.table import Table
from runtime.project import CONFIGS

MAX_SHOWN: Final = 100


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "check",
        help="check a route table",
        description="Checks a route table and prints every mistake as file:line:column: message.",
    )
    parser.add_argument(
        "file", nargs="?", type=Path, default=Path("routes.yaml"), help="default: %(default)s"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 where the table is right, 1 where it is not."""
    try:
        table = load_table(arguments.file, declared_bindings(CONFIGS["gateway"]))
    except TableErrors as problem:
        print(render(problem.errors))
        return 1
    print(f"{arguments.file}: ok ({_counts(table)})")
    return 0


def render(errors: Sequence[Located]) -> str:
    """The errors one below the other, each with its source line and a caret under the place."""
    shown = [_render(error) for error in errors[:MAX_SHOWN]]
    if len(errors) > MAX_SHOWN:
        shown.append(f"... and {len(errors) - MAX_SHOWN} more")
    return "\n".join(shown)


def _render(error: Located) -> str:
    where = f" (at {error.path})" if error.path else ""
    headline = f"{error.file}:{error.line}:{error.column}: {error.message}{where}"
    # A tab would shift the caret, and a control character could drive the terminal.
    excerpt = "".join(letter if letter.isprintable() else " " for letter in error.excerpt)
    if not excerpt.strip():
        return headline
    number = str(error.line)
    dent = error.column - 1 - error.excerpt_start
    return f"{headline}\n  {number} | {excerpt}\n  {' ' * len(number)} | {' ' * dent}^"


def _counts(table: Table) -> str:
    counts = {
        "version": len(table.versions.supported),
        "service": len(table.services),
        "route": len(table.routes),
    }
    return ", ".join(f"{n} {noun}{'' if n == 1 else 's'}" for noun, n in counts.items())
