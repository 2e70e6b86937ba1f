"""Reads a YAML file into a tree of nodes, each of which knows where it was written.

It builds the tree from PyYAML's events itself, instead of through PyYAML's composer, so that every
limit is checked while the file is read: whatever the file holds, time and memory stay bounded. What
a careful author never writes is refused: duplicate keys, keys that are no texts, tags of Python
objects, several documents.
"""

import gc
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from cli.regular_file import NotReadable, read_bytes
from cli.yaml_scalars import MAP, SEQ, plain_scalar, short_tag, tagged_scalar

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_DEPTH: Final = 50
MAX_VALUES: Final = 270_000
"""Keys and values that a table may hold; one of 10,000 routes has about 250,000."""

MAX_ALIASED: Final = 100_000
"""Values that all aliases together may stand for."""

MAX_ERRORS: Final = 100

ValuePath = tuple[str | int, ...]

# libyaml comes with PyYAML's wheels; without it the same events come twenty times as slowly.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Position(NamedTuple):
    """A place in a file; both count from 1."""

    line: int
    column: int


class SourceError(NamedTuple):
    """Why a file cannot be read, and where."""

    position: Position
    message: str


class SourceErrors(Exception):
    """The file is not a YAML file that we read. `lines` is its text as far as it is known."""

    def __init__(self, errors: Sequence[SourceError], lines: Sequence[str] = ()) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = tuple(errors)
        self.lines = lines


class File:
    """A file that was read: its name as messages give it, and its text."""

    __slots__ = ("_lines", "path", "text")

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text
        self._lines: Sequence[str] | None = None

    @property
    def lines(self) -> Sequence[str]:
        """The lines; only a message needs them."""
        if self._lines is None:
            self._lines = _LINE_END.split(self.text)
        return self._lines


class Budget:
    """What is left for the files of one table, all together; below zero there was too much."""

    def __init__(self, size: int = MAX_BYTES, values: int = MAX_VALUES) -> None:
        self.size = size
        self.values = values


class Node:
    """A value and where it is written. An alias gives the anchor's node.

    `content` is a scalar, a list of nodes, or nodes by key; `keys` are then the nodes of the keys.
    """

    __slots__ = ("column", "content", "file", "keys", "line", "origin")

    def __init__(self, file: File, line: int, column: int, content: Any) -> None:
        self.file = file
        self.line = line
        self.column = column
        self.content = content
        self.keys: dict[str, Node] = {} if content.__class__ is dict else _NO_KEYS
        self.origin: Node | None = None
        """The node as its file has it, for one that was put together from several."""

    @property
    def position(self) -> Position:
        """Where the value begins."""
        return Position(self.line, self.column)

    @property
    def value(self) -> Any:
        """Plain dicts, lists and scalars; what several aliases stand for is one object."""
        return _plain(self, {})

    def derived(self) -> "Node":
        """A shallow copy that stands for this node and may be changed."""
        node = Node(self.file, self.line, self.column, self.content.copy())
        node.keys = self.keys.copy()
        node.origin = self.origin or self
        return node

    def put(self, name: str, key: "Node", value: "Node") -> None:
        """Set a member of a mapping."""
        self.keys[name] = key
        self.content[name] = value

    def take(self, name: str) -> "Node | None":
        """Remove a member of a mapping, if it is there."""
        self.keys.pop(name, None)
        taken: Node | None = self.content.pop(name, None)
        return taken

    def child(self, step: str | int) -> "Node | None":
        """The member or item at `step`."""
        if isinstance(self.content, dict):
            return self.content.get(step)
        if isinstance(self.content, list) and isinstance(step, int) and step < len(self.content):
            item: Node = self.content[step]
            return item
        return None

    def find(self, path: ValuePath, *, key: bool = False) -> "Node":
        """The node at `path`, or with `key` that of its key; the nearest above where the path
        ends before."""
        node = found = self
        for step in path:
            child = node.child(step)
            if child is None:
                return found
            found = node.keys[step] if key and isinstance(step, str) else child
            node = child
        return found


_NO_KEYS: dict[str, Node] = {}


def _plain(node: Node, known: dict[int, Any]) -> Any:
    content = node.content
    kind = content.__class__
    if kind is not dict and kind is not list:
        return content
    if id(node) in known:
        return known[id(node)]
    value: Any
    if kind is dict:
        value = {name: _plain(child, known) for name, child in content.items()}
    else:
        value = [_plain(child, known) for child in content]
    known[id(node)] = value
    return value


def read_yaml(path: Path, shown: Path | None = None, budget: Budget | None = None) -> Node:
    """Read the file at `path`, which messages call `shown`. Raises `SourceErrors`."""
    budget = budget or Budget()
    try:
        data = read_bytes(path, budget.size + 1)
    except NotReadable as error:
        raise _single(Position(1, 1), f"the file cannot be read: {error}") from None
    return parse_yaml(data, shown or path, budget)


