"""The routes of one host name: a tree of path segments, and the regular expressions beside it.

Both grow as they are used. A node holds the routes that lead through it until a request comes by;
only then does it share them out among its children, and a route that is alone is never taken apart
further. So a table of any size is ready at once, and what nobody asks for is never built.

A request goes through the tree once, level by level, with all nodes of a level that its path may
lead to, in order of precedence. It meets every node once at most: the work is bounded by the size
of the tree however cleverly the routes overlap, and by the length of the path where they do not.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from routing.parameters import RANKS, TYPES, Accepts, split_parameter
from routing.route_match import Asked, RouteMatch

T = TypeVar("T")
V = TypeVar("V")


class Found(NamedTuple, Generic[T]):
    """The target of a request."""

    target: T
    parameters: dict[str, str]
    """Values of the path parameters, percent-encoded as they stand in the path."""
    rest: str = ""
    """For a prefix: what follows it, with its leading slash, or nothing."""


Check = str | Accepts | None
"""What a segment has to be: this literal, what the parameter accepts, or anything (None)."""


class Shared:
    """Values that many routes have in common, kept once: a large table then stays in the cache."""

    def __init__(self, *, ignore_case: bool) -> None:
        self.ignore_case = ignore_case
        self._kept: dict[Any, Any] = {}

    def __call__(self, value: V) -> V:
        """The first value that was equal to `value`."""
        kept: V = self._kept.setdefault(value, value)
        return kept

    def checks(self, match: RouteMatch, start: int) -> tuple[Check, ...]:
        """What the segments of the template have to be, from number `start` on."""
        pattern = match.pattern
        return self(
            tuple(self._check(one) for one in pattern.template.segments[start : pattern.depth])
        )

    def _check(self, segment: str) -> Check:
        if segment.startswith("{"):
            type = split_parameter(segment)[1]
            return TYPES[type].accepts if type else None
        return segment.lower() if self.ignore_case else segment


class Entry(Generic[T]):
    """A route in a tree, with what a look-up needs of it close at hand."""

    __slots__ = (
        "_checks",
        "_places",
        "_start",
        "conditional",
        "match",
        "methods",
        "shared",
        "target",
        "whole",
    )

    def __init__(self, match: RouteMatch, target: T, shared: Shared) -> None:
        self.match = match
        self.target = target
        self.shared = shared
        self.methods = shared(tuple(match.methods))
        self.conditional = match.conditional
        self.whole = match.pattern.kind == "path"
        self._places: tuple[tuple[str, int], ...] | None = None
        self._checks: tuple[Check, ...] | None = None
        self._start = -1

    def answers(self, method: str, asked: Asked) -> bool:
        """Whether method and conditions fit; the path does already."""
        return method in self.methods and (not self.conditional or self.match.holds(asked))

    def found(self, segments: Sequence[str], depth: int) -> Found[T]:
        """This route for a path whose first `depth` segments match its template."""
        if self._places is None:
            self._places = self.shared(self.match.pattern.template.places)
        values = {name: segments[place] for name, place in self._places}
        if depth == len(segments):
            return Found(self.target, values)
        return Found(self.target, values, "/" + "/".join(segments[depth:]))

    def fits(self, segments: Sequence[str], folded: Sequence[str], start: int) -> int | None:
        """How many segments the template matches, those before number `start` being right already.

        None where it does not match. `folded` has the segments as literals are compared.
        """
        checks = self._checks
        if checks is None or self._start != start:
            checks = self._checks = self.shared.checks(self.match, start)
            self._start = start
        number, depth = start, start + len(checks)
        if depth > len(segments) or (self.whole and depth < len(segments)):
            return None
        for check in checks:
            segment = segments[number]
            if check is None:
                if not segment:
                    return None
            elif isinstance(check, str):
                if check != folded[number]:
                    return None
            elif not check(segment):
                return None
            number += 1
        return depth


def _sort(entries: list[Entry[T]]) -> None:
    """Most conditions first; sorting is stable, so that ties stay in the order of the table."""
    if any(entry.conditional for entry in entries):
        entries.sort(key=lambda entry: entry.match.weight)


class _Node(Generic[T]):
    """A place in the tree. `waiting` has the routes that have not been shared out yet."""

    __slots__ = ("literals", "prefix", "types", "variables", "waiting", "whole")

    def __init__(self) -> None:
        self.waiting: list[tuple[str | None, Entry[T]]] = []
        """With what is left of each route's path; None where it ends here."""
        self.literals: dict[str, _Node[T]] | None = None
        self.types: dict[str, _Node[T]] | None = None
        """Parameters by the names of their types."""
        self.variables: list[tuple[Accepts | None, _Node[T]]] | None = None
        """The same in order: the most specific type first, the one without a type (None) last."""
        self.whole: list[Entry[T]] | None = None
        """Routes that end here, in order of precedence."""
        self.prefix: list[Entry[T]] | None = None

    def alone(self) -> Entry[T] | None:
        """The only route that leads through here, if it is alone and has not been shared out."""
        if len(self.waiting) != 1 or self.literals or self.types or self.whole or self.prefix:
            return None
        return self.waiting[0][1]

    def grow(self, *, ignore_case: bool) -> None:
        """Share out the waiting routes."""
        for left, entry in self.waiting:
            if left is None:
                self._end(entry)
                continue
            head, slash, tail = left.partition("/")
            if head.startswith("{"):
                self.types = self.types or {}
                node = self.types.setdefault(split_parameter(head)[1], _Node())
            else:
                self.literals = self.literals or {}
                node = self.literals.setdefault(head.lower() if ignore_case else head, _Node())
            node.waiting.append((tail if slash else None, entry))
        if self.types:
            self.variables = [
                (TYPES[type].accepts if type else None, self.types[type])
                for type in sorted(self.types, key=RANKS.__getitem__)
            ]
        for entries in (self.whole, self.prefix):
            if entries is not None:
                _sort(entries)
        self.waiting = []

    def _end(self, entry: Entry[T]) -> None:
        if entry.whole:
            self.whole = self.whole or []
            self.whole.append(entry)
        else:
            self.prefix = self.prefix or []
            self.prefix.append(entry)

    def lead(self, segment: str, literal: str, following: list["_Node[T]"]) -> None:
        """Add to `following` the children that `segment` leads to, the most specific first."""
        if self.literals is not None:
            child = self.literals.get(literal)
            if child is not None:
                following.append(child)
        if self.variables is not None and segment:
            for accepts, child in self.variables:
                if accepts is None or accepts(segment):
                    following.append(child)


