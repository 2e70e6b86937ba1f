"""Checks of `changes`: a chain of versions without circles, routes that exist, claims that hold."""

from collections.abc import Iterator

import msgspec

from routing.changes import VersionedRoutes, without_types
from routing.check.finding import Finding, Path, known
from routing.paths import PathTemplate
from routing.table import ChangeSettings, Table
from transforms.roundtrip import counterexample


def check_changes(table: Table) -> Iterator[Finding]:
    """What is wrong with the version changes."""
    names: dict[str, int] = {}
    sources: dict[str, str] = {}
    for position, change in enumerate(table.changes):
        at: Path = ("changes", position)
        if names.setdefault(change.name, position) != position:
            taken = f"the name `{change.name}` is taken by changes[{names[change.name]}]"
            yield Finding((*at, "name"), taken)
        first = sources.setdefault(change.source, change.name)
        if first != change.name:
            yield Finding((*at, "from"), f"`{first}` already leads from {change.source} on")
        yield from _check_change(table, change, at)
    if is_circular(table):
        yield Finding(("changes",), "the changes go round in circles")
        return
    versioned = VersionedRoutes(table)
    for position, change in enumerate(table.changes):
        yield from _check_routes(table, versioned, change, ("changes", position))


def is_circular(table: Table) -> bool:
    """Whether following the changes from some version never ends."""
    following = {change.source: change.target for change in table.changes}
    for start in following:
        seen = {start}
        version = start
        while version in following:
            version = following[version]
            if version in seen:
                return True
            seen.add(version)
    return False


def _check_change(table: Table, change: ChangeSettings, at: Path) -> Iterator[Finding]:
    supported = table.versions.supported
    yield from known(change.source, supported, "version", (*at, "from"))
    yield from known(change.target, supported, "version", (*at, "to"))
    released = supported[change.target].released if change.target in supported else None
    if released is not None and released != change.date:
        yield Finding(
            (*at, "date"), f"expected {released}, the date on which {change.target} was released"
        )
    for old, new in change.paths.items():
        if set(PathTemplate(old).parameters) != set(PathTemplate(new).parameters):
            yield Finding(
                (*at, "paths", old), "expected the same parameters on both sides of the change"
            )
    for position, entry in enumerate(change.transforms):
        place: Path = (*at, "transforms", position, "transform")
        yield from known(entry.transform, table.transforms, "transform", place)
        if change.lossless and entry.transform in table.transforms:
            yield from _check_claim(table, entry.transform, place)


def _check_claim(table: Table, name: str, at: Path) -> Iterator[Finding]:
    """Whether a body that goes up and comes down again is the same."""
    found = counterexample(table.transforms[name])
    if found is not None:
        before, after = (msgspec.json.encode(document).decode()[:120] for document in found)
        yield Finding(at, f"the change claims to be lossless, but {before} comes back as {after}")


def _check_routes(
    table: Table, versioned: VersionedRoutes, change: ChangeSettings, at: Path
) -> Iterator[Finding]:
    if change.target not in table.versions.supported:
        return
    newer = {route.settings.name: route for route in versioned.of(change.target)}
    own = {route.name for route in table.routes if change.source in route.versions}
    mentioned = [
        (name, (*at, "transforms", position, "routes", place))
        for position, entry in enumerate(change.transforms)
        for place, name in enumerate(entry.routes)
    ]
    added = [(name, (*at, "added", place)) for place, name in enumerate(change.added)]
    for name, where in (*mentioned, *added):
        yield from known(name, newer, f"route of {change.target} called", where)
    for name, where in mentioned:
        if name in own or name in change.added:
            reason = f"{change.source} has a route of its own" if name in own else "it is `added`"
            yield Finding(where, f"the change does not carry `{name}` to {change.source}: {reason}")
    paths = [
        without_types(route.settings.path or route.settings.path_prefix or "").split("/")
        for route in newer.values()
    ]
    for old, new in change.paths.items():
        beginning = without_types(new).split("/")
        if not any(path[: len(beginning)] == beginning for path in paths):
            yield Finding(
                (*at, "paths", old), f"no route of {change.target} has a path under {new}"
            )
