"""Days and months of a time zone, from its offsets alone: workerd's Python has no zone database.

Time zones are worked out on the host, when a table is compiled (`cli/zones.py`). A day begins when
the clocks of the zone first show its date: where they are set back over midnight it has begun
already, and where they are set forward over midnight it begins at that moment.
"""

from bisect import bisect_right
from datetime import date
from typing import Final

from contract.limiting.limit import Period

Offsets = tuple[tuple[int, int], ...]
"""From when on (Unix seconds) local time is how many seconds ahead of UTC, in order."""

_DAY: Final = 86400
_EPOCH: Final = date(1970, 1, 1).toordinal()
_JANUARY_1970: Final = 1970 * 12


def period_index(period: Period, offsets: Offsets, now: float) -> int:
    """The number of the day or month at `now`; each has the next number, but it may be skipped."""
    return _index(period, int(_shown(offsets, now) // _DAY))


def period_end(period: Period, offsets: Offsets, now: float) -> float:
    """The time at which the day or month of `now` is over."""
    day = int(_shown(offsets, now) // _DAY)
    midnight = _next_day(period, day) * _DAY
    place = max(0, bisect_right(offsets, now, key=_start) - 1)
    for number in range(place, max(place + 1, len(offsets))):
        begins = max(now, offsets[number][0]) if number > place else now
        offset = offsets[number][1] if offsets else 0
        if begins + offset >= midnight:
            return begins
        end = midnight - offset
        if number + 1 >= len(offsets) or end < offsets[number + 1][0]:
            return float(end)
    raise AssertionError("the last offset has no end")


def _shown(offsets: Offsets, now: float) -> float:
    """The latest local time that clocks have shown, in seconds since 1970 as if it were UTC."""
    if not offsets:
        return now
    place = max(0, bisect_right(offsets, now, key=_start) - 1)
    start, offset = offsets[place]
    shown = now + offset
    # Clocks that were set back have shown what was before that.
    return max(shown, start + offsets[place - 1][1] - 1) if place else shown


def _index(period: Period, day: int) -> int:
    if period == "day":
        return day
    on = date.fromordinal(_EPOCH + day)
    return on.year * 12 + on.month - 1 - _JANUARY_1970


def _next_day(period: Period, day: int) -> int:
    """The first day of the next period, counted from 1970."""
    if period == "day":
        return day + 1
    on = date.fromordinal(_EPOCH + day)
    year, month = (on.year + 1, 1) if on.month == 12 else (on.year, on.month + 1)
    return date(year, month, 1).toordinal() - _EPOCH


def _start(offset: tuple[int, int]) -> int:
    return offset[0]
