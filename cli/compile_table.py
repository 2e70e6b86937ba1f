"""From `routes.yaml` to what the gateway Worker embeds: one JSON document, fully checked.

Whoever needs the table on the host comes through here, so that a table that does not validate goes
nowhere: `gateway check`, the build step of dev and deploy, the tests.
"""

import hashlib
import os
import tempfile
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

import msgspec

from cli.validate import violations
from cli.wording import shortened
from cli.yaml_source import Position, Source, SourceErrors, ValuePath, read_yaml
from routing.check import check_bindings, check_table
from routing.table import Table

_EXCERPT = 160
"""Characters of a source line that an error shows."""


class Located(NamedTuple):
    """A mistake in a file. `line` and `column` count from 1; `excerpt` is the line, or a part of a
    long one that begins `excerpt_start` characters in."""

    file: Path
    line: int
    column: int
    path: str
    message: str
    excerpt: str = ""
    excerpt_start: int = 0


class TableErrors(Exception):
    """Everything that is wrong with a table."""

    def __init__(self, errors: Sequence[Located]) -> None:
        super().__init__(f"{len(errors)} errors in the route table")
        self.errors = tuple(errors)


def load_table(path: Path, bindings: Collection[str] | None = None) -> Table:
    """The table in the file at `path`. Raises `TableErrors`.

    `bindings` are the gateway's service bindings, where it is known which it will have.
    """
    try:
        source = read_yaml(path)
    except SourceErrors as problem:
        raise TableErrors(
            [
                _located(path, error.position, "", error.message, problem.lines)
                for error in problem.errors
            ]
        ) from None
    wrong = violations(source.value, Table)
    if wrong:
        _refuse(path, source, ((item.path, item.message, item.key) for item in wrong))
    table = msgspec.convert(source.value, Table)
    findings = check_table(table)
    if bindings is not None:
        findings += check_bindings(table, bindings)
    if findings:
        _refuse(path, source, ((item.path, item.message, False) for item in findings))
    return table


def compile_table(path: Path, bindings: Collection[str] | None = None) -> bytes:
    """The table at `path` as the JSON that the gateway decodes. Raises `TableErrors`."""
    return msgspec.json.encode(load_table(path, bindings))


def write_module(table: Path, target: Path, bindings: Collection[str] | None = None) -> None:
    """Write the table as the module `target`, at once or not at all, and only if it has changed.

    Raises `TableErrors`, and then leaves `target` as it was.
    """
    document = compile_table(table, bindings)
    identity = hashlib.sha256(document).hexdigest()[:12]
    text = (
        f'"""Generated from {table.name} by `gateway build`: edit that file, not this one."""\n\n'
        f'TABLE_ID = "{identity}"\n'
        f"TABLE = {document!r}\n"
    )
    try:
        if target.read_text(encoding="utf-8") == text:
            return
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    _replace(target, text)


def _replace(target: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)  # mkstemp's 0600 would keep other accounts from deploying
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def _refuse(
    path: Path, source: Source, mistakes: Iterable[tuple[ValuePath, str, bool]]
) -> NoReturn:
    errors: dict[tuple[Position, str], Located] = {}
    for at, message, key in mistakes:
        position = source.locate(at, key=key)
        # What several aliases stand for is wrong in one place only.
        if (position, message) not in errors:
            errors[position, message] = _located(path, position, _dotted(at), message, source.lines)
    raise TableErrors(sorted(errors.values(), key=lambda error: error[1:3]))


def _located(
    file: Path, position: Position, path: str, message: str, lines: Sequence[str]
) -> Located:
    line = lines[position.line - 1] if position.line <= len(lines) else ""
    start = max(0, position.column - _EXCERPT // 2) if len(line) > _EXCERPT else 0
    excerpt = line[start : start + _EXCERPT]
    return Located(file, position.line, position.column, path, message, excerpt, start)


def _dotted(path: ValuePath) -> str:
    """`("routes", 3, "path")` → `routes[3].path`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{shortened(step)}" if text else shortened(step)
    return text
