"""Finds the route of a request: version first, then path and method; remembers what it found.

A table is compiled once and asked often, for few different targets: so a bounded memory of
resolutions answers most requests with one dictionary look-up.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from contract.problems import METHOD_NOT_ALLOWED, NOT_FOUND, Problem
from routing.match import Asked, Found, Matcher, RouteMatch
from routing.paths import PathTemplate, normalise_path
from routing.versions import Version, Versions

T = TypeVar("T")


class Resolution(NamedTuple, Generic[T]):
    """What a method, a path and an API-Version field lead to."""

    target: T
    version: Version | None
    version_in_path: bool
    path: str
    """Normalised, without the version."""
    parameters: Mapping[str, str]


class Resolver(Generic[T]):
    """The routes of all versions, and those that belong to none."""

    REMEMBERED: Final = 2048
    """Resolutions that are kept; the oldest goes first."""

    LONGEST: Final = 256
    """Characters of path and field together above which nothing is kept: clients choose both, and
    a route without a version answers whatever the field says."""

    def __init__(self, versions: Versions) -> None:
        self.versions = versions
        self._unversioned: Matcher[T] = Matcher()
        self._versioned: dict[str, Matcher[T]] = {name: Matcher() for name in versions.by_name}
        self._remembered: dict[tuple[str, str, str | None], Resolution[T]] = {}

    def add(self, method: str, template: PathTemplate, version: Version | None, target: T) -> None:
        """Enter a route of `version`, or of none."""
        matcher = self._versioned[version.name] if version else self._unversioned
        matcher.add(RouteMatch.by_path(template.text, methods=(method,)), target)

    def resolve(self, method: str, raw_path: str, api_version: str | None) -> Resolution[T]:
        """Where a request goes. The version comes from the path, else the field, else the default.

        Raises `Problem`: malformed-request, unsupported-version, version-conflict, not-found,
        method-not-allowed.
        """
        key = (method, raw_path, api_version)
        known = self._remembered.get(key)
        if known is None:
            known = self._resolve(method, normalise_path(raw_path), api_version)
            if len(raw_path) + len(api_version or "") > self.LONGEST:
                return known
            if len(self._remembered) >= self.REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[key] = known
        return known

    def _resolve(self, method: str, path: str, api_version: str | None) -> Resolution[T]:
        version, rest = self.versions.in_path(path)
        in_path = version is not None
        if version is not None:
            self.versions.agree(version, self.versions.in_header(api_version))
        else:
            found = self._unversioned.find(Asked(method, "", path))
            if found is not None:
                return _resolution(found, None, False, path)
            version = self.versions.in_header(api_version) or self.versions.default
        matcher = self._versioned[version.name]
        found = matcher.find(Asked(method, "", rest))
        if found is None:
            allowed = set(matcher.methods(Asked(method, "", rest)))
            if not in_path:
                allowed.update(self._unversioned.methods(Asked(method, "", rest)))
            allowed.discard("OPTIONS")
            raise _no_route(method, rest, sorted(allowed))
        return _resolution(found, version, in_path, rest)


def _resolution(
    found: Found[T], version: Version | None, version_in_path: bool, path: str
) -> Resolution[T]:
    return Resolution(found.target, version, version_in_path, path, found.parameters)


def _no_route(method: str, path: str, allowed: Sequence[str]) -> Problem:
    if not allowed:
        return Problem(NOT_FOUND, f"There is no route for {path[:200]}.")
    listed = ", ".join(allowed)
    return Problem(
        METHOD_NOT_ALLOWED,
        f"{path[:200]} answers to {listed}, not to {method[:20]}.",
        headers={"allow": listed},
    )
