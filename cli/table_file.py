"""The table that a command works on: its options, its loading, where things stand in its file.

The one place through which every command but `check`, `build` and `dev` loads a table.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from cli.compile_table import load_table
from cli.yaml_source import Position, ValuePath, read_yaml
from routing.table import Table

DEFAULT: Final = Path("routes.yaml")

Locate = Callable[..., tuple[Path, Position]]
"""`locate(path, key=False)`: the file and the place in it where the value, or its key, stands."""


class TableFile(NamedTuple):
    """A checked table and the way back to its source."""

    table: Table
    locate: Locate


def read_table(path: Path) -> TableFile:
    """The table in the file at `path`. Raises `cli.compile_table.TableErrors`."""
    table = load_table(path)
    source = read_yaml(path)

    def locate(at: ValuePath, key: bool = False) -> tuple[Path, Position]:
        return path, source.locate(at, key=key)

    return TableFile(table, locate)


def add_file_argument(parser: argparse.ArgumentParser) -> None:
    """FILE, which most commands take as their last word."""
    parser.add_argument("file", nargs="?", type=Path, default=DEFAULT, help="default: %(default)s")
