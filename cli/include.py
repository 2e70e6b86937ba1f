"""`include`: a table in several files, put together into one tree.

Only files in the folder of the including file or below it are taken; an included file includes
nothing. What the parts mean is not known here.
"""

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, NamedTuple

from cli.located import Located, Mistake, TableErrors, unreadable
from cli.wording import did_you_mean, found, shortened
from cli.yaml_source import Budget, Node, SourceErrors, read_json, read_yaml

MAX_FILES: Final = 100
MAX_ENTRIES: Final = 10_000
"""Names of files and folders that the patterns of a table may have to look at."""

LISTS: Final = ("changes", "routes")
MAPPINGS: Final = (
    "services",
    "rate_limits",
    "roles",
    "cors",
    "schemas",
    "transforms",
    "policies",
)
MEMBERS: Final = (*MAPPINGS, *LISTS)
"""What an included file may hold."""

_MAX_PATTERN: Final = 200
_WILD = frozenset("*?[")


class Parts(NamedTuple):
    """The files of a table: `root` has all that they hold, and no `include` any more."""

    root: Node
    files: Sequence[Node]
    """The root of each file as it was written, the main one first."""
    mistakes: Sequence[Mistake]


class NotIncluded(Exception):
    """The text says why a pattern gives no files."""


def read_parts(path: Path) -> Parts:
    """Read the file at `path` and what it includes. Raises `TableErrors` for unreadable files."""
    budget = Budget()
    try:
        main = read_yaml(path, budget=budget)
    except SourceErrors as problem:
        raise TableErrors(unreadable(path, problem)) from None
    if not isinstance(main.content, dict) or not {"include", "schemas"} & main.content.keys():
        return Parts(main, [main], [])
    mistakes: list[Mistake] = []
    root, parts = main, list[Node]()
    if "include" in main.content:
        root, parts = _with_included(path, main, budget, mistakes)
    root, schemas = with_schema_files(root, budget, mistakes)
    return Parts(root, [main, *parts, *schemas], mistakes)


def _with_included(
    path: Path, main: Node, budget: Budget, mistakes: list[Mistake]
) -> tuple[Node, list[Node]]:
    parts, failures = _read_included(path, main.content["include"], budget, mistakes)
    if failures:
        raise TableErrors(failures)
    root = main.derived()
    root.take("include")
    for part in parts:
        mistakes += _merge(root, part)
    return root, parts


def _read_included(
    path: Path, include: Node, budget: Budget, mistakes: list[Mistake]
) -> tuple[list[Node], list[Located]]:
    parts: list[Node] = []
    failures: list[Located] = []
    taken: set[Path] = set()
    finder = Finder(path)
    for pattern in _patterns(include, mistakes):
        try:
            files = finder.files(pattern.content)
        except NotIncluded as refused:
            mistakes.append(Mistake(pattern, str(refused)))
            continue
        for file in files:
            if file in taken:
                continue
            taken.add(file)
            if len(taken) > MAX_FILES:
                mistakes.append(Mistake(pattern, f"a table has at most {MAX_FILES} files"))
                return parts, failures
            try:
                parts.append(read_yaml(finder.folder / file, budget=budget))
            except SourceErrors as problem:
                failures += unreadable(finder.folder / file, problem)
                if budget.size < 0 or budget.values < 0:
                    return parts, failures
    return parts, failures


def _patterns(include: Node, mistakes: list[Mistake]) -> list[Node]:
    if not isinstance(include.content, list):
        words = "expected a list of files such as [teams/*.yaml]"
        mistakes.append(Mistake(include, f"{words}, found {found(include.content)}"))
        return []
    patterns = []
    for item in include.content:
        if isinstance(item.content, str):
            patterns.append(item)
        else:
            words = "expected a file such as teams/billing.yaml"
            mistakes.append(Mistake(item, f"{words}, found {found(item.value)}"))
    return patterns[: MAX_FILES + 1]


