"""From `routes.yaml` to what the gateway Worker embeds: one JSON document, fully checked.

Whoever needs the table on the host comes through here, so that a table that does not validate goes
nowhere: `gateway check`, the build step of dev and deploy, the tests.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from cli.elsewhere import elsewhere
from cli.environments import unknown
from cli.expand import Expansion
from cli.include import Parts, read_parts
from cli.located import Located, Mistake, TableErrors, located
from cli.plugins import check_plugins
from cli.validate import violations
from cli.yaml_source import Node, Position, ValuePath, collector_paused
from cli.zones import check_zones, with_zones
from routing.check import check_bindings, check_faults, check_local, check_table
from routing.schemas import with_compiled_schemas
from routing.table import Table

__all__ = [
    "LoadedTable",
    "Located",
    "TableErrors",
    "UnknownEnvironment",
    "check_source",
    "compile_table",
    "load_source",
    "load_table",
    "write_module",
]

_MAX_ERRORS: Final = 200
_OTHER_ROUTE = re.compile(r"routes\[([0-9]+)\]")


class UnknownEnvironment(TableErrors):
    """The table is not said to be wrong: it has no environment of the name that was asked for."""


class LoadedTable(NamedTuple):
    """A table that is right, and where its values are written."""

    table: Table
    environment: str | None
    environments: Sequence[str]
    """All that there are."""
    root: Node
    """The table as it was decoded: without what only files have."""
    parts: Parts

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that were read, the main one first."""
        return tuple(root.file.path for root in self.parts.files)

    def locate(self, path: ValuePath, *, key: bool = False) -> tuple[Path, Position]:
        """The file and the place where the value at `path` in the table is written, or with `key`
        its key; the nearest place above it where it is not written at all."""
        node = self.root.find(path, key=key)
        return node.file.path, node.position


def load_table(
    path: Path, bindings: Collection[str] | None = None, *, environment: str | None = None
) -> Table:
    """The table in the file at `path`. Raises `TableErrors`.

    `bindings` are the gateway's service bindings, where it is known which it will have. Without an
    `environment` it is the table as it stands, with nothing laid over it.
    """
    return load_source(path, environment, bindings=bindings).table


def load_source(
    path: Path, environment: str | None = None, *, bindings: Collection[str] | None = None
) -> LoadedTable:
    """The same, with the places of all values. Raises `TableErrors`."""
    with collector_paused():
        return _load_source(path, environment, bindings)


def _load_source(
    path: Path, environment: str | None, bindings: Collection[str] | None
) -> LoadedTable:
    parts = read_parts(path)
    expansion = Expansion(parts)
    _require_environment(environment, expansion, parts)
    loaded, mistakes = _load(parts, expansion, environment, bindings)
    mistakes = [*expansion.mistakes, *mistakes]
    if mistakes or loaded is None:  # the walker finds whatever msgspec refuses
        raise TableErrors(located(mistakes, parts.files))
    return loaded


def check_source(
    path: Path, environment: str | None = None, *, bindings: Collection[str] | None = None
) -> LoadedTable:
    """The same, after the table has been checked in every environment that it has."""
    with collector_paused():
        return _check_source(path, environment, bindings)


def _check_source(
    path: Path, environment: str | None, bindings: Collection[str] | None
) -> LoadedTable:
    parts = read_parts(path)
    expansion = Expansion(parts)
    _require_environment(environment, expansion, parts)
    mistakes = list(expansion.mistakes)
    chosen: LoadedTable | None = None
    for name in (None, *expansion.environments):
        loaded, found = _load(parts, expansion, name, bindings)
        mistakes += found
        if name == environment:
            chosen = loaded
        if len(mistakes) >= _MAX_ERRORS:
            break
    if mistakes or chosen is None:
        raise TableErrors(located(mistakes, parts.files))
    return chosen


def compile_table(
    path: Path, bindings: Collection[str] | None = None, *, environment: str | None = None
) -> bytes:
    """The table at `path` as the JSON that the gateway decodes. Raises `TableErrors`."""
    return msgspec.json.encode(load_table(path, bindings, environment=environment))


def write_module(
    table: Path,
    target: Path,
    bindings: Collection[str] | None = None,
    *,
    environment: str | None = None,
) -> None:
    """Write the table as the module `target`, at once or not at all, and only if it has changed.

    Raises `TableErrors`, and then leaves `target` as it was.
    """
    document = compile_table(table, bindings, environment=environment)
    identity = hashlib.sha256(document).hexdigest()
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


def _require_environment(name: str | None, expansion: Expansion, parts: Parts) -> None:
    if name is None or name in expansion.environments:
        return
    if expansion.mistakes:  # the environments may be among what is wrong
        raise TableErrors(located(expansion.mistakes, parts.files))
    main = parts.files[0]
    place = main.keys.get("environments", main)
    message = unknown("environment", name, expansion.environments)
    raise UnknownEnvironment(located([Mistake(place, message)], parts.files))


def _load(
    parts: Parts, expansion: Expansion, environment: str | None, bindings: Collection[str] | None
) -> tuple[LoadedTable | None, list[Mistake]]:
    root, mistakes, complete = expansion.expand(environment)
    if not complete:
        return None, mistakes
    value = root.value
    try:
        table = msgspec.convert(value, Table)
    except msgspec.ValidationError:
        for wrong in violations(value, Table):
            more = (
                elsewhere(wrong.path) if wrong.key and "did you mean" not in wrong.message else ""
            )
            mistakes.append(_mistake(root, wrong.path, wrong.message + more, key=wrong.key))
        return None, [mistake._replace(environment=environment or "") for mistake in mistakes]
    if not mistakes:
        findings = [*check_table(table), *check_plugins(table), *check_local(table, environment)]
        findings += [*check_faults(table, environment), *check_zones(table)]
        if bindings is not None:
            findings += check_bindings(table, bindings)
        if not findings:
            table = with_zones(with_compiled_schemas(table))
        for finding in findings:
            mistake = _mistake(root, finding.path, finding.message)
            mistakes.append(mistake._replace(message=_with_places(root, mistake)))
    mistakes = [mistake._replace(environment=environment or "") for mistake in mistakes]
    names = tuple(expansion.environments)
    return LoadedTable(table, environment, names, root, parts), mistakes


def _mistake(root: Node, path: ValuePath, message: str, *, key: bool = False) -> Mistake:
    node, depth = root, 0
    while depth < len(path) and (child := node.child(path[depth])) is not None:
        node, depth = child, depth + 1
    beyond = path[depth:]
    if key and not beyond:
        node = root.find(path, key=True)
    return Mistake(node, message, path[:depth], beyond, _for_which_route(root, path))


def _for_which_route(root: Node, path: ValuePath) -> str:
    """Names the route at `path`, where what is wrong about it is written somewhere else."""
    if len(path) < 3 or path[0] != "routes":
        return ""
    route = root.find(path[:2])
    written = (route.origin or route).child(path[2])
    name = route.child("name")
    if written is route.child(path[2]) or name is None:
        return ""
    return f" (for the route `{name.content}`)"


def _with_places(root: Node, mistake: Mistake) -> str:
    """`routes[3]` says little to somebody who looks for it in a file."""

    def place(match: re.Match[str]) -> str:
        route = root.find(("routes", int(match[1])))
        if mistake.node.file is route.file is root.file:
            return f"{match[0]} (line {route.line})"
        return f"the route in {route.file.path}, line {route.line}"

    return _OTHER_ROUTE.sub(place, mistake.message)