def read_json(path: Path, budget: Budget) -> Node:
    """Read the JSON or YAML file at `path`. Raises `SourceErrors`.

    JSON is read as the YAML that it nearly is, so that every value has its place. Only tabs between
    its values are no YAML; inside of its texts there are none.
    """
    try:
        data = read_bytes(path, budget.size + 1)
    except NotReadable as error:
        raise _single(Position(1, 1), f"the file cannot be read: {error}") from None
    if path.suffix == ".json":
        data = data.replace(b"\t", b" ")
    return parse_yaml(data, path, budget)


def parse_yaml(data: bytes, path: Path = Path("-"), budget: Budget | None = None) -> Node:
    """Read `data` as the content of the file `path`; takes what it used off the `budget`.

    Raises `SourceErrors`.
    """
    budget = budget or Budget()
    budget.size -= len(data)
    if budget.size < 0:
        raise _single(Position(1, 1), f"a table has at most {MAX_BYTES // 1024} KiB")
    file = File(path, _decoded(data))
    odd = _NOT_TEXT.search(file.text)
    if odd:
        found = f"U+{ord(odd[0]):04X}"
        position = _position_of(file.text, odd.start())
        raise _single(position, f"the character {found} is not allowed in YAML", file.lines)
    parser = _Loader(file.text)
    composer = _Composer(parser, file, budget.values)
    try:
        with collector_paused():
            root = composer.document()
    except _Refused as refused:
        raise SourceErrors([*sorted(composer.errors), refused.error], file.lines) from None
    except yaml.MarkedYAMLError as error:
        failure = _syntax_error(error, file.lines)
        raise SourceErrors([*sorted(composer.errors), failure], file.lines) from None
    except yaml.YAMLError as error:
        raise _single(Position(1, 1), f"not YAML: {error}", file.lines) from None
    finally:
        parser.dispose()
        budget.values -= composer.values
    if composer.errors:
        raise SourceErrors(sorted(composer.errors), file.lines)
    return root


