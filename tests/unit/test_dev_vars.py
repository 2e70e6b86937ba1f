"""The secrets of this machine: random, private, made once, and of the forms that are documented."""

import stat
from pathlib import Path

import pytest

from contract.identity import parse_public_keys, parse_signing_set
from identity.tokens import parse_signing_keys
from runtime import dev_vars

EXAMPLE = "# Comment = kept\nENVIRONMENT=development\nSIGNING_KEYS=\nDEMO_API_KEY=\n"
OF_GATEWAY = "IDENTITY_KEYS=\n"
OF_SERVICE = "IDENTITY_ISSUER=edge-gateway/development\nIDENTITY_JWKS=\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".dev.vars.example").write_text(EXAMPLE, encoding="utf-8")
    monkeypatch.setattr(dev_vars, "_FOLDERS", (tmp_path,))
    return tmp_path


def read(folder: Path) -> dict[str, str]:
    lines = (folder / ".dev.vars").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_empty_values_become_secrets(folder: Path) -> None:
    assert dev_vars.make_dev_vars() == [folder / ".dev.vars"]
    values = read(folder)
    assert values["ENVIRONMENT"] == "development"
    (key,) = parse_signing_keys(values["SIGNING_KEYS"])
    assert key.can_sign
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
    assert read(folder)["SIGNING_KEYS"] != before["SIGNING_KEYS"]


def test_an_older_file_gets_what_it_lacks_and_keeps_what_it_has(folder: Path) -> None:
    old = "ENVIRONMENT=staging\nSIGNING_KEY=old\nDEMO_API_KEY="
    (folder / ".dev.vars").write_text(old, encoding="utf-8")
    assert dev_vars.make_dev_vars() == []
    values = read(folder)
    assert (values["ENVIRONMENT"], values["DEMO_API_KEY"]) == ("staging", "")
    assert parse_signing_keys(values["SIGNING_KEYS"])
    before = (folder / ".dev.vars").read_text(encoding="utf-8")
    dev_vars.make_dev_vars()
    assert (folder / ".dev.vars").read_text(encoding="utf-8") == before


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The gateway's folder and that of a service."""
    folders = (tmp_path / "gateway", tmp_path / "service")
    for folder, example in zip(folders, (OF_GATEWAY, OF_SERVICE), strict=True):
        folder.mkdir()
        (folder / ".dev.vars.example").write_text(example, encoding="utf-8")
    monkeypatch.setattr(dev_vars, "_FOLDERS", folders)
    return folders


def fits(both: tuple[Path, Path]) -> bool:
    """Whether the service verifies what the gateway signs."""
    gateway, service = (read(folder) for folder in both)
    (private,) = parse_signing_set(gateway["IDENTITY_KEYS"], "IDENTITY_KEYS")
    (public,) = parse_public_keys(service["IDENTITY_JWKS"], "IDENTITY_JWKS")
    return (private.id, private.public) == (public.id, public.public)


def test_services_get_the_public_part_of_the_gateways_keys(both: tuple[Path, Path]) -> None:
    dev_vars.make_dev_vars()
    assert fits(both)


def test_public_keys_follow_the_gateways(both: tuple[Path, Path]) -> None:
    dev_vars.make_dev_vars()
    (both[0] / ".dev.vars").unlink()
    dev_vars.make_dev_vars()
    assert fits(both)
    assert read(both[1])["IDENTITY_ISSUER"] == "edge-gateway/development"


def test_without_keys_the_public_ones_stay(both: tuple[Path, Path]) -> None:
    dev_vars.make_dev_vars()
    before = read(both[1])
    (both[0] / ".dev.vars").write_text("IDENTITY_KEYS=\n", encoding="utf-8")
    dev_vars.make_dev_vars()
    assert read(both[1]) == before
