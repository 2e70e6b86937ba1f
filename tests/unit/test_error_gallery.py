"""docs/errors.md shows what the command says today; only the measurements may differ."""

import re
from pathlib import Path

import pytest

from tests.gallery import ROOT, TABLES, section
from tests.hostile import files

PAGE = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
STALE = "run: .venv/bin/python -m tests.gallery > docs/errors.md"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_the_page_shows_what_is_said_about_a_table(table: Path) -> None:
    assert section(table) in PAGE, STALE


def test_the_page_has_every_hostile_file_with_its_cost() -> None:
    rows = re.findall(r"^\| (.+?) \| … (.+?) … \| [0-9.]+ \| [0-9]+ \|$", PAGE, re.MULTILINE)
    assert rows == [(hostile.name, hostile.message) for hostile in files()], STALE


def test_there_are_tables_enough() -> None:
    assert len(TABLES) >= 10
