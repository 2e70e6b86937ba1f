"""Time zones of calendar quotas: their offsets, from the host's zone database, for the edge.

workerd's Python has none (`zoneinfo` is there, its data is not), and needs none: what a table can
meet in its life is a few changes of clocks. They are looked for from a year back to `_YEARS` on; a
table that is older than that goes by the last one.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace

from contract.limiting.calendar import Offsets
from routing.check import Finding
from routing.table import Table

_FIRST: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""Fixed, so that one table compiles to one document."""
_YEARS: Final = 15


def check_zones(table: Table) -> list[Finding]:
    """Time zones that nobody knows, and what only this module may write."""
    findings = []
    if table.compiled_zones is not None:
        findings.append(
            Finding(("compiled_zones",), "this is written by the gateway, not by a file")
        )
    for name, limit in table.rate_limits.items():
        try:
            ZoneInfo(limit.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            message = f"there is no time zone `{limit.time_zone}` in this host's database"
            findings.append(Finding(("rate_limits", name, "time_zone"), message))
    return findings


def with_zones(table: Table) -> Table:
    """The table with the offsets of all time zones that it names, but for UTC."""
    names = {limit.time_zone for limit in table.rate_limits.values()} - {"UTC"}
    if not names:
        return table
    return replace(table, compiled_zones={name: offsets_of(name) for name in sorted(names)})


def offsets_of(name: str) -> Offsets:
    """From when on (Unix seconds) local time is how many seconds ahead of UTC, in order."""
    zone = ZoneInfo(name)
    found = [(0, _offset(zone, _FIRST))]
    day = _FIRST
    while day.year < _FIRST.year + _YEARS:
        following = day + timedelta(days=1)
        if _offset(zone, following) != found[-1][1]:
            change = _first_with(zone, _offset(zone, following), day, following)
            found.append((int(change.timestamp()), _offset(zone, following)))
        day = following
    return tuple(found)


def _first_with(zone: ZoneInfo, offset: int, before: datetime, after: datetime) -> datetime:
    """The first second that has `offset`."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if _offset(zone, middle) == offset:
            after = middle
        else:
            before = middle
    return after


def _offset(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