class Finder:
    """Finds the files that the patterns of the table at `table` name."""

    def __init__(self, table: Path) -> None:
        self.folder = table.parent
        self._real = Path(os.path.realpath(self.folder))
        self._main = Path(os.path.realpath(table))
        self._entries = MAX_ENTRIES

    def files(self, pattern: str) -> list[Path]:
        """The files that match, relative to the folder and sorted. Raises `NotIncluded`."""
        segments = _segments(pattern)
        wild = not _WILD.isdisjoint(pattern)
        matches = sorted(self._matches(Path(), segments))
        files = [path for path in matches if self._is_taken(path, wild=wild)]
        if not files:
            raise NotIncluded(self._absence(pattern, wild=wild))
        return files

    def _matches(self, base: Path, segments: Sequence[str]) -> Iterator[Path]:
        head, *rest = segments
        if _WILD.isdisjoint(head):
            names = [head] if os.path.lexists(self.folder / base / head) else []
        else:
            # As in a shell, `*` does not find `.hidden`: editors leave such files behind.
            names = [
                name
                for name in self._names(base)
                if fnmatchcase(name, head) and (head.startswith(".") or not name.startswith("."))
            ]
        for name in names:
            if rest:
                yield from self._matches(base / name, rest)
            else:
                yield base / name

    def _names(self, base: Path) -> list[str]:
        names = []
        try:
            if not self._is_inside(base):
                return []
            with os.scandir(self.folder / base) as entries:
                for entry in entries:
                    self._entries -= 1
                    if self._entries < 0:
                        message = f"there are more than {MAX_ENTRIES} files and folders to look at"
                        raise NotIncluded(message)
                    names.append(entry.name)
        except OSError:
            return []
        return names

    def _is_inside(self, path: Path) -> bool:
        return Path(os.path.realpath(self.folder / path)).is_relative_to(self._real)

    def _is_taken(self, path: Path, *, wild: bool) -> bool:
        real = Path(os.path.realpath(self.folder / path))
        if not real.is_relative_to(self._real):
            raise NotIncluded(f"`{shortened(str(path))}` leads out of the folder of the table")
        if wild:
            return real != self._main and not real.is_dir()
        if real == self._main:
            raise NotIncluded("a file cannot include itself")
        return True

    def _absence(self, pattern: str, *, wild: bool) -> str:
        if wild:
            return f"no file matches `{shortened(pattern)}`"
        path = Path(pattern)
        try:
            near = [str(path.parent / name) for name in self._names(path.parent)]
        except NotIncluded:
            near = []
        return f"there is no file `{shortened(pattern)}`{did_you_mean(pattern, near)}"


def _segments(pattern: str) -> list[str]:
    if not pattern or len(pattern) > _MAX_PATTERN or not pattern.isprintable():
        raise NotIncluded(f"expected a file of 1 to {_MAX_PATTERN} characters")
    if pattern.startswith(("/", "~")) or "\\" in pattern or ":" in pattern:
        raise NotIncluded("expected a path relative to this file, with `/` between its parts")
    segments = pattern.split("/")
    if ".." in segments:
        raise NotIncluded("only files in the folder of this file and below are included, no `..`")
    if "**" in pattern:
        raise NotIncluded("`**` is not supported; name each folder, such as teams/*/*.yaml")
    segments = [segment for segment in segments if segment not in ("", ".")]
    if not segments:
        raise NotIncluded("expected a file, found a folder")
    return segments


def _merge(root: Node, part: Node) -> Iterator[Mistake]:
    """Add what an included file holds to the table."""
    if not isinstance(part.content, dict):
        names = ", ".join(f"`{name}`" for name in MEMBERS)
        message = f"expected a mapping with some of {names}, found {found(part.value)}"
        yield Mistake(part, message)
        return
    for name, value in part.content.items():
        key = part.keys[name]
        if name == "include":
            yield Mistake(key, "an included file cannot include others")
        elif name not in MEMBERS:
            hint = did_you_mean(name, MEMBERS) or f" (known: {', '.join(MEMBERS)})"
            message = f"there is no member `{shortened(name)}` in an included file{hint}"
            yield Mistake(key, message)
        elif name in LISTS:
            yield from _append(root, name, key, value)
        else:
            yield from _unite(root, name, key, value)


def _append(root: Node, name: str, key: Node, value: Node) -> Iterator[Mistake]:
    if not isinstance(value.content, list):
        yield Mistake(value, f"expected a list, found {found(value.value)}")
        return
    whole = _writable(root, name, key, value)
    if whole is not None and isinstance(whole.content, list):
        whole.content += value.content


