"""Time zones of calendar quotas: the host works them out, and the edge needs no database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cli.compile_table import TableErrors, load_table
from cli.zones import offsets_of
from contract.limiting.calendar import period_index
from limiting.compile import limit_of
from limiting.settings import RateLimitSettings

TABLE = """
versions: { default: v1, supported: { v1: {} } }
services: { data: { binding: DATA } }
rate_limits: { few: { quota: 2, by: address, algorithm: calendar, period: day, time_zone: %s } }
routes:
  - { name: a, path: /a, methods: [GET], versions: [v1], service: data, access: public,
      rate_limit: few }
"""


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/Santiago", "Asia/Kolkata", "UTC"])
def test_offsets_are_those_of_the_zone(name: str) -> None:
    zone, offsets = ZoneInfo(name), offsets_of(name)
    time = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    while time.year < 2031:
        day = time.astimezone(zone).date()
        index = period_index("day", offsets, time.timestamp())
        # On a day on which clocks are set back over midnight it has begun already.
        assert index - (day.toordinal() - 719163) in (0, 1)
        if name != "America/Santiago":
            assert index == day.toordinal() - 719163
        time += timedelta(hours=7)
    assert len(offsets) == (1 if name in ("Asia/Kolkata", "UTC") else 31)


def test_a_table_is_compiled_with_the_zones_that_it_names(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(TABLE % "Europe/Berlin")
    table = load_table(path)
    assert table.compiled_zones == {"Europe/Berlin": offsets_of("Europe/Berlin")}
    path.write_text(TABLE % "UTC")
    assert load_table(path).compiled_zones is None


@pytest.mark.parametrize(("text", "message"), [
    (TABLE % "Europe/Atlantis", "there is no time zone `Europe/Atlantis`"),
    (TABLE % "UTC" + "compiled_zones: {}\n", "written by the gateway"),
])  # fmt: skip
def test_what_a_file_cannot_say(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(text)
    with pytest.raises(TableErrors) as wrong:
        load_table(path)
    assert message in str(wrong.value.errors)


def test_a_table_that_was_compiled_without_its_zone_is_not_taken() -> None:
    settings = RateLimitSettings(
        quota=1, by="route", algorithm="calendar", period="day", time_zone="Asia/Tokyo"
    )
    with pytest.raises(ValueError, match="Asia/Tokyo"):
        limit_of(settings, {})
    assert limit_of(settings, {"Asia/Tokyo": ((0, 32400),)}).offsets == ((0, 32400),)
