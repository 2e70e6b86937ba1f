"""The ways in which a request can name a version, as two tables have them."""

from collections.abc import Sequence
from typing import NamedTuple

from routing.table import Table


class Naming(NamedTuple):
    """What names the version: the beginning of the path, header fields, a part of the query."""

    prefix: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    query: str = ""


def namings(version: str | None, tables: Sequence[Table]) -> list[Naming]:
    """Every way to name `version` in any of `tables`, the path first; one that names none where
    it is the default."""
    if version is None:
        return [Naming()]
    found: dict[Naming, None] = {}
    number = version[1:]
    for select in (table.versions.select for table in tables):
        if select.path:
            found[Naming(f"/{version}")] = None
    for table in tables:
        select = table.versions.select
        settings = table.versions.supported.get(version)
        if select.header is not None:
            header = select.header.lower()
            found[Naming(headers=((header, version),))] = None
            if settings is not None and settings.released is not None:
                found[Naming(headers=((header, settings.released.isoformat()),))] = None
        if select.media_type is not None:
            accept = f"{select.media_type}; version={number}"
            found[Naming(headers=(("accept", accept),))] = None
        if select.query is not None:
            found[Naming(query=f"{select.query}={number}")] = None
        if table.versions.default == version:
            found[Naming()] = None
    return list(found)


def conflicts(version: str | None, tables: Sequence[Table]) -> list[Naming]:
    """A path that names `version` and a header field that names another, or one that is not."""
    if version is None:
        return []
    found: dict[Naming, None] = {}
    for table in tables:
        select = table.versions.select
        if select.path and select.header is not None:
            others = [name for name in table.versions.supported if name != version][:1]
            for other in (*others, "v9999"):
                found[Naming(f"/{version}", ((select.header.lower(), other),))] = None
    return list(found)
