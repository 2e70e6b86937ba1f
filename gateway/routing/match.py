"""The matcher: a tree of path segments, in which a literal wins over a parameter.

Its cost depends on the length of the path and not on the number of routes. It knows nothing of
versions, policies or services: what a path leads to is of any type.
"""

from typing import Generic, NamedTuple, TypeVar

from routing.paths import PathTemplate

T = TypeVar("T")


class _Node(Generic[T]):
    __slots__ = ("literals", "parameter", "targets")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[T]] = {}
        self.parameter: _Node[T] | None = None
        self.targets: dict[str, tuple[T, tuple[str, ...]]] = {}
        """By method: what it leads to, and what this target calls the path's parameters."""


class Found(NamedTuple, Generic[T]):
    """The target of a request and the values of its path parameters."""

    target: T
    parameters: dict[str, str]


class Matcher(Generic[T]):
    """Routes of one version, looked up by method and path."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, method: str, template: PathTemplate, target: T) -> T | None:
        """Enter a route. Returns the target that already has this method and path, if any."""
        node = self._root
        for segment in template.segments:
            if segment.startswith("{"):
                if node.parameter is None:
                    node.parameter = _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        taken = node.targets.get(method)
        if taken is not None:
            return taken[0]
        node.targets[method] = (target, template.parameters)
        return None

    def find(self, method: str, path: str) -> Found[T] | None:
        """The most specific route for `method` and the normalised `path`; HEAD follows GET."""
        values: list[str] = []
        looked_for = "GET" if method == "HEAD" else method
        found = _find(self._root, path[1:].split("/"), 0, looked_for, values)
        if found is None:
            return None
        target, names = found
        return Found(target, dict(zip(names, values, strict=True)))

    def methods(self, path: str) -> list[str]:
        """The methods for which `path` has a route, sorted, for `Allow`."""
        methods: set[str] = set()
        _collect(self._root, path[1:].split("/"), 0, methods)
        if "GET" in methods:
            methods.add("HEAD")
        return sorted(methods)


def _find(
    node: _Node[T], segments: list[str], at: int, method: str, values: list[str]
) -> tuple[T, tuple[str, ...]] | None:
    if at == len(segments):
        return node.targets.get(method)
    segment = segments[at]
    literal = node.literals.get(segment)
    if literal is not None:
        found = _find(literal, segments, at + 1, method, values)
        if found is not None:
            return found
    if node.parameter is not None and segment:
        values.append(segment)
        found = _find(node.parameter, segments, at + 1, method, values)
        if found is not None:
            return found
        values.pop()
    return None


def _collect(node: _Node[T], segments: list[str], at: int, methods: set[str]) -> None:
    if at == len(segments):
        methods.update(node.targets)
        return
    literal = node.literals.get(segments[at])
    if literal is not None:
        _collect(literal, segments, at + 1, methods)
    if node.parameter is not None and segments[at]:
        _collect(node.parameter, segments, at + 1, methods)