def _unite(root: Node, name: str, key: Node, value: Node) -> Iterator[Mistake]:
    if not isinstance(value.content, dict):
        yield Mistake(value, f"expected a mapping of names, found {found(value.value)}")
        return
    whole = _writable(root, name, key, value)
    if whole is None or not isinstance(whole.content, dict):
        return
    for member, child in value.content.items():
        if member in whole.keys:
            first = whole.keys[member]
            place = f"{first.file.path}, line {first.line}"
            yield Mistake(value.keys[member], f"`{shortened(member)}` is already set in {place}")
        else:
            whole.put(member, value.keys[member], child)


def _writable(root: Node, name: str, key: Node, value: Node) -> Node | None:
    """The table's list or mapping of that name, as a copy that may be changed; None where `value`
    is the first that there is, and is now the table's."""
    whole: Node | None = root.content.get(name)
    if whole is None:
        root.put(name, key, value)
        return None
    if whole.origin is None and isinstance(whole.content, (list, dict)):
        whole = whole.derived()
        root.put(name, root.keys[name], whole)
    return whole


def with_schema_files(
    root: Node, budget: Budget, mistakes: list[Mistake]
) -> tuple[Node, list[Node]]:
    """The table with the content of files in place of `file: schemas/roadmap.json`, and the files.

    A name is relative to the file that says it. Raises `TableErrors` for unreadable files.
    """
    schemas = root.child("schemas")
    if schemas is None or not isinstance(schemas.content, dict):
        return root, []
    read: dict[Path, Node] = {}
    failures: list[Located] = []
    whole = schemas.derived()
    for name, schema in schemas.content.items():
        named = _named_file(schema)
        if named is None:
            continue
        try:
            path = _only_file(schema.file.path, named.content)
            if path not in read:
                read[path] = read_json(path, budget)
            whole.put(name, schemas.keys[name], read[path])
        except NotIncluded as refused:
            mistakes.append(Mistake(named, str(refused)))
            anything = Node(schema.file, schema.line, schema.column, content=True)
            whole.put(name, schemas.keys[name], anything)
        except SourceErrors as problem:
            failures += unreadable(path, problem)
    if failures:
        raise TableErrors(failures)
    table = root.derived()
    table.put("schemas", root.keys["schemas"], whole)
    return table, list(read.values())


def _named_file(schema: Node) -> Node | None:
    """The name of the file, where that is all there is: `file` is no keyword of JSON Schema."""
    if isinstance(schema.content, dict) and list(schema.content) == ["file"]:
        name = schema.content["file"]
        return name if isinstance(name.content, str) else None
    return None


def _only_file(table: Path, name: str) -> Path:
    if not _WILD.isdisjoint(name):
        raise NotIncluded("expected the name of one file, without `*`, `?` and `[`")
    finder = Finder(table)
    (file,) = finder.files(name)
    return finder.folder / file


def schema_files(table: Path) -> Iterator[Path]:
    """The files of schemas that the file at `table` names. What is wrong is not told here."""
    try:
        schemas = read_yaml(table).child("schemas")
    except SourceErrors:
        return
    if schemas is None or not isinstance(schemas.content, dict):
        return
    for schema in schemas.content.values():
        named = _named_file(schema)
        if named is not None:
            try:
                yield _only_file(table, named.content)
            except NotIncluded:
                continue


class TableFiles:
    """The files of the table at `table`, as they are each time that somebody iterates: a new file
    that a pattern matches is among them. What is wrong about patterns is not told here."""

    def __init__(self, table: Path) -> None:
        self._table = table
        self._stamp: tuple[int, int] | None = None
        self._patterns: list[str] = []

    def __iter__(self) -> Iterator[Path]:
        yield self._table
        finder = Finder(self._table)
        for pattern in self._current_patterns():
            try:
                files = [finder.folder / file for file in finder.files(pattern)]
            except NotIncluded:
                continue
            for file in files:
                yield file
                yield from schema_files(file)
        yield from schema_files(self._table)

    def _current_patterns(self) -> list[str]:
        try:
            status = self._table.stat()
        except OSError:
            return self._patterns
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                include = read_yaml(self._table).child("include")
            except SourceErrors:
                return self._patterns  # somebody is writing; those of before are still of interest
            found = _patterns(include, []) if include is not None else []
            self._patterns = [pattern.content for pattern in found]
        return self._patterns
