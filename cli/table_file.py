"""The table that a command works on, and other YAML files beside it, with where things stand.

The one place through which every command but `check`, `build` and `dev` loads a table.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from cli.compile_table import load_source
from cli.located import Mistake, TableErrors, located, unreadable
from cli.options import add_environment, add_table
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
    """The table in the file at `path`, as `environment` has it.

    Raises `cli.compile_table.TableErrors`.
    """
    loaded = load_source(path, environment)
    return TableFile(loaded.table, loaded.locate)


def read_values(path: Path, kind: type[T]) -> tuple[T, Locate]:
    """What another YAML file says, as `kind`, checked as tables are. Raises `TableErrors`."""
    try:
        root = read_yaml(path)
    except SourceErrors as problem:
        raise TableErrors(unreadable(path, problem)) from None
    value = root.value
    mistakes = [
        Mistake(root.find(wrong.path, key=wrong.key), wrong.message, wrong.path)
        for wrong in violations(value, kind)
    ]
    if mistakes:
        raise TableErrors(located(mistakes, [root]))

    def locate(at: ValuePath, key: bool = False) -> tuple[Path, Position]:
        node = root.find(at, key=key)
        return node.file.path, node.position

    return msgspec.convert(value, kind), locate


def add_file_argument(parser: argparse.ArgumentParser) -> None:
    """FILE, which most commands take as their last word, and its environment."""
    add_environment(parser)
    add_table(parser)
