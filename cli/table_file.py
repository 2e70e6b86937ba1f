"""The table that a command works on: its options, its loading, where things stand in its file.

The one place through which every command but `check`, `build` and `dev` loads a table.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from cli.compile_table import Located, TableErrors, load_table
from cli.validate import violations
from cli.yaml_source import Position, SourceErrors, ValuePath, read_yaml
from routing.table import Table

T = TypeVar("T")

DEFAULT: Final = Path("routes.yaml")

Locate = Callable[..., tuple[Path, Position]]
"""`locate(path, key=False)`: the file and the place in it where the value, or its key, stands."""


class TableFile(NamedTuple):
    """A checked table and the way back to its source."""

    table: Table
    locate: Locate


def read_table(path: Path, environment: str | None) -> TableFile:
    """The table in the file at `path`, as `environment` has it where tables have environments.

    Raises `cli.compile_table.TableErrors`.
    """
    del environment  # tables do not have them yet
    table = load_table(path)
    source = read_yaml(path)

    def locate(at: ValuePath, key: bool = False) -> tuple[Path, Position]:
        return path, source.locate(at, key=key)

    return TableFile(table, locate)


def read_values(path: Path, kind: type[T]) -> tuple[T, Locate]:
    """What another YAML file says, as `kind`, checked as tables are. Raises `TableErrors`."""
    try:
        source = read_yaml(path)
    except SourceErrors as problem:
        raise TableErrors(
            [_located(path, one.position, "", one.message, problem.lines) for one in problem.errors]
        ) from None
    wrong = violations(source.value, kind)
    if wrong:
        raise TableErrors(
            [
                _located(
                    path,
                    source.locate(one.path, key=one.key),
                    ".".join(map(str, one.path)),
                    one.message,
                    source.lines,
                )
                for one in wrong
            ]
        )

    def locate(at: ValuePath, key: bool = False) -> tuple[Path, Position]:
        return path, source.locate(at, key=key)

    return msgspec.convert(source.value, kind), locate


def _located(
    file: Path, position: Position, path: str, message: str, lines: Sequence[str]
) -> Located:
    excerpt = lines[position.line - 1] if position.line <= len(lines) else ""
    return Located(file, position.line, position.column, path, message, excerpt)


def add_environment(parser: argparse.ArgumentParser) -> None:
    """The environment that `read_table` gets, as `environment`."""
    parser.set_defaults(environment=None)


def add_file_argument(parser: argparse.ArgumentParser) -> None:
    """FILE, which most commands take as their last word, and its environment."""
    add_environment(parser)
    parser.add_argument("file", nargs="?", type=Path, default=DEFAULT, help="default: %(default)s")
