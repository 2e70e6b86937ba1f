"""Checks of each route by itself: names that exist, a path that can be reached, conditions."""

from collections.abc import Iterator, Mapping
from typing import Final

from contract.names import ADMIN_PREFIX, HEALTH_PATH, IDENTITY_KEYS_PATH
from contract.problems import TYPE_PREFIX
from routing.changes import without_types
from routing.check.access import check_access
from routing.check.caching import check_cache
from routing.check.finding import Finding, Path, known
from routing.check.limits import check_limits_of
from routing.paths import PathTemplate
from routing.regexes import group_names, objections
from routing.table import AccessSettings, Condition, ConditionSettings, RouteSettings, Table
from routing.versions import in_version

_NO_DOTS: Final = "a path has no segments `.` and `..`"
_WAYS: Final = ("path", "path_prefix", "path_regex")


def check_routes(table: Table) -> Iterator[Finding]:
    """What is wrong with each route."""
    ignore_case = table.paths.case == "insensitive"
    for position, route in enumerate(table.routes):
        at: Path = ("routes", position)
        yield from _check_names(table, route, at)
        yield from _check_path(route, at, ignore_case=ignore_case)
        yield from _check_conditions(route.headers, (*at, "headers"))
        yield from _check_conditions(route.query, (*at, "query"))
        yield from check_access(table, route, at)
        if isinstance(route.access, AccessSettings):
            yield from _check_conditions(route.access.claims, (*at, "access", "claims"))


def _check_names(table: Table, route: RouteSettings, at: Path) -> Iterator[Finding]:
    for position, version in enumerate(route.versions):
        yield from known(version, table.versions.supported, "version", (*at, "versions", position))
    for position, method in enumerate(route.methods):
        if method in route.methods[:position]:
            yield Finding((*at, "methods", position), f"`{method}` is named twice")
    yield from check_limits_of(table, route, at)
    if route.cors is not None:
        yield from known(route.cors, table.cors, "CORS policy", (*at, "cors"))
    if route.transform is not None:
        yield from known(route.transform, table.transforms, "transform", (*at, "transform"))


def _check_path(route: RouteSettings, at: Path, *, ignore_case: bool) -> Iterator[Finding]:
    given = [way for way in _WAYS if getattr(route, way) is not None]
    if len(given) != 1:
        yield Finding(at, "expected exactly one of `path`, `path_prefix` and `path_regex`")
        return
    member = given[0]
    parameters: tuple[str, ...] = ()
    if route.path_regex is not None:
        wrong = objections(route.path_regex, path=True, ignore_case=ignore_case)
        yield from (Finding((*at, member), message) for message in wrong)
        if wrong:
            return
        parameters = group_names(route.path_regex)
    else:
        path = route.path or route.path_prefix or ""
        yield from _check_template(path, (*at, member))
        parameters = PathTemplate(path).parameters
    yield from check_cache(route, parameters, at)
    if route.upstream_path is not None:
        if _has_dot_segment(route.upstream_path):
            yield Finding((*at, "upstream_path"), _NO_DOTS)
        for name in PathTemplate(route.upstream_path).parameters:
            yield from known(name, parameters, "parameter", (*at, "upstream_path"))


def _check_template(path: str, at: Path) -> Iterator[Finding]:
    """Paths that no request can reach, because somebody else answers or refuses them first."""
    if _has_dot_segment(path):
        yield Finding(at, _NO_DOTS)
    if path in (HEALTH_PATH, IDENTITY_KEYS_PATH) or path.startswith((TYPE_PREFIX, ADMIN_PREFIX)):
        yield Finding(at, "the gateway itself answers this path")
    if in_version(path):
        yield Finding(at, "a version is no part of the path; name it in `versions`")
    parameters = PathTemplate(without_types(path)).parameters
    if len(set(parameters)) < len(parameters):
        yield Finding(at, "a parameter occurs twice")


def _has_dot_segment(path: str) -> bool:
    return any(segment in (".", "..") for segment in path.split("/"))


def _check_conditions(conditions: Mapping[str, Condition], at: Path) -> Iterator[Finding]:
    seen: set[str] = set()
    for name, condition in conditions.items():
        if at[-1] == "headers" and name.lower() in seen:
            yield Finding((*at, name), "the field is named twice, in other letters")
        seen.add(name.lower())
        if not isinstance(condition, ConditionSettings):
            continue
        given = [condition.exact, condition.regex, condition.present]
        if sum(value is not None for value in given) != 1:
            yield Finding((*at, name), "expected exactly one of `exact`, `regex` and `present`")
        if condition.regex is not None:
            for message in objections(condition.regex, path=False):
                yield Finding((*at, name, "regex"), message)
