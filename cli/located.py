"""Mistakes in the files of a table, each with its place: what every command reports."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from cli.wording import shortened
from cli.yaml_source import Node, Position, SourceErrors, ValuePath

_EXCERPT: Final = 160
"""Characters of a source line that an error shows."""


class Located(NamedTuple):
    """A mistake in a file. `line` and `column` count from 1; `path` is the way to it in that file,
    `excerpt` the line, or a part of a long one that begins `excerpt_start` characters in.
    `environment` is set where the mistake is in that environment only."""

    file: Path
    line: int
    column: int
    path: str
    message: str
    excerpt: str = ""
    excerpt_start: int = 0
    environment: str = ""


class TableErrors(Exception):
    """Everything that is wrong with a table."""

    def __init__(self, errors: Sequence[Located]) -> None:
        super().__init__(f"{len(errors)} errors in the route table")
        self.errors = tuple(errors)


class Mistake(NamedTuple):
    """A node that is wrong and a sentence. `path` leads to it in the expanded table, and `beyond`
    has further steps, which are not written; `note` is what may differ between mistakes there."""

    node: Node
    message: str
    path: ValuePath = ()
    beyond: ValuePath = ()
    note: str = ""
    environment: str = ""


def unreadable(path: Path, problem: SourceErrors) -> list[Located]:
    """Why the file at `path` cannot be read."""
    return [
        _located(path, error.position, "", error.message, problem.lines) for error in problem.errors
    ]


def located(mistakes: Iterable[Mistake], roots: Sequence[Node]) -> list[Located]:
    """The mistakes file by file (those of `roots`) and from top to bottom, each place once."""
    first: dict[tuple[Path, Position, str], Mistake] = {}
    for mistake in mistakes:
        place = (mistake.node.file.path, mistake.node.position, mistake.message)
        first.setdefault(place, mistake)
    paths: dict[int, ValuePath] = {}
    order = {root.file.path: number for number, root in enumerate(roots)}
    found = []
    for mistake in first.values():
        node = mistake.node.origin or mistake.node
        written = mistake.path
        if all(roots[0].find(written, key=key) is not node for key in (False, True)):
            paths = paths or _paths(roots)
            written = paths.get(id(node), ())
        message = mistake.message + mistake.note
        path = dotted((*written, *mistake.beyond))
        error = _located(node.file.path, node.position, path, message, node.file.lines)
        found.append(error._replace(environment=mistake.environment))
    return sorted(found, key=lambda error: (order.get(error.file, 0), error[1:3]))


def _paths(roots: Sequence[Node]) -> dict[int, ValuePath]:
    """The way to every node and key in its file; an alias is found at its anchor."""
    paths: dict[int, ValuePath] = {}
    waiting: list[tuple[Node, ValuePath]] = [(root, ()) for root in reversed(roots)]
    while waiting:
        node, path = waiting.pop()
        if id(node) in paths:
            continue
        paths[id(node)] = path
        if isinstance(node.content, dict):
            for name, key in node.keys.items():
                paths[id(key)] = (*path, name)
            members = [(child, (*path, name)) for name, child in node.content.items()]
            waiting += reversed(members)
        elif isinstance(node.content, list):
            items = [(child, (*path, number)) for number, child in enumerate(node.content)]
            waiting += reversed(items)
    return paths


def _located(
    file: Path, position: Position, path: str, message: str, lines: Sequence[str]
) -> Located:
    line = lines[position.line - 1] if position.line <= len(lines) else ""
    start = max(0, position.column - _EXCERPT // 2) if len(line) > _EXCERPT else 0
    excerpt = line[start : start + _EXCERPT]
    return Located(file, position.line, position.column, path, message, excerpt, start)


def dotted(path: ValuePath) -> str:
    """`("routes", 3, "path")` → `routes[3].path`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{shortened(step)}" if text else shortened(step)
    return text
