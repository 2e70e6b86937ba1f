"""Checks of `versions`: names that exist, dates in their order, and a way to name a version."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from routing.check.finding import Finding, Path, known
from routing.table import Table, VersionSettings

_TAKEN: Final = frozenset({"accept", "authorization", "connection", "cookie", "host"})
"""Header fields that mean something else already."""


def check_versions(table: Table) -> Iterator[Finding]:
    """What is wrong with the versions."""
    supported = table.versions.supported
    at: Path = ("versions", "default")
    yield from known(table.versions.default, supported, "version", at)
    default = supported.get(table.versions.default)
    if default is not None and default.preview is not None:
        yield Finding(at, "the default version cannot be a preview: nobody asked for it by name")
    yield from _check_selectors(table)
    released: dict[date, str] = {}
    for name, version in supported.items():
        at = ("versions", "supported", name)
        yield from _check_version(table, name, version, at)
        if version.released is not None and version.preview is None:
            first = released.setdefault(version.released, name)
            if first != name:
                yield Finding((*at, "released"), f"`{first}` was released on this date already")


def _check_selectors(table: Table) -> Iterator[Finding]:
    select = table.versions.select
    at: Path = ("versions", "select")
    others = (select.header, select.media_type, select.query)
    if not select.path and not any(others) and len(table.versions.supported) > 1:
        yield Finding(at, "no part of a request can name a version; leave one of the ways on")
    if select.header is not None and select.header.lower() in _TAKEN:
        yield Finding((*at, "header"), f"the field {select.header} has another meaning")


def _check_version(
    table: Table, name: str, version: VersionSettings, at: Path
) -> Iterator[Finding]:
    if version.successor is not None:
        yield from known(version.successor, table.versions.supported, "version", (*at, "successor"))
        if version.successor == name:
            yield Finding((*at, "successor"), "a version cannot succeed itself")
    for member, moment in (("deprecated", version.deprecated), ("sunset", version.sunset)):
        if moment is not None and moment.tzinfo is None:
            yield Finding((*at, member), "expected a time zone, such as 2026-06-01T00:00:00Z")
    if _is_before(version.sunset, version.deprecated):
        yield Finding((*at, "sunset"), "the sunset cannot be before the deprecation (RFC 9745)")
    if version.after_sunset != "serve" and version.sunset is None:
        yield Finding((*at, "after_sunset"), "the version has no `sunset` after which to do this")
    if version.after_sunset == "redirect" and version.successor is None:
        yield Finding((*at, "after_sunset"), "a redirect needs a `successor` to go to")


def _is_before(one: datetime | None, other: datetime | None) -> bool:
    """False where one is missing or has no time zone to compare by."""
    if one is None or other is None or one.tzinfo is None or other.tzinfo is None:
        return False
    return one < other
