"""The routes of two tables, version by version: those that are not the same in both come first."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from cli.diff.documents import Documents, documents, merged
from routing.changes import VersionedRoutes
from routing.table import AccessSettings, RouteSettings, Table


class Known(NamedTuple):
    """A route as at least one of the tables has it in a version."""

    settings: RouteSettings
    documents: Documents


class OfVersion(NamedTuple):
    """The routes of a version in both tables."""

    version: str | None
    routes: Sequence[Known]

    def documents_of(self, name: str) -> Documents:
        """What the transforms of the route `name` look at, in both tables."""
        return merged([one.documents for one in self.routes if one.settings.name == name])

    def scopes_of(self, name: str) -> list[str]:
        """Scopes that the route `name` asks for in either table."""
        accesses = [one.settings.access for one in self.routes if one.settings.name == name]
        return [
            scope
            for access in accesses
            if isinstance(access, AccessSettings)
            for scope in access.scopes
        ]


def routes_of(a: Table, b: Table) -> Iterator[OfVersion]:
    """Each version of either table, those without a version last."""
    tables = [(table, VersionedRoutes(table)) for table in (a, b)]
    for version in (*dict.fromkeys((*a.versions.supported, *b.versions.supported)), None):
        found: dict[bytes, list[Known]] = {}
        for table, versioned in tables:
            if version is not None and version not in table.versions.supported:
                continue
            for route in versioned.of(version):
                chain = [table.transforms[name] for name in route.transforms]
                key = msgspec.json.encode((route.settings, chain))
                found.setdefault(key, []).append(Known(route.settings, documents(chain)))
        different = [both[0] for both in found.values() if len(both) == 1]
        same = [both[0] for both in found.values() if len(both) > 1]
        yield OfVersion(version, [*different, *same])


def scopes_of(a: Table, b: Table) -> list[str]:
    """Every scope that any route or version asks for."""
    scopes: set[str] = set()
    for table in (a, b):
        for route in table.routes:
            if isinstance(route.access, AccessSettings):
                scopes.update(route.access.scopes)
        for version in table.versions.supported.values():
            scopes.update([version.preview] if version.preview else [])
    return sorted(scopes)
