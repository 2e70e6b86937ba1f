"""`gateway check`: is a route table right, and where is it wrong? Also how its errors are shown."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any, Final, TextIO

from cli.audit import add_arguments
from cli.audit import run as audit
from cli.bindings import declared_bindings
from cli.compile_table import (
    LoadedTable,
    Located,
    TableErrors,
    UnknownEnvironment,
    check_source,
)
from cli.options import add_environment, add_table
from cli.secrets import Warned, warnings
from runtime.project import CONFIGS

MAX_SHOWN: Final = 100


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "check",
        help="check a route table",
        description="Checks a route table, in every environment that it has, and prints every "
        "mistake as file:line:column: message. Exit status: 0 it is right, 1 it is wrong, "
        "2 it was not checked, because the command line is wrong.",
    )
    add_table(parser)
    add_environment(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0 where the table is right, 1 where it is not, 2 where it was not asked well."""
    try:
        bindings = declared_bindings(CONFIGS["gateway"])
        loaded = check_source(arguments.file, arguments.environment, bindings=bindings)
    except UnknownEnvironment as unknown:
        print(f"gateway check: {unknown.errors[0].message}", file=sys.stderr)
        return 2
    except TableErrors as problem:
        if arguments.json:
            print(as_json(arguments.file, problem.errors))
        else:
            show(problem.errors, sys.stdout)
        return 1
    if arguments.audit:
        return audit(
            arguments.file,
            now=arguments.at,
            fail_on=arguments.fail_on,
            as_json=arguments.json,
            environment=arguments.environment,
        )
    warned = warnings(loaded, CONFIGS["gateway"])
    if arguments.json:
        print(as_json(arguments.file, (), loaded, warned))
    else:
        print(f"{arguments.file}: ok ({_counts(loaded)})")
        for one in warned:
            print(f"{one.file}:{one.line}:{one.column}: warning: {one.message}")
    return 0


def as_json(
    file: object,
    errors: Sequence[Located],
    loaded: LoadedTable | None = None,
    warned: Sequence[Warned] = (),
) -> str:
    """What a program wants to know: `ok`, and each error and warning with its place."""
    document: dict[str, Any] = {"ok": not errors, "file": str(file)}
    if loaded is not None:
        document["files"] = [str(path) for path in loaded.files]
        document["environments"] = list(loaded.environments)
        document["counts"] = _numbers(loaded)
    if warned:
        document["warnings"] = [{**one._asdict(), "file": str(one.file)} for one in warned]
    document["errors"] = [
        {
            "file": str(error.file),
            "line": error.line,
            "column": error.column,
            "path": error.path,
            "message": error.message,
            "environment": error.environment or None,
        }
        for error in errors
    ]
    return json.dumps(document, indent=2, ensure_ascii=False)


def show(errors: Sequence[Located], stream: TextIO) -> None:
    """Print the errors; in colour where `stream` is a terminal and NO_COLOR does not forbid it."""
    if not stream.isatty():
        print(render(errors), file=stream)
        return
    from rich.console import Console  # noqa: PLC0415  # only terminals pay for it
    from rich.text import Text  # noqa: PLC0415

    console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)
    for error in errors[:MAX_SHOWN]:
        place, message, where, lines = _parts(error)
        console.print(
            Text.assemble((place, "bold"), ": ", (message, "red"), (where, "dim"), *lines)
        )
    if len(errors) > MAX_SHOWN:
        console.print(_rest(errors))


def render(errors: Sequence[Located]) -> str:
    """The errors one below the other, each with its source line and a caret under the place."""
    shown = []
    for error in errors[:MAX_SHOWN]:
        place, message, where, lines = _parts(error)
        shown.append(f"{place}: {message}{where}{''.join(lines)}")
    if len(errors) > MAX_SHOWN:
        shown.append(_rest(errors))
    return "\n".join(shown)


def _rest(errors: Sequence[Located]) -> str:
    return f"... and {len(errors) - MAX_SHOWN} more"


def _parts(error: Located) -> tuple[str, str, str, tuple[str, ...]]:
    """The place, the message, the path with the environment, and the source line with a caret."""
    place = f"{_printable(str(error.file))}:{error.line}:{error.column}"
    where = f"at {error.path}" if error.path else ""
    if error.environment:
        where += f"{', ' if where else ''}in the environment {error.environment}"
    where = f" ({where})" if where else ""
    excerpt = _printable(error.excerpt)
    if not excerpt.strip():
        return place, error.message, where, ()
    number = str(error.line)
    dent = error.column - 1 - error.excerpt_start
    line = f"\n  {number} | {excerpt}\n  {' ' * len(number)} | {' ' * dent}^"
    return place, error.message, where, (line,)


def _printable(text: str) -> str:
    # A tab would shift the caret, and a control character could drive the terminal.
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _numbers(loaded: LoadedTable) -> dict[str, int]:
    return {
        "version": len(loaded.table.versions.supported),
        "service": len(loaded.table.services),
        "route": len(loaded.table.routes),
        "environment": len(loaded.environments),
        "file": len(loaded.files),
    }


def _counts(loaded: LoadedTable) -> str:
    numbers = _numbers(loaded)
    if not numbers["environment"]:
        del numbers["environment"]
    if numbers["file"] == 1:
        del numbers["file"]
    return ", ".join(f"{n} {noun}{'' if n == 1 else 's'}" for noun, n in numbers.items())
