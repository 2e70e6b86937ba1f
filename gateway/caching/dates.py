"""HTTP dates in their three formats (RFC 9110, section 5.6.7), as Unix seconds."""

import re
from datetime import UTC, date, datetime
from typing import Final

_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TIME: Final = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_MONTH: Final = f"(?P<month>{'|'.join(_MONTHS)})"
_DAY: Final = f"(?:{'|'.join(_DAYS)})"
_LONG_DAY: Final = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"

_FORMATS: Final = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"{_DAY}, (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_TIME} GMT",  # IMF-fixdate
        rf"{_LONG_DAY}, (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} GMT",  # RFC 850
        rf"{_DAY} {_MONTH} (?P<day>\d\d| \d) {_TIME} (?P<year>\d{{4}})",  # asctime
    )
)
_EPOCH: Final = date(1970, 1, 1).toordinal()


def parse_date(value: str, now: float) -> float | None:
    """Unix seconds of an HTTP date; None for what is none. `now` tells the century of short years:
    one that would lie more than 50 years ahead is in the past."""
    text = value.strip(" \t")
    for pattern in _FORMATS:
        match = pattern.fullmatch(text)
        if match is not None:
            return _seconds(match, now)
    return None


def format_date(seconds: float) -> str:
    """The IMF-fixdate of Unix seconds, which are cut to whole ones."""
    when = datetime.fromtimestamp(int(seconds), UTC)
    month = _MONTHS[when.month - 1]
    return f"{_DAYS[when.weekday()]}, {when:%d} {month} {when.year:04} {when:%H:%M:%S} GMT"


def _seconds(match: re.Match[str], now: float) -> float | None:
    hour, minute, second = (int(match[name]) for name in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 60:  # 60 is a leap second
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:
        this_year = datetime.fromtimestamp(now, UTC).year
        year += this_year // 100 * 100
        if year > this_year + 50:
            year -= 100
    try:
        day = date(year, _MONTHS.index(match["month"]) + 1, int(match["day"])).toordinal()
    except ValueError:
        return None
    return float((day - _EPOCH) * 86400 + hour * 3600 + minute * 60 + second)