class Tree(Generic[T]):
    """The routes of one host name, or of none."""

    def __init__(self, host: str, *, ignore_case: bool) -> None:
        self.host = host
        self._ignore_case = ignore_case
        self._root: _Node[T] = _Node()
        self._prefixes = False
        self._expressions: _Expressions[T] | None = None

    def add(self, entry: Entry[T]) -> None:
        """Enter a route, behind those that are there."""
        pattern = entry.match.pattern
        if pattern.kind == "path_regex":
            if self._expressions is None:
                self._expressions = _Expressions(ignore_case=self._ignore_case)
            self._expressions.waiting.append(entry)
            return
        everything = False
        if pattern.kind == "path_prefix":
            self._prefixes = True
            everything = pattern.text == "/"
        self._root.waiting.append((None if everything else pattern.text[1:], entry))

    def find(self, method: str, asked: Asked) -> Found[T] | None:
        """The first route, in order of precedence, that fits `asked` with `method`."""
        segments = asked.path[1:].split("/")
        for entries, depth in self._templates(asked.path, segments):
            for entry in entries:
                if entry.answers(method, asked):
                    return entry.found(segments, depth)
        if self._expressions is not None:
            for entry, matched in self._expressions.matches(asked.path):
                if entry.answers(method, asked):
                    # A group that took no part is an empty text, as it is in the path.
                    return Found(entry.target, matched.groupdict(""))
        return None

    def entries(self, path: str) -> Iterator[Entry[T]]:
        """Every route whose path matches, whatever its method and conditions, in that order."""
        for entries, _ in self._templates(path, path[1:].split("/")):
            yield from entries
        if self._expressions is not None:
            for entry, _ in self._expressions.matches(path):
                yield entry

    def _templates(
        self, path: str, segments: list[str]
    ) -> Iterator[tuple[Sequence[Entry[T]], int]]:
        """Routes whose template matches, in order of precedence, and its number of segments."""
        folded = path[1:].lower().split("/") if self._ignore_case else segments
        levels, alone = self._levels(segments, folded)
        if alone is not None:
            fitting = alone.fits(segments, folded, len(levels))
            if fitting is not None:
                yield (alone,), fitting
        elif len(levels) > len(segments):
            for node in levels[-1]:
                if node.whole is not None:
                    yield node.whole, len(segments)
        if self._prefixes:
            for depth in range(len(levels) - 1, -1, -1):
                for node in levels[depth]:
                    if node.prefix is not None:
                        yield node.prefix, depth

    def _levels(
        self, segments: Sequence[str], folded: Sequence[str]
    ) -> tuple[list[list[_Node[T]]], Entry[T] | None]:
        """The nodes that 0, 1, 2… segments lead to, each level in order of precedence.

        A level is in order as the one above it is, and the children of each node. Where a level is
        nothing but a node with a route that is alone, that route takes its place, and the rest of
        its template has to be compared.
        """
        level = [self._root]
        levels: list[list[_Node[T]]] = []
        count = len(segments)
        while True:
            for node in level:
                if node.waiting:
                    if len(level) == 1:
                        alone = node.alone()
                        if alone is not None:
                            return levels, alone
                    node.grow(ignore_case=self._ignore_case)
            at = len(levels)
            levels.append(level)
            if at == count:
                return levels, None
            following: list[_Node[T]] = []
            for node in level:
                node.lead(segments[at], folded[at], following)
            if not following:
                return levels, None
            level = following


class _Expressions(Generic[T]):
    """Regular expressions by their literal prefix: only those that it fits are tried."""

    __slots__ = ("_by_prefix", "_ignore_case", "_lengths", "waiting")

    def __init__(self, *, ignore_case: bool) -> None:
        self.waiting: list[Entry[T]] = []
        self._ignore_case = ignore_case
        self._by_prefix: dict[str, list[Entry[T]]] = {}
        self._lengths: list[int] = []

    def matches(self, path: str) -> Iterator[tuple[Entry[T], re.Match[str]]]:
        """Those that match, the longest literal prefix first."""
        if self.waiting:
            self._grow()
        folded = path.lower() if self._ignore_case else path
        for length in self._lengths:
            if length > len(path):
                continue
            for entry in self._by_prefix.get(folded[:length], ()):
                expression = entry.match.pattern.expression(ignore_case=self._ignore_case)
                matched = expression.fullmatch(path)
                if matched is not None:
                    yield entry, matched

    def _grow(self) -> None:
        for entry in self.waiting:
            prefix = entry.match.pattern.literal_prefix()
            folded = prefix.lower() if self._ignore_case else prefix
            self._by_prefix.setdefault(folded, []).append(entry)
        for entries in self._by_prefix.values():
            _sort(entries)
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)
        self.waiting = []
