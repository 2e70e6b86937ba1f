"""Whether the parts of a table fit together: names that exist, paths that do not collide.

Types and ranges are checked when the table is decoded (`routing.table`); this is the rest. Each
finding says where it is, so that the host can point at the line.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from difflib import get_close_matches
from itertools import chain, islice
from typing import Final, NamedTuple

from contract.names import HEALTH_PATH
from contract.problems import TYPE_PREFIX
from routing.match import RouteMatch
from routing.paths import PathTemplate
from routing.table import RouteSettings, Table
from routing.versions import in_version

Path = tuple[str | int, ...]

MAX_FINDINGS: Final = 100
"""Nobody reads more, and looking for the name that was meant takes its time."""

_MAX_LISTED: Final = 20
_NO_DOTS: Final = "a path has no segments `.` and `..`"


class Finding(NamedTuple):
    """A mistake in the table: the path to it, and a sentence that says what was expected."""

    path: Path
    message: str


def check_table(table: Table) -> list[Finding]:
    """The mistakes in `table`, `MAX_FINDINGS` at most, in the order in which they stand there."""
    routes = (
        finding
        for position, route in enumerate(table.routes)
        for finding in _check_route(table, route, ("routes", position))
    )
    mistakes = chain(
        _check_versions(table), _check_services(table), routes, _check_collisions(table)
    )
    return list(islice(mistakes, MAX_FINDINGS))


def check_bindings(table: Table, declared: Collection[str]) -> list[Finding]:
    """The services of `table` whose binding the gateway's wrangler.toml does not declare."""
    findings = (
        finding
        for name, service in table.services.items()
        if service.binding is not None
        for finding in _known(service.binding, declared, "binding", ("services", name, "binding"))
    )
    return list(islice(findings, MAX_FINDINGS))


def _check_versions(table: Table) -> Iterator[Finding]:
    supported = table.versions.supported
    yield from _known(table.versions.default, supported, "version", ("versions", "default"))
    for name, version in supported.items():
        at: Path = ("versions", "supported", name)
        if version.successor is not None:
            yield from _known(version.successor, supported, "version", (*at, "successor"))
            if version.successor == name:
                yield Finding((*at, "successor"), "a version cannot succeed itself")
        for member, date in (("deprecated", version.deprecated), ("sunset", version.sunset)):
            if date is not None and date.tzinfo is None:
                yield Finding((*at, member), "expected a time zone, such as 2026-06-01T00:00:00Z")
        if _is_before(version.sunset, version.deprecated):
            yield Finding((*at, "sunset"), "the sunset cannot be before the deprecation (RFC 9745)")


def _is_before(one: datetime | None, other: datetime | None) -> bool:
    """False where one is missing or has no time zone to compare by."""
    if one is None or other is None or one.tzinfo is None or other.tzinfo is None:
        return False
    return one < other


def _check_services(table: Table) -> Iterator[Finding]:
    for name, service in table.services.items():
        if (service.binding is None) == (service.url is None):
            yield Finding(("services", name), "expected exactly one of `binding` and `url`")


def _check_route(table: Table, route: RouteSettings, at: Path) -> Iterator[Finding]:
    yield from _known(route.service, table.services, "service", (*at, "service"))
    for position, version in enumerate(route.versions):
        yield from _known(version, table.versions.supported, "version", (*at, "versions", position))
    if route.rate_limit is not None:
        yield from _known(route.rate_limit, table.rate_limits, "rate limit", (*at, "rate_limit"))
    if route.transform is not None:
        yield from _known(route.transform, table.transforms, "transform", (*at, "transform"))
        if route.max_body == "unlimited":
            yield Finding((*at, "max_body"), "a route that transforms bodies has to limit them")
    if route.cache is not None and route.access != "public":
        yield Finding((*at, "cache"), "only answers of a route with `access: public` are shared")
    yield from _check_path(route.path or "/", (*at, "path"))
    template = PathTemplate(route.path or "/")
    if len(set(template.parameters)) < len(template.parameters):
        yield Finding((*at, "path"), "a parameter occurs twice")
    if route.upstream_path is not None:
        if _has_dot_segment(route.upstream_path):
            yield Finding((*at, "upstream_path"), _NO_DOTS)
        for name in PathTemplate(route.upstream_path).parameters:
            yield from _known(name, template.parameters, "parameter", (*at, "upstream_path"))


def _check_path(path: str, at: Path) -> Iterator[Finding]:
    """Paths that no request can reach, because somebody else answers or refuses them first."""
    if _has_dot_segment(path):
        yield Finding(at, _NO_DOTS)
    if path == HEALTH_PATH or path.startswith(TYPE_PREFIX):
        yield Finding(at, "the gateway itself answers this path")
    if in_version(path):
        yield Finding(at, "a version is no part of the path; name it in `versions`")


def _has_dot_segment(path: str) -> bool:
    return any(segment in (".", "..") for segment in path.split("/"))


def _check_collisions(table: Table) -> Iterator[Finding]:
    names: dict[str, int] = {}
    taken: dict[tuple[object, ...], str] = {}
    for position, route in enumerate(table.routes):
        if names.setdefault(route.name, position) != position:
            yield Finding(
                ("routes", position, "name"),
                f"the name `{route.name}` is taken by routes[{names[route.name]}]",
            )
        for version in route.versions or ("",):
            for method, *rest in RouteMatch.of(route).keys():  # noqa: SIM118
                key = (version, method, *rest)
                if key in taken:
                    yield Finding(
                        ("routes", position, "path"),
                        f"`{method} {route.path}` already leads to the route `{taken[key]}`",
                    )
                taken.setdefault(key, route.name)


def _known(name: str, known: Collection[str], kind: str, at: Path) -> Iterator[Finding]:
    if name in known:
        return
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    hint = f"; did you mean `{close[0]}`?" if close else ""
    listed = ", ".join(names[:_MAX_LISTED]) or "none"
    if len(names) > _MAX_LISTED:
        listed += f" and {len(names) - _MAX_LISTED} more"
    yield Finding(at, f"there is no {kind} `{name}`{hint} (known: {listed})")
