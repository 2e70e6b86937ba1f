"""Reads a YAML file into plain values and knows where in the file each of them stands.

It builds the tree from PyYAML's events itself, instead of through PyYAML's composer, so that every
limit is checked while the file is read: whatever the file holds, time and memory stay bounded. What
a careful author never writes is refused: duplicate keys, keys that are no texts, tags of Python
objects, several documents.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from cli.yaml_scalars import MAP, SEQ, plain_scalar, short_tag, tagged_scalar

MAX_BYTES: Final = 2 * 1024 * 1024
MAX_DEPTH: Final = 50
MAX_VALUES: Final = 200_000
"""Keys and values that one file may hold; a table of 2,000 routes has about 60,000."""

MAX_ALIASED: Final = 10_000
"""Values that all aliases together may stand for."""

MAX_ERRORS: Final = 100

ValuePath = tuple[str | int, ...]

# libyaml comes with PyYAML's wheels; without it the same events come ten times as slowly.
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


class Node:
    """A value, where it begins, and the nodes inside it. An alias gives the anchor's node."""

    __slots__ = ("height", "items", "keys", "members", "position", "size", "value")

    def __init__(self, position: Position, value: Any) -> None:
        self.position = position
        self.value = value
        self.members: dict[str, Node] = {}
        self.keys: dict[str, Position] = {}
        self.items: list[Node] = []
        self.size = 1
        """Values inside, itself included, with aliases written out."""
        self.height = 1


class Source(NamedTuple):
    """What a file says (`value`, of dicts, lists and scalars), and where it says it."""

    root: Node
    lines: Sequence[str]

    @property
    def value(self) -> Any:
        return self.root.value

    def locate(self, path: ValuePath, *, key: bool = False) -> Position:
        """Where the value at `path` begins, or with `key` its key; the nearest place above it
        where the path ends before."""
        node, position = self.root, self.root.position
        for step in path:
            child = _child(node, step)
            if child is None:
                return position
            position = node.keys[step] if key and isinstance(step, str) else child.position
            node = child
        return position


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(step, str):
        return node.members.get(step)
    return node.items[step] if step < len(node.items) else None


