"""Finds the route of a request: version first, then host, path, method and conditions; remembers.

A table is compiled once and asked often, for few different targets: so a bounded memory of
resolutions answers most requests with one dictionary look-up. Its key is everything that this
table looks at, and nothing else. The routes of a version are worked out when it is first asked for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, Generic, NamedTuple, TypeVar

from contract.problems import METHOD_NOT_ALLOWED, NOT_FOUND, Problem
from messages import Request
from routing.match import Asked, Considered, Found, Matcher, RouteMatch
from routing.paths import PathNormaliser
from routing.query import parse_query
from routing.table import PathsSettings
from routing.versions import Version, Versions, parts_of

T = TypeVar("T")

RoutesOf = Callable[[str | None], Iterable[tuple[RouteMatch, T]]]
"""The routes of a version by its name, or for None those without a version, in order."""


class Resolution(NamedTuple, Generic[T]):
    """What a request leads to."""

    target: T
    version: Version | None
    version_in_path: bool
    path: str
    """Normalised, without the version."""
    parameters: Mapping[str, str]
    rest: str
    """What follows the prefix of a route that matches by prefix."""


class Resolver(Generic[T]):
    """The routes of all versions, and those that belong to none."""

    REMEMBERED: Final = 2048
    """Resolutions that are kept; the oldest goes first."""

    LONGEST: Final = 512
    """Characters of a key above which nothing is kept: clients choose them."""

    def __init__(
        self,
        versions: Versions,
        paths: PathsSettings,
        routes_of: RoutesOf[T],
        looked_at: tuple[Iterable[str], Iterable[str], bool],
    ) -> None:
        """`looked_at`: header fields and query parameters that conditions of any route look at,
        and whether any route names hosts."""
        self.versions = versions
        self._normalise = PathNormaliser(paths)
        self._ignore_case = paths.case == "insensitive"
        self._routes_of = routes_of
        self._matchers: dict[str | None, Matcher[T]] = {}
        self._remembered: dict[tuple[str | None, ...], Resolution[T]] = {}
        self._looks = _looks(versions, *looked_at)

    def resolve(self, request: Request) -> Resolution[T]:
        """Where a request goes.

        Raises `Problem`: malformed-request, unsupported-version, version-conflict, not-found,
        method-not-allowed.
        """
        key = (request.method, request.path, *[look(request) for look in self._looks])
        known = self._remembered.get(key)
        if known is None:
            known = self._resolve(request)
            if sum(map(len, filter(None, key))) > self.LONGEST:
                return known
            if len(self._remembered) >= self.REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[key] = known
        return known

    def methods(self, request: Request) -> Sequence[str]:
        """The methods that the target of `request` answers to. Raises as `resolve` does; never
        method-not-allowed."""
        in_path, asked = self._ask(request)
        allowed = set() if in_path else set(self._matcher(None).methods(asked))
        try:
            version = self._version(in_path, request)
        except Problem:
            if not allowed:  # else whatever the request names is not asked about
                raise
        else:
            allowed.update(self._matcher(version.name).methods(asked))
        if not allowed:
            raise _nothing_at(asked.path)
        return sorted(allowed)

    def possible(self, request: Request, method: str) -> list[T]:
        """Every target that may answer when `request` comes again with `method` and header fields
        of its own: what a CORS preflight asks about. Raises as `methods` does."""
        in_path, asked = self._ask(request)
        asked = asked._replace(method=method)
        found: list[T] = []
        if in_path is None:
            found, certain = self._matcher(None).possible(asked)
            if certain:
                return found
        version = self.versions.select(in_path, request)
        if version is not None:
            among = [version]
        elif self.versions.vary:
            among = list(self.versions.by_name.values())
        else:
            among = [self.versions.default]
        for one in among:
            found += self._matcher(one.name).possible(asked)[0]
        return found

    def considered(self, request: Request) -> tuple[Version | None, list[Considered[T]]]:
        """The version of `request`, and every route of it that host and path lead to, with what
        became of each. For people who look for the reason; it takes its time."""
        in_path, asked = self._ask(request)
        if in_path is None and self._matcher(None).find(asked) is not None:
            return None, self._matcher(None).considered(asked)
        version = self._version(in_path, request)
        return version, self._matcher(version.name).considered(asked)

    def _resolve(self, request: Request) -> Resolution[T]:
        in_path, asked = self._ask(request)
        if in_path is None:
            found = self._matcher(None).find(asked)
            if found is not None:
                return _resolution(found, None, False, asked.path)
        version = self._version(in_path, request)
        found = self._matcher(version.name).find(asked)
        if found is None:
            raise self._no_route(request, asked)
        return _resolution(found, version, in_path is not None, asked.path)

    def _ask(self, request: Request) -> tuple[Version | None, Asked]:
        """The version in the path, and the request as matchers see it."""
        in_path, path = self.versions.in_path(self._normalise(request.path))
        # A name may end in the dot of the root (RFC 1034, section 3.1), and is the same one.
        host = request.host.lower().partition(":")[0].removesuffix(".")
        query = parse_query(request.query)
        return in_path, Asked(request.method, host, path, query, request.headers)

    def _version(self, in_path: Version | None, request: Request) -> Version:
        return self.versions.select(in_path, request) or self.versions.default

    def _matcher(self, version: str | None) -> Matcher[T]:
        matcher = self._matchers.get(version)
        if matcher is None:
            matcher = Matcher(ignore_case=self._ignore_case)
            for match, target in self._routes_of(version):
                matcher.add(match, target)
            self._matchers[version] = matcher
        return matcher

    def _no_route(self, request: Request, asked: Asked) -> Problem:
        allowed = self.methods(request)
        method = "GET" if request.method == "HEAD" else request.method
        if method in allowed:
            return _nothing_at(asked.path)  # the conditions of its routes did not hold
        listed = ", ".join(allowed)
        return Problem(
            METHOD_NOT_ALLOWED,
            f"{asked.path[:200]} answers to {listed}, not to {request.method[:20]}.",
            headers={"allow": listed},
        )


def _resolution(
    found: Found[T], version: Version | None, version_in_path: bool, path: str
) -> Resolution[T]:
    return Resolution(found.target, version, version_in_path, path, found.parameters, found.rest)


def _nothing_at(path: str) -> Problem:
    return Problem(NOT_FOUND, f"There is no route for {path[:200]}.")


def _looks(
    versions: Versions, headers: Iterable[str], queries: Iterable[str], hosts: bool
) -> list[Callable[[Request], str | None]]:
    """What resolutions depend on besides method and path."""
    looks: list[Callable[[Request], str | None]] = [
        partial(_field, name) for name in dict.fromkeys((*versions.vary, *headers))
    ]
    named = (versions.query,) if versions.query is not None else ()
    looks += [partial(_parameter, name) for name in dict.fromkeys((*named, *queries))]
    if hosts:
        looks.append(_host)
    return looks


def _field(name: str, request: Request) -> str | None:
    values = request.headers.get_all(name)
    if not values:
        return None
    # Fields that stand apart are told from one that holds a comma.
    return values[0] if len(values) == 1 else "\n".join(values)


def _parameter(name: str, request: Request) -> str | None:
    # As they stand in the query, where none has the character that parts them.
    parts = parts_of(request.query, name) if request.query else None
    return "&".join(parts) if parts else None


def _host(request: Request) -> str | None:
    return request.host
