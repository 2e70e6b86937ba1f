"""The routes of every version: those that it has itself, and those that version changes give it.

A change says how one version became the next. So a route is written once, for the newest version
that has it, and is offered in each older one under the path that it had there, behind the
transforms of all changes in between.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from routing.table import ChangeSettings, RouteSettings, Table
from schema.settings import ValidateSettings


class Validation(NamedTuple):
    """What requests of a route are checked against, and in whose words.

    It is what is said next to the client: by the first change on the way that says something for
    the route, or else by the route itself.
    """

    owner: str
    """Who says it: the route, or `change:route`."""
    settings: ValidateSettings
    behind: int
    """The transforms that a request has gone through by then."""


class VersionedRoute(NamedTuple):
    """A route as one version has it."""

    settings: RouteSettings
    """As in the table, but with the path of this version, and `upstream_path` spelled out."""
    version: str | None
    """None for a route that is reached without a version."""
    changes: tuple[str, ...]
    """Names of the version changes that its requests go through, on the client's side first."""
    transforms: tuple[str, ...]
    """Names of the transforms that its requests go through, its own one last."""
    position: int
    """Its place in the table."""
    validation: Validation | None = None


class VersionedRoutes:
    """Works out the routes of a version when they are asked for, and remembers them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._by_source: Mapping[str, ChangeSettings] = {
            change.source: change for change in table.changes
        }
        self._known: dict[str | None, tuple[VersionedRoute, ...]] = {}

    def of(self, version: str | None) -> Sequence[VersionedRoute]:
        """The routes of `version` in the order of the table; those without a version for None.

        The table's changes must not go round in circles: `routing.check` sees to that.
        """
        known = self._known.get(version)
        if known is None:
            known = self._known[version] = self._work_out(version)
        return known

    def _work_out(self, version: str | None) -> tuple[VersionedRoute, ...]:
        routes = [
            _own(settings, version, position)
            for position, settings in enumerate(self._table.routes)
            if (version in settings.versions if version is not None else not settings.versions)
        ]
        change = self._by_source.get(version) if version is not None else None
        if change is not None:
            own = {route.settings.name for route in routes}
            left_out = own | set(change.added)
            carry = _Carry(change)
            routes += [
                carry(route)
                for route in self.of(change.target)
                if route.settings.name not in left_out
            ]
            routes.sort(key=lambda route: route.position)
        return tuple(routes)


def change_owner(change: str, route: str) -> str:
    """The owner of what a change says about a route."""
    return f"{change}:{route}"


def _own(settings: RouteSettings, version: str | None, position: int) -> VersionedRoute:
    public = settings.path or settings.path_prefix
    if settings.upstream_path is None and public is not None:
        settings = replace(settings, upstream_path=without_types(public))
    transforms = (settings.transform,) if settings.transform is not None else ()
    validation = None
    if settings.validate is not None:
        validation = Validation(settings.name, settings.validate, 0)
    return VersionedRoute(settings, version, (), transforms, position, validation)


class _Carry:
    """Brings routes of the newer version of `change` to the older one."""

    def __init__(self, change: ChangeSettings) -> None:
        self._change = change
        # The longest beginning that fits decides.
        self._paths = sorted(
            ((_segments(without_types(new)), _segments(old)) for old, new in change.paths.items()),
            key=lambda entry: len(entry[0]),
            reverse=True,
        )
        self._transforms: dict[str, list[str]] = {}
        for entry in change.transforms:
            for name in entry.routes:
                self._transforms.setdefault(name, []).append(entry.transform)

    def __call__(self, route: VersionedRoute) -> VersionedRoute:
        settings = route.settings
        if settings.path is not None:
            settings = replace(settings, path=self._old_path(settings.path))
        elif settings.path_prefix is not None:
            settings = replace(settings, path_prefix=self._old_path(settings.path_prefix))
        own = self._transforms.get(settings.name, ())
        return VersionedRoute(
            settings,
            self._change.source,
            (self._change.name, *route.changes),
            (*own, *route.transforms),
            route.position,
            self._validation(route, len(own)),
        )

    def _validation(self, route: VersionedRoute, own: int) -> Validation | None:
        name, change = route.settings.name, self._change
        if name in change.validate:
            return Validation(change_owner(change.name, name), change.validate[name], 0)
        if route.validation is None:
            return None
        return route.validation._replace(behind=route.validation.behind + own)

    def _old_path(self, path: str) -> str:
        segments = _segments(path)
        bare = _segments(without_types(path))
        for new, old in self._paths:
            if bare[: len(new)] == new:
                # A parameter keeps its type where the old path states none.
                typed = dict(zip(bare, segments, strict=True))
                renamed = [typed.get(segment, segment) for segment in old]
                return "/" + "/".join((*renamed, *segments[len(new) :]))
        return path


def _segments(path: str) -> list[str]:
    return path[1:].split("/")


def without_types(path: str) -> str:
    """`/a/{id:int}` → `/a/{id}`."""
    if ":" not in path:
        return path
    return "/".join(
        segment.partition(":")[0] + "}" if segment.startswith("{") and ":" in segment else segment
        for segment in path.split("/")
    )
