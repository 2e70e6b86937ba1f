"""The secrets of this machine: random, private, made once, and of the forms that are documented."""

import base64
import stat
from pathlib import Path

import pytest

from runtime import dev_vars

EXAMPLE = "# Comment = kept\nENVIRONMENT=development\nSIGNING_KEY=\nDEMO_API_KEY=\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".dev.vars.example").write_text(EXAMPLE, encoding="utf-8")
    monkeypatch.setattr(dev_vars, "_FOLDERS", (tmp_path,))
    return tmp_path


def read(folder: Path) -> dict[str, str]:
    lines = (folder / ".dev.vars").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_empty_values_become_secrets(folder: Path) -> None:
    assert dev_vars.make_dev_vars() == [folder / ".dev.vars"]
    values = read(folder)
    assert values["ENVIRONMENT"] == "development"
    assert len(base64.urlsafe_b64decode(values["SIGNING_KEY"] + "=")) == 32
    assert values["DEMO_API_KEY"].startswith("gk_demo_")


def test_only_the_owner_reads_them(folder: Path) -> None:
    dev_vars.make_dev_vars()
    assert stat.S_IMODE((folder / ".dev.vars").stat().st_mode) == 0o600


def test_they_are_made_once(folder: Path) -> None:
    dev_vars.make_dev_vars()
    before = read(folder)
    assert dev_vars.make_dev_vars() == []
    assert read(folder) == before


def test_two_machines_have_different_ones(folder: Path) -> None:
    dev_vars.make_dev_vars()
    before = read(folder)
    (folder / ".dev.vars").unlink()
    dev_vars.make_dev_vars()
    assert read(folder)["SIGNING_KEY"] != before["SIGNING_KEY"]
