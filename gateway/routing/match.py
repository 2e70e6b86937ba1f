"""The matcher: which route answers a request, and why not another.

The precedence is that of the Kubernetes Gateway API's HTTPRoute, refined for each segment:

1. host: an exact name, then wildcards, the longer first, then routes for any host;
2. path: whole paths, then prefixes, then regular expressions;
3. of whole paths, for each segment from the left: a literal, then a typed parameter (`int`, `uuid`,
   `date`, `slug`), then a parameter without a type; of prefixes: more segments, then the same rule;
   of regular expressions: the longer literal prefix;
4. more conditions on the header, then more on the query;
5. the order of the table.

A route whose method or conditions do not fit is as if it were not there, at each of these steps.
The matcher knows nothing of versions, policies or services: what a route leads to is of any type.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from routing.precedence import why_less_specific
from routing.route_match import Asked, RouteMatch, looked_for
from routing.tree import Entry, Found, Shared, Tree

__all__ = ["Asked", "Considered", "Found", "Matcher", "RouteMatch"]

T = TypeVar("T")

MAX_HOST: Final = 253
"""Characters of a host name (RFC 1035, section 2.3.4, without the final dot)."""


class Considered(NamedTuple, Generic[T]):
    """A route whose host and path match, and what became of it."""

    target: T
    reason: str
    """Why it lost, as a sentence without a full stop; `won` for the one that answers."""
    won: bool = False


class Matcher(Generic[T]):
    """Routes, looked up by all that they look at."""

    def __init__(self, *, ignore_case: bool = False) -> None:
        """`ignore_case`: literal segments match in any case; parameters keep theirs."""
        self._ignore_case = ignore_case
        self._shared = Shared(ignore_case=ignore_case)
        self._any: Tree[T] = Tree("", ignore_case=ignore_case)
        self._by_host: dict[str, Tree[T]] = {}
        self._wildcards = False
        self._header_names: set[str] = set()
        self._query_names: set[str] = set()

    def add(self, match: RouteMatch, target: T) -> None:
        """Enter a route, behind those that are there."""
        entry = Entry(match, target, self._shared)
        if match.hosts:
            for host in dict.fromkeys(match.hosts):
                self._tree(host).add(entry)
        else:
            self._any.add(entry)
        if match.conditional:
            self._header_names.update(condition.name for condition in match.headers)
            self._query_names.update(condition.name for condition in match.query)

    @property
    def header_names(self) -> frozenset[str]:
        """Names of the header fields, in lower case, that any route looks at."""
        return frozenset(self._header_names)

    @property
    def query_names(self) -> frozenset[str]:
        """Names of the query parameters that any route looks at."""
        return frozenset(self._query_names)

    def find(self, asked: Asked) -> Found[T] | None:
        """The route that answers `asked`; HEAD follows GET."""
        method = looked_for(asked.method)
        for tree in self._trees(asked.host):
            found = tree.find(method, asked)
            if found is not None:
                return found
        return None

    def methods(self, asked: Asked) -> list[str]:
        """The methods of all routes whose host and path match `asked`, sorted, for `Allow`.

        HEAD comes with GET, and OPTIONS with any. Where the method of `asked` is among them and
        `find` finds nothing, conditions have failed: then it is 404 and not 405.
        """
        methods: set[str] = set()
        for _, entry in self._entries(asked):
            methods.update(entry.match.methods)
        if "GET" in methods:
            methods.add("HEAD")
        if methods:
            methods.add("OPTIONS")
        return sorted(methods)

    def possible(self, asked: Asked) -> tuple[list[T], bool]:
        """What may answer `asked`, whatever its header fields are, in order of precedence; and
        whether one of them certainly does."""
        method = looked_for(asked.method)
        found: list[T] = []
        for _, entry in self._entries(asked):
            match = entry.match
            if method in match.methods and match.query_holds(asked):
                found.append(entry.target)
                if not match.headers:
                    return found, True
        return found, False

    def considered(self, asked: Asked) -> list[Considered[T]]:
        """Every route whose host and path match, in order of precedence, and what became of it."""
        listed: list[Considered[T]] = []
        winner: tuple[str, RouteMatch] | None = None
        for host, entry in self._entries(asked):
            reason = entry.match.shortfall(asked)
            if reason is None and winner is None:
                winner = (host, entry.match)
                listed.append(Considered(entry.target, "won", won=True))
                continue
            if reason is None and winner is not None:
                reason = why_less_specific(host, entry.match, *winner)
            listed.append(Considered(entry.target, reason or ""))
        return listed

    def _entries(self, asked: Asked) -> Iterator[tuple[str, Entry[T]]]:
        """Routes whose host and path match, each once, with the host that it matches by."""
        seen: set[int] = set()
        for tree in self._trees(asked.host):
            for entry in tree.entries(asked.path):
                if id(entry) not in seen:
                    seen.add(id(entry))
                    yield tree.host, entry

    def _tree(self, host: str) -> Tree[T]:
        tree = self._by_host.get(host)
        if tree is None:
            tree = self._by_host[host] = Tree(host, ignore_case=self._ignore_case)
            self._wildcards = self._wildcards or host.startswith("*.")
        return tree

    def _trees(self, host: str) -> Sequence[Tree[T]]:
        """The trees that may answer for `host`, the most specific name first."""
        if not self._by_host or not 0 < len(host) <= MAX_HOST:
            return (self._any,)
        names = [host]
        if self._wildcards:
            dot = host.find(".", 1)
            while dot != -1:
                names.append("*" + host[dot:])
                dot = host.find(".", dot + 1)
        trees = [self._by_host[name] for name in names if name in self._by_host]
        trees.append(self._any)
        return trees
