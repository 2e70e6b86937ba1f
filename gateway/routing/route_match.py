"""What a route wants of a request, compiled from its settings: host, path, method, conditions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from messages import Headers
from routing.conditions import Condition, field_values
from routing.patterns import KINDS, PathPattern
from routing.table import RouteSettings

_NO_FIELDS: Final = Headers()


class Asked(NamedTuple):
    """What a request shows to the matcher, all normalised already."""

    method: str
    host: str
    """Lower case, without a port."""
    path: str
    """Normalised, without a version."""
    query: Mapping[str, Sequence[str]] = {}
    """The decoded values of each parameter."""
    headers: Headers = _NO_FIELDS


class RouteMatch:
    """The conditions of one route. Cheap to make: the path is taken apart when it is needed."""

    __slots__ = ("headers", "hosts", "methods", "pattern", "query")

    def __init__(
        self,
        pattern: PathPattern,
        methods: Sequence[str],
        *,
        hosts: Sequence[str] = (),
        headers: Sequence[Condition] = (),
        query: Sequence[Condition] = (),
    ) -> None:
        """Names of `headers` are in lower case."""
        self.pattern = pattern
        self.methods = methods
        self.hosts = hosts
        self.headers = headers
        self.query = query

    @classmethod
    def of(cls, settings: RouteSettings, path: str | None = None) -> "RouteMatch":
        """What the route with these settings wants; under another `path` of the same kind if given.

        Raises `ValueError` where there is no path: the table was not checked.
        """
        for kind in KINDS:
            text = getattr(settings, kind)
            if text is not None:
                break
        else:
            raise ValueError(f"the route {settings.name} has no path: the table was not checked")
        headers, query = settings.headers, settings.query
        return cls(
            PathPattern(kind, text if path is None else path),
            settings.methods,
            hosts=settings.hosts,
            headers=[Condition(name.lower(), one) for name, one in headers.items()]
            if headers
            else (),
            query=[Condition(name, one) for name, one in query.items()] if query else (),
        )

    @classmethod
    def by_path(
        cls, path: str, *, prefix: bool = False, methods: Sequence[str] = ("GET",)
    ) -> "RouteMatch":
        """Whatever asks for `path`, or for what begins with it, with one of `methods`."""
        return cls(PathPattern("path_prefix" if prefix else "path", path), methods)

    @property
    def conditional(self) -> bool:
        """Whether it looks at more than host, path and method."""
        return bool(self.headers or self.query)

    @property
    def weight(self) -> tuple[int, int]:
        """The smaller, the more conditions there are: on the header first, then on the query."""
        return -len(self.headers), -len(self.query)

    def keys(self, *, ignore_case: bool = False) -> Iterator[tuple[object, ...]]:
        """One for each method and host. Of two routes that share one, the later is never found."""
        shape = self.pattern.shape
        if ignore_case and self.pattern.kind != "path_regex":
            # No parameter's name is in a shape; an expression keeps its own case.
            shape = tuple(part.lower() for part in shape)
        headers = frozenset(condition.key for condition in self.headers)
        query = frozenset(condition.key for condition in self.query)
        for host in self.hosts or ("",):
            for method in self.methods:
                yield method, host, shape, headers, query

    def holds(self, asked: Asked) -> bool:
        """Whether all conditions on header and query hold."""
        return all(
            condition.holds(field_values(asked.headers.get_all(condition.name)))
            for condition in self.headers
        ) and self.query_holds(asked)

    def query_holds(self, asked: Asked) -> bool:
        """Whether all conditions on the query hold."""
        return all(condition.holds(asked.query.get(condition.name, ())) for condition in self.query)

    def shortfall(self, asked: Asked) -> str | None:
        """Why `asked`, whose host and path fit, does not fit altogether; None if it does."""
        if looked_for(asked.method) not in self.methods:
            return f"method is {' or '.join(self.methods)}"
        for condition in self.headers:
            lines = asked.headers.get_all(condition.name)
            if not condition.holds(field_values(lines)):
                return f"header {_spelled(condition.name)} {condition.shortfall(lines)}"
        for condition in self.query:
            values = asked.query.get(condition.name, ())
            if not condition.holds(values):
                return f"query parameter {condition.name} {condition.shortfall(values)}"
        return None


def looked_for(method: str) -> str:
    """The method under which the table has what a request asks for: HEAD follows GET."""
    return "GET" if method == "HEAD" else method


def _spelled(field: str) -> str:
    """`x-tenant-id` as people write it."""
    return "-".join(part.capitalize() for part in field.split("-"))