def read_yaml(path: Path) -> Source:
    """Read the file at `path`. Raises `SourceErrors`."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _single(Position(1, 1), f"the file cannot be read: {reason}") from None
    return parse_yaml(data)


def parse_yaml(data: bytes) -> Source:
    """Read `data` as the content of a file. Raises `SourceErrors`."""
    if len(data) > MAX_BYTES:
        raise _single(Position(1, 1), f"a table has at most {MAX_BYTES // 1024} KiB")
    text = _decoded(data)
    lines = _LINE_END.split(text)
    odd = _NOT_TEXT.search(text)
    if odd:
        found = f"U+{ord(odd[0]):04X}"
        position = _position_of(text, odd.start())
        raise _single(position, f"the character {found} is not allowed in YAML", lines)
    composer = _Composer(yaml.parse(text, Loader=_Loader))
    try:
        root = composer.document()
    except _Refused as refused:
        raise SourceErrors([*composer.errors, refused.error], lines) from None
    except yaml.MarkedYAMLError as error:
        raise SourceErrors([*composer.errors, _syntax_error(error, lines)], lines) from None
    except yaml.YAMLError as error:
        raise _single(Position(1, 1), f"not YAML: {error}", lines) from None
    if composer.errors:
        raise SourceErrors(composer.errors, lines)
    return Source(root, lines)


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


class _Composer:
    """Builds nodes from events; recursion ends at `MAX_DEPTH`."""

    def __init__(self, events: Iterator[Event]) -> None:
        self.errors: list[SourceError] = []
        self._events = events
        self._anchors: dict[str, Node | None] = {}
        self._values = 0
        self._aliased = 0

    def document(self) -> Node:
        """The file's only document."""
        next(self._events)  # the stream's start
        event = next(self._events)
        if not isinstance(event, DocumentStartEvent):
            raise _Refused(Position(1, 1), "the file is empty")
        root = self._node(next(self._events), 1)
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, StreamEndEvent):
            raise _Refused(_start(event), "expected one document, found a second one")
        return root

    def _node(self, event: Any, depth: int) -> Node:
        position = _start(event)
        if depth > MAX_DEPTH:
            raise _Refused(position, f"nested more than {MAX_DEPTH} levels deep")
        self._values += 1
        if self._values > MAX_VALUES:
            raise _Refused(position, f"a table has at most {MAX_VALUES} keys and values")
        if isinstance(event, AliasEvent):
            return self._alias(event.anchor, position, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = None  # until it is complete
        node = self._content(event, position, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: Any, position: Position, depth: int) -> Node:
        if isinstance(event, ScalarEvent):
            return Node(position, self._scalar(event, position))
        if isinstance(event, SequenceStartEvent):
            self._check_tag(event, SEQ, position)
            return self._sequence(position, depth)
        self._check_tag(event, MAP, position)
        return self._mapping(position, depth)

    def _alias(self, name: Any, position: Position, depth: int) -> Node:
        node = self._anchors.get(name)
        if node is None:
            reason = "is inside its own anchor" if name in self._anchors else "has no anchor"
            raise _Refused(position, f"the alias `*{name[:40]}` {reason}")
        self._aliased += node.size
        if self._aliased > MAX_ALIASED:
            message = f"aliases stand for more than {MAX_ALIASED} values in all"
            raise _Refused(position, message)
        if depth + node.height - 1 > MAX_DEPTH:
            raise _Refused(position, f"nested more than {MAX_DEPTH} levels deep")
        return node

    def _sequence(self, position: Position, depth: int) -> Node:
        node = Node(position, [])
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            child = self._node(event, depth + 1)
            node.items.append(child)
            node.value.append(child.value)
            _grow(node, child)
        return node

    def _mapping(self, position: Position, depth: int) -> Node:
        node = Node(position, {})
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            # An alias as a key counts where it stands, not where its anchor does.
            where = _start(event)
            child = self._node(next(self._events), depth + 1)
            if self._accept_key(node, key.value, where):
                node.keys[key.value] = where
                node.members[key.value] = child
                node.value[key.value] = child.value
            _grow(node, child)
        return node

    def _accept_key(self, node: Node, key: Any, where: Position) -> bool:
        if not isinstance(key, str):
            found = "a list or mapping" if isinstance(key, (list, dict)) else f"`{_yaml(key)}`"
            hint = "" if isinstance(key, (list, dict)) else "; put it in quotes"
            self._error(where, f"expected a text as key, found {found}{hint}")
            return False
        if key in node.keys:
            first = node.keys[key].line
            self._error(where, f"the key `{key[:60]}` is already set in line {first}")
            return False
        return True

    def _scalar(self, event: ScalarEvent, position: Position) -> Any:
        try:
            if event.tag is not None and event.tag != "!":
                value = tagged_scalar(event.value, event.tag)
            else:
                value = plain_scalar(event.value) if event.implicit[0] else event.value
        except ValueError as error:
            self._error(position, str(error))
            return None
        if isinstance(value, str) and not value.isascii() and _NOT_TEXT.search(value):
            # Only an escape sequence can have brought it: half of a surrogate pair.
            self._error(position, "the text has an escaped character that is none")
            return ""
        return value

    def _check_tag(self, event: CollectionStartEvent, expected: str, position: Position) -> None:
        if event.tag not in (None, "!", expected):
            tag = short_tag(event.tag)
            self._error(position, f"there is no tag `{tag}` here; leave it out")

    def _error(self, position: Position, message: str) -> None:
        error = SourceError(position, message)
        self.errors.append(error)
        if len(self.errors) >= MAX_ERRORS:
            raise _Refused(position, "too many errors; the rest of the file was not read")


def _start(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)


def _grow(node: Node, child: Node) -> None:
    node.size += child.size
    node.height = max(node.height, child.height + 1)


def _yaml(value: object) -> str:
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else str(value)