@contextmanager
def collector_paused() -> Iterator[None]:
    """Trees of nodes have no cycles, and looking for some would take half of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _decoded(data: bytes) -> str:
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        position = _position_of(before, len(before))
        message = f"the file is not UTF-8: unexpected byte 0x{data[error.start]:02X}"
        raise _single(position, message) from None


def _position_of(text: str, offset: int) -> Position:
    lines = _LINE_END.split(text[:offset])
    return Position(len(lines), len(lines[-1]) + 1)


def _single(position: Position, message: str, lines: Sequence[str] = ()) -> SourceErrors:
    return SourceErrors([SourceError(position, message)], lines)


def _syntax_error(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> SourceError:
    mark = error.problem_mark or error.context_mark
    position = Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
    message = f"not valid YAML: {error.problem or 'it cannot be read'}"
    if error.context:
        began = error.context_mark
        where = f" that begins in line {began.line + 1}" if began else ""
        message += f", {error.context}{where}"
    if any(map(_is_indented_by_tab, lines[position.line - 1 : position.line])):
        message += "; indent with spaces, not with tabs"
    return SourceError(position, message)


def _is_indented_by_tab(line: str) -> bool:
    return "\t" in line[: len(line) - len(line.lstrip())]


class _Refused(Exception):
    """Reading on makes no sense, or would cost too much."""

    def __init__(self, position: Position, message: str) -> None:
        self.error = SourceError(position, message)


class _Anchored(NamedTuple):
    """What an alias stands for, and how much of it: values, and levels of nesting."""

    node: Node
    size: int
    height: int


class _Open:
    """A list or mapping whose end has not come yet; `key` waits for its value."""

    __slots__ = ("aliased", "anchor", "deepest", "key", "node", "values")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.key: Node | None = None
        self.anchor: str | None = None
        self.values = self.aliased = self.deepest = 0
        """As they were where the anchor began."""


class _Composer:
    """Builds nodes from events, without recursion."""

    def __init__(self, parser: Any, file: File, max_values: int) -> None:
        self.errors: list[SourceError] = []
        self.values = 0
        self._next_event = parser.get_event
        self._file = file
        self._max_values = max_values
        self._aliased = 0
        self._deepest = 0
        self._anchors: dict[str, _Anchored | None] = {}
        self._open: list[_Open] = []

    def document(self) -> Node:
        """The file's only document."""
        self._next_event()  # the stream's start
        event = self._next_event()
        if not isinstance(event, DocumentStartEvent):
            raise _Refused(Position(1, 1), "the file is empty")
        root = self._root()
        self._next_event()  # the document's end
        event = self._next_event()
        if not isinstance(event, StreamEndEvent):
            raise _Refused(_start(event), "expected one document, found a second one")
        return root

    def _root(self) -> Node:
        while True:
            event = self._next_event()
            kind = event.__class__
            if kind is ScalarEvent:
                node = self._leaf(event)
            elif kind is AliasEvent:
                node = self._alias(event)
            elif isinstance(event, CollectionStartEvent):
                self._begin(event)
                continue
            else:
                node = self._end()
            if not self._open:
                return node
            self._attach(node, event if kind is AliasEvent else None)

    def _node(self, event: Any, content: Any) -> Node:
        """A node for a value that begins here, counted."""
        mark = event.start_mark
        depth = len(self._open) + 1
        if depth > self._deepest:
            if depth > MAX_DEPTH:
                raise _Refused(_start(event), f"nested more than {MAX_DEPTH} levels deep")
            self._deepest = depth
        self.values += 1
        if self.values > self._max_values:
            message = f"a table has at most {MAX_VALUES} keys and values"
            raise _Refused(_start(event), message)
        return Node(self._file, mark.line + 1, mark.column + 1, content)

    def _leaf(self, event: ScalarEvent) -> Node:
        node = self._node(event, None)
        if event.tag is None:
            text = event.value
            node.content = text
            if event.implicit[0]:
                try:
                    node.content = plain_scalar(text)
                except ValueError as error:
                    self._error(node.position, str(error))
        elif event.tag == "!":
            node.content = event.value
        else:
            try:
                node.content = tagged_scalar(event.value, event.tag)
            except ValueError as error:
                self._error(node.position, str(error))
        value = node.content
        if value.__class__ is str and not value.isascii() and _NOT_TEXT.search(value):
            # Only an escape sequence can have brought it: half of a surrogate pair.
            self._error(node.position, "the text has an escaped character that is none")
            node.content = ""
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(node, 1, 1)
        return node

    def _begin(self, event: CollectionStartEvent) -> None:
        is_list = isinstance(event, SequenceStartEvent)
        node = self._node(event, [] if is_list else {})
        if event.tag is not None and event.tag not in ("!", SEQ if is_list else MAP):
            tag = short_tag(event.tag)
            self._error(node.position, f"there is no tag `{tag}` here; leave it out")
        entry = _Open(node)
        if event.anchor is not None:
            self._anchors[event.anchor] = None  # until it is complete
            entry.anchor = event.anchor
            entry.values, entry.aliased = self.values, self._aliased
            entry.deepest, self._deepest = self._deepest, len(self._open) + 1
        self._open.append(entry)

    def _end(self) -> Node:
        entry = self._open.pop()
        if entry.anchor is not None:
            size = 1 + self.values - entry.values + self._aliased - entry.aliased
            height = self._deepest - len(self._open)
            self._anchors[entry.anchor] = _Anchored(entry.node, size, height)
            self._deepest = max(self._deepest, entry.deepest)
        return entry.node

    def _alias(self, event: AliasEvent) -> Node:
        name: Any = event.anchor
        self._node(event, None)
        anchored = self._anchors.get(name)
        if anchored is None:
            reason = "is inside its own anchor" if name in self._anchors else "has no anchor"
            raise _Refused(_start(event), f"the alias `*{name[:40]}` {reason}")
        self._aliased += anchored.size
        if self._aliased > MAX_ALIASED:
            message = f"aliases stand for more than {MAX_ALIASED} values in all"
            raise _Refused(_start(event), message)
        depth = len(self._open) + anchored.height
        if depth > MAX_DEPTH:
            raise _Refused(_start(event), f"nested more than {MAX_DEPTH} levels deep")
        self._deepest = max(self._deepest, depth)
        return anchored.node

    def _attach(self, node: Node, alias: Any) -> None:
        entry = self._open[-1]
        parent = entry.node
        if parent.content.__class__ is list:
            parent.content.append(node)
        elif entry.key is None:
            if alias is not None:
                # An alias as a key counts where it stands, not where its anchor does.
                mark = alias.start_mark
                node = Node(self._file, mark.line + 1, mark.column + 1, node.content)
            entry.key = node
        else:
            key, entry.key = entry.key, None
            name = key.content
            if name.__class__ is str and name not in parent.keys:
                name = sys.intern(name)
                parent.keys[name] = key
                parent.content[name] = node
            else:
                self._refuse_key(parent, key)

    def _refuse_key(self, parent: Node, key: Node) -> None:
        name = key.content
        if isinstance(name, str):
            first = parent.keys[name].line
            self._error(key.position, f"the key `{name[:60]}` is already set in line {first}")
        elif isinstance(name, (list, dict)):
            self._error(key.position, "expected a text as key, found a list or mapping")
        else:
            message = f"expected a text as key, found `{_yaml(name)}`; put it in quotes"
            self._error(key.position, message)

    def _error(self, position: Position, message: str) -> None:
        self.errors.append(SourceError(position, message))
        if len(self.errors) >= MAX_ERRORS:
            raise _Refused(position, "too many errors; the rest of the file was not read")


def _start(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)


def _yaml(value: object) -> str:
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else str(value)
