"""Days and months of time zones, against the zone database that the host has."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from contract.limiting.calendar import period_end, period_index
from contract.limiting.limit import Period


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


HOUR = 3600
BERLIN = ((0, HOUR), (int(at("2026-03-29T01:00")), 2 * HOUR), (int(at("2026-10-25T01:00")), HOUR))
# Beirut's clocks went forward from 00:00 to 01:00, and back from 00:00 to 23:00.
BEIRUT = (
    (0, 2 * HOUR),
    (int(at("2026-03-28T22:00")), 3 * HOUR),
    (int(at("2026-10-24T21:00")), 2 * HOUR),
)
# St John's clocks went back from 00:01 to 23:01: the next day had begun, and did not end again.
ST_JOHNS = ((0, -9000), (int(at("2010-11-07T02:31")), -12600))

ENDS: list[tuple[Period, tuple[tuple[int, int], ...], str, str]] = [
    # period, zone, a time, the end of its period (all UTC)
    ("day", (), "2026-05-01T00:00", "2026-05-02T00:00"),
    ("day", (), "2026-05-01T23:59:59", "2026-05-02T00:00"),
    ("month", (), "2026-12-31T12:00", "2027-01-01T00:00"),
    ("month", (), "2028-02-28T12:00", "2028-03-01T00:00"),
    ("day", ((0, -5 * HOUR),), "2026-05-01T04:59", "2026-05-01T05:00"),
    ("day", BERLIN, "2026-03-28T23:30", "2026-03-29T22:00"),  # 23 hours
    ("day", BERLIN, "2026-10-24T22:00", "2026-10-25T23:00"),  # 25 hours
    ("month", BERLIN, "2026-03-15T00:00", "2026-03-31T22:00"),
    ("month", BERLIN, "2026-10-15T00:00", "2026-10-31T23:00"),
    ("day", BEIRUT, "2026-03-28T12:00", "2026-03-28T22:00"),  # there is no midnight
    ("day", BEIRUT, "2026-10-24T12:00", "2026-10-24T22:00"),  # 23:00 comes twice, 00:00 once
    ("day", ST_JOHNS, "2010-11-06T12:00", "2010-11-07T02:30"),
    ("day", ST_JOHNS, "2010-11-07T02:30", "2010-11-08T03:30"),
    ("day", ST_JOHNS, "2010-11-07T02:31", "2010-11-08T03:30"),  # they show the day before
]  # fmt: skip


@pytest.mark.parametrize(("period", "offsets", "time", "end"), ENDS)
def test_when_a_period_ends(
    period: Period, offsets: tuple[tuple[int, int], ...], time: str, end: str
) -> None:
    found = period_end(period, offsets, at(time))
    assert datetime.fromtimestamp(found, UTC).isoformat()[:-6].removesuffix(":00") == end
    index = period_index(period, offsets, at(time))
    assert period_index(period, offsets, found - 1) == index
    assert period_index(period, offsets, found) == index + 1
    assert period_index(period, offsets, found + 2 * HOUR) == index + 1


@pytest.mark.parametrize("begun", [0, 1, 59, 60, 1800], ids="{} s into the next".format)
@pytest.mark.parametrize("back", [1, 30, 3600])
@pytest.mark.parametrize("period", ["day", "month"])
def test_clocks_that_are_set_back_over_midnight_do_not_bring_a_period_again(
    period: Period, back: int, begun: int
) -> None:
    """A count that began with the period goes on, and has one end."""
    midnight = int(at("2026-05-01T00:00"))
    offsets = ((0, HOUR), (midnight - HOUR + begun, HOUR - back))
    # Set back at midnight itself they have not shown it yet.
    begins = midnight - HOUR + (0 if begun else back)
    times = [begins + seconds for seconds in (-7200, -3601, -31, -1, 0, 1, 31, 61, 3601, 7200)]
    found = [period_index(period, offsets, time) for time in times]
    assert found == [found[0]] * 4 + [found[0] + 1] * 6
    ends = [period_end(period, offsets, time) for time in times]
    assert ends[:4] == [begins] * 4
    assert len(set(ends[4:])) == 1


def test_the_days_of_a_year_are_those_of_the_zone() -> None:
    zone = ZoneInfo("Europe/Berlin")
    time = datetime(2026, 1, 1, tzinfo=UTC)
    while time.year == 2026:
        local = time.astimezone(zone)
        day = local.date().toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
        assert period_index("day", BERLIN, time.timestamp()) == day
        month = period_index("month", BERLIN, time.timestamp())
        assert (month // 12 + 1970, month % 12 + 1) == (local.year, local.month)
        time += timedelta(hours=1)
