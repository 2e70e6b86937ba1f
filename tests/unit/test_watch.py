"""Noticing changes: which files count, and that many writes are one change."""

import os
from pathlib import Path

import pytest

from runtime.watch import Watch


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(0, hash(text) % 10**9))


@pytest.mark.parametrize(
    ("path", "noticed"),
    [
        ("worker.py", True),
        ("deep/er/module.py", True),
        ("migrations/0001.sql", True),
        ("wrangler.toml", True),
        (".dev.vars", True),
        ("README.md", False),
        ("compiled_routes.py", False),
        ("python_modules/msgspec/__init__.py", False),
        ("__pycache__/module.py", False),
    ],
)
def test_files_that_count(tmp_path: Path, path: str, noticed: bool) -> None:
    watch = Watch([], [tmp_path])
    write(tmp_path / path, "new")
    answers = [watch.changes() for _ in range(2)]
    assert answers[-1] == ({tmp_path / path} if noticed else set())


def test_changes_wait_until_writing_has_ended(tmp_path: Path) -> None:
    table = tmp_path / "routes.yaml"
    write(table, "one")
    watch = Watch([table], [])
    write(table, "two")
    assert watch.changes() == set()
    write(table, "three")
    assert watch.changes() == set()
    assert watch.changes() == {table}
    assert watch.changes() == set()


def test_a_removed_file_is_a_change(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    write(module, "")
    watch = Watch([], [tmp_path])
    module.unlink()
    assert [watch.changes(), watch.changes()] == [set(), {module}]


def test_files_that_come_later_are_a_change(tmp_path: Path) -> None:
    files = [tmp_path / "routes.yaml"]
    write(files[0], "")
    watch = Watch(files, [])
    write(tmp_path / "part.yaml", "")
    files.append(tmp_path / "part.yaml")
    assert [watch.changes(), watch.changes()] == [set(), {tmp_path / "part.yaml"}]


def test_a_folder_that_goes_away_is_a_change(tmp_path: Path) -> None:
    folder = tmp_path / "services" / "greet"
    write(folder / "worker.py", "")
    watch = Watch([], [folder])
    (folder / "worker.py").unlink()
    folder.rmdir()
    assert [watch.changes(), watch.changes()] == [set(), {folder / "worker.py"}]
