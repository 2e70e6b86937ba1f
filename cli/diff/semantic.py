"""What is different between two tables, member by member and version by version."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from cli.diff import rules
from cli.diff.rules import Rule, Verdict, told
from cli.diff.schemas import Checked, checked
from cli.diff.severity import Change, Severity
from cli.explain.report import path_of
from routing.changes import VersionedRoute, VersionedRoutes
from routing.limits import limits_of
from routing.table import RouteSettings, Table

_NO_VERSION = "-"


class _Difference(NamedTuple):
    """A change, without the kind of thing that changed and the versions in which it did."""

    name: str
    what: str
    before: str
    after: str
    verdict: Verdict


def compare(a: Table, b: Table) -> list[Change]:
    """The differences, the weightiest first."""
    changes = [
        *_versions(a, b),
        *_members("paths", "paths", a.paths, b.paths, rules.OF_PATHS),
        *_members(
            "table",
            "request_limits",
            a.request_limits,
            b.request_limits,
            rules.OF_REQUEST_LIMITS,
        ),
        *_members(
            "table",
            "security_headers",
            a.security_headers,
            b.security_headers,
            rules.OF_SECURITY_HEADERS,
        ),
        *_members("table", "table", a, b, rules.OF_TABLE),
        *_services(a, b),
        *_limits(a, b),
        *_roles(a, b),
        *_routes(a, b),
    ]
    weight = {severity.word: severity for severity in Severity}
    changes.sort(key=lambda change: -weight[change.severity])
    if not changes and a != b:
        changes.append(_text_only())
    return changes


def _versions(a: Table, b: Table) -> Iterator[Change]:
    old, new = a.versions, b.versions
    if old.default != new.default:
        verdict = Verdict(Severity.BREAKING, "requests that name no version get another one")
        yield _change(
            "version", _Difference("default", "default", old.default, new.default, verdict)
        )
    for way in ("path", "header", "media_type", "query"):
        before, after = getattr(old.select, way), getattr(new.select, way)
        if before != after:
            verdict = rules.selector(before, after)
            yield _change("version", _Difference("select", way, told(before), told(after), verdict))
    gone = Verdict(Severity.BREAKING, "requests that name it get 400")
    added = Verdict(Severity.COMPATIBLE, "nobody uses it yet")
    supported = old.supported, new.supported
    yield from _named("version", *supported, rules.OF_VERSION, gone=gone, added=added)


def _services(a: Table, b: Table) -> Iterator[Change]:
    gone = Verdict(Severity.COMPATIBLE, "no client sees a service by itself")
    yield from _named("service", a.services, b.services, rules.OF_SERVICE, gone=gone, added=gone)


def _roles(a: Table, b: Table) -> Iterator[Change]:
    gone = Verdict(Severity.BREAKING, "callers with it lose its permissions")
    added = Verdict(Severity.RISKY, "callers with it have its permissions now")
    yield from _named("role", a.roles, b.roles, rules.OF_ROLE, gone=gone, added=added)


def _limits(a: Table, b: Table) -> Iterator[Change]:
    for name in sorted(a.rate_limits.keys() & b.rate_limits.keys()):
        before, after = a.rate_limits[name], b.rate_limits[name]
        if before != after:
            verdict = rules.limit(before, after)
            yield _change("limit", _Difference(name, "changed", told(before), told(after), verdict))


def _named(
    kind: str,
    old: Mapping[str, Struct],
    new: Mapping[str, Struct],
    of_members: Mapping[str, Rule],
    *,
    gone: Verdict,
    added: Verdict,
) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield _change(kind, _Difference(name, "removed", "", "", gone))
        elif name not in old:
            yield _change(kind, _Difference(name, "added", "", "", added))
        else:
            yield from _members(kind, name, old[name], new[name], of_members)


def _members(
    kind: str, name: str, old: Struct, new: Struct, of_members: Mapping[str, Rule]
) -> Iterator[Change]:
    for member, rule in of_members.items():
        before, after = getattr(old, member), getattr(new, member)
        if before != after:
            verdict = rule(before, after)
            yield _change(kind, _Difference(name, member, told(before), told(after), verdict))


def _routes(a: Table, b: Table) -> Iterator[Change]:
    """Routes by name; what is the same in several versions is told once."""
    found: dict[_Difference, list[str]] = {}
    before, after = VersionedRoutes(a), VersionedRoutes(b)
    versions = dict.fromkeys((None, *a.versions.supported, *b.versions.supported))
    for version in versions:
        if version is None or version in a.versions.supported.keys() & b.versions.supported:
            old = {route.settings.name: route for route in before.of(version)}
            new = {route.settings.name: route for route in after.of(version)}
            for difference in _of_version(a, b, old, new):
                found.setdefault(difference, []).append(version or _NO_VERSION)
    for difference, among in found.items():
        yield _change("route", difference, among)


def _of_version(
    a: Table, b: Table, old: Mapping[str, VersionedRoute], new: Mapping[str, VersionedRoute]
) -> Iterator[_Difference]:
    behaviours = {name: behaviour(b, route) for name, route in new.items() if name not in old}
    renamed = set()
    for name, route in old.items():
        if name in new:
            yield from _of_route(name, behaviour(a, route), behaviour(b, new[name]), a, b)
            continue
        same = behaviour(a, route)
        now = next((other for other, one in behaviours.items() if one == same), None)
        if now is not None:
            renamed.add(now)
            verdict = Verdict(Severity.COMPATIBLE, "only logs and this command show names")
            yield _Difference(name, "name", name, now, verdict)
        else:
            verdict = Verdict(Severity.BREAKING, "its requests lose their route")
            yield _Difference(name, "removed", _line(route.settings), "", verdict)
    for name in behaviours.keys() - renamed:
        verdict = Verdict(Severity.COMPATIBLE, "there is more than before")
        yield _Difference(name, "added", "", _line(new[name].settings), verdict)
    yield from _order(list(old), list(new))


def behaviour(table: Table, route: VersionedRoute) -> dict[str, Any]:
    """All that a route does, by member; names of limits and transforms are resolved."""
    settings = route.settings
    chain = [table.transforms[name] for name in route.transforms]
    limits = tuple(table.rate_limits[name] for name in limits_of(table, settings))
    members: dict[str, Any] = {name: getattr(settings, name, None) for name in rules.OF_ROUTE}
    return members | {
        "path": path_of(settings),
        "headers": {name.lower(): value for name, value in settings.headers.items()},
        # One by itself, as nearly every route has it.
        "rate_limit": limits if len(limits) > 1 else next(iter(limits), None),
        "validate": checked(table, route),
        "cors": table.cors[settings.cors] if settings.cors is not None else None,
        "request transforms": _parts(chain, "request"),
        "response transforms": _parts(chain, "response"),
        "error transforms": _parts(chain, "errors"),
    }


def _parts(chain: list[Any], direction: str) -> tuple[Any, ...]:
    """What the transforms do in one direction; those that do nothing are left out."""
    parts = [getattr(transform, direction) for transform in chain]
    return tuple(part for part in parts if part != type(part)())


def _of_route(
    name: str, old: Mapping[str, Any], new: Mapping[str, Any], a: Table, b: Table
) -> Iterator[_Difference]:
    for member, rule in rules.OF_ROUTE.items():
        before, after = old[member], new[member]
        if before == after or (member == "rate_limit" and _is_told(before, after, a, b)):
            continue
        if member == "validate":
            yield _Difference(name, member, _schemas(before), _schemas(after), rule(before, after))
            continue
        tell = _operations if "transforms" in member else _values
        old_value, new_value = tell(before, after)
        yield _Difference(name, member, old_value, new_value, rule(before, after))


def _schemas(value: Checked | None) -> str:
    """The parts that are checked."""
    return ", ".join(value.schemas) or "-" if value is not None else "-"


def _values(before: Any, after: Any) -> tuple[str, str]:
    return told(before), told(after)


def _operations(before: tuple[Any, ...], after: tuple[Any, ...]) -> tuple[str, str]:
    """What only one of two chains of transforms does."""
    old, new = _listed(before), _listed(after)
    gone = "; ".join(one for one in old if one not in new)
    come = "; ".join(one for one in new if one not in old)
    return (gone or "-", come or "-") if gone or come else ("", "the same in another order")


def _listed(parts: tuple[Any, ...]) -> list[str]:
    """Each operation on a line."""
    found = []
    for part in parts:
        for name, operations in msgspec.to_builtins(part).items():
            listed = operations if isinstance(operations, (list, tuple)) else [operations]
            found += [f"{name} {msgspec.json.encode(one).decode()}" for one in listed]
    return found


def _is_told(before: Any, after: Any, a: Table, b: Table) -> bool:
    """Whether the limit itself has changed, which is told of the limit."""
    return any(
        settings == before and b.rate_limits.get(name) == after
        for name, settings in a.rate_limits.items()
    )


def _order(old: list[str], new: list[str]) -> Iterator[_Difference]:
    """The first two routes that have changed places."""
    before = [name for name in old if name in new]
    after = [name for name in new if name in old]
    for first, second in zip(before, after, strict=True):
        if first != second:
            verdict = Verdict(Severity.COMPATIBLE, "the order only decides between equals")
            yield _Difference(first, "order", f"before {second}", f"behind {second}", verdict)
            return


def _line(settings: RouteSettings) -> str:
    return f"{','.join(settings.methods)} {path_of(settings)}"


def _change(
    kind: str,
    difference: _Difference,
    versions: Sequence[str] = (),
) -> Change:
    name, what, before, after, (severity, reason) = difference
    return Change(kind, name, tuple(versions), what, before, after, severity.word, reason)


def _text_only() -> Change:
    verdict = Verdict(Severity.COMPATIBLE, "nothing that a request could meet")
    return _change("table", _Difference("table", "changed", "", "", verdict))
