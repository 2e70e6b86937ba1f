"""OWASP A06:2021 Vulnerable and Outdated Components: what runs is what was locked, and no more.

In the list of 2025 it is A03, Software Supply Chain Failures. No request shows this but one: that
no answer names software and its version (test_api08, tests/worker/test_security_headers.py). The
rest is in the lock files, and `make audit` holds those against what is known (runtime/audit.py).
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from runtime import audit
from runtime.toolchain import ROOT

LOCKS = {"dev": ROOT / "requirements/dev.txt", "worker": ROOT / "requirements/worker.txt"}
PINNED = re.compile(r"([a-z0-9._-]+)(?:\[[a-z0-9,._-]+\])?==[^\s;]+( ;[^\\]*)? \\$")


def packages() -> dict[str, Any]:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    return {name: package for name, package in lock["packages"].items() if name}


def locked(path: Path) -> dict[str, list[str]]:
    """The hashes of each requirement in a lock file. Raises where a line is neither."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if digest := re.fullmatch(r"--hash=sha256:([0-9a-f]{64})( \\)?", text):
            found[name].append(digest[1])
        else:
            pinned = PINNED.fullmatch(text)
            assert pinned, f"{path.name}: not pinned: {text}"
            name = pinned[1]
            found.setdefault(name, [])
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_python_package_has_one_version_and_its_hashes(name: str) -> None:
    """pip takes no file whose hash is not there: `--require-hashes`."""
    requirements = locked(LOCKS[name])
    assert len(requirements) >= 2
    assert [package for package, hashes in requirements.items() if not hashes] == []


@pytest.mark.parametrize("name", LOCKS)
def test_everything_that_is_asked_for_is_locked(name: str) -> None:
    text = (ROOT / f"requirements/{name}.in").read_text(encoding="utf-8")
    asked = {
        match[0].lower()
        for line in text.splitlines()
        if (match := re.match(r"[A-Za-z0-9._-]+", line))
    }
    assert asked
    assert asked - locked(LOCKS[name]).keys() == set()


def test_nothing_is_installed_past_the_locks() -> None:
    for file in ("runtime/install.py", "runtime/wheels.py"):
        assert "--require-hashes" in (ROOT / file).read_text(encoding="utf-8")
    assert "*npm(), 'ci'" in (ROOT / "runtime/install.py").read_text(encoding="utf-8")


def test_every_npm_package_has_one_version_and_its_hash() -> None:
    """Builds for other systems among them, which `npm ci` here leaves out and elsewhere takes."""
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    direct = {**wanted["dependencies"], **wanted["devDependencies"]}
    exact = re.compile(r"\d+\.\d+\.\d+(-[a-z0-9.]+)?")
    assert [name for name, version in direct.items() if not exact.fullmatch(version)] == []
    lock = packages()
    assert {name: lock[f"node_modules/{name}"]["version"] for name in direct} == direct
    hashes = {name: package.get("integrity", "") for name, package in lock.items()}
    assert [name for name, digest in hashes.items() if not digest.startswith("sha512-")] == []


def test_no_lock_names_a_registry_of_ours() -> None:
    for path in (*LOCKS.values(), ROOT / "package-lock.json"):
        text = path.read_text(encoding="utf-8")
        assert "--index-url" not in text
        hosts = set(re.findall(r"https?://([^/\"\s]+)/[^\"\s]*\.tgz", text))
        assert hosts <= {"registry.npmjs.org"}


def test_make_audit_looks_at_every_lock(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a weakness in one of them fails it; what could not be audited is not taken for good."""
    assert re.search(
        r"^audit:.*\n\t@.*-m runtime\.audit$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    monkeypatch.setattr(audit, "_npm", list)
    monkeypatch.setattr(audit, "_pip", lambda lock: ["weak 1.0: CVE-1"] if "worker" in lock else [])
    assert audit.main() == 1
    shown = capsys.readouterr().out
    files = {path.relative_to(ROOT).as_posix() for path in LOCKS.values()} | {"package-lock.json"}
    assert {line.partition(":")[0] for line in shown.splitlines() if ": " in line} >= files
    assert "CVE-1" in shown
