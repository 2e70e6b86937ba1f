"""Every hostile file is refused with a message, within its budget of time and memory."""

from pathlib import Path

import pytest

from tests.hostile import MEGABYTES, SECONDS, Hostile, check, files, large_table


@pytest.mark.parametrize("hostile", list(files()), ids=lambda hostile: hostile.name)
def test_a_hostile_file_is_refused_within_the_budget(tmp_path: Path, hostile: Hostile) -> None:
    refusal = check(hostile.make(tmp_path))
    assert hostile.message in refusal.output
    assert refusal.status == 1
    assert "Traceback" not in refusal.output
    assert len(refusal.output) < 100_000
    assert refusal.seconds < SECONDS
    assert refusal.megabytes < MEGABYTES


def test_a_large_table_is_not_hostile(tmp_path: Path) -> None:
    checked = check(large_table(tmp_path))
    assert checked.output.endswith("ok (1 version, 1 service, 10000 routes, 21 files)\n")
    assert checked.status == 0
    assert checked.megabytes < MEGABYTES
