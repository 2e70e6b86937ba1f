"""Vendoring: what a Worker gets, that it costs nothing the second time, and that many may do it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runtime.vendor import vendor


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def worker(tmp_path: Path) -> Path:
    vendor(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("workers/__init__.py", True),
        ("workers/workflows.js", True),
        ("_workers_sdk_patch_loader.pth", True),
        ("msgspec/_core.cpython-314-wasm32-emscripten.so", True),
        ("contract/names.py", True),
        ("jwt/__init__.py", False),
        ("msgspec/__init__.pyi", False),
        ("contract/__pycache__", False),
    ],
)
def test_what_a_worker_gets(worker: Path, path: str, there: bool) -> None:
    assert (worker / "python_modules" / path).exists() == there


def test_the_second_time_nothing_is_written(worker: Path) -> None:
    times = {path: path.stat().st_mtime_ns for path in worker.rglob("*")}
    assert not vendor(worker)
    assert {path: path.stat().st_mtime_ns for path in worker.rglob("*")} == times


def test_what_differs_is_mended_and_what_is_strange_goes(worker: Path) -> None:
    folder = worker / "python_modules"
    good = contents(folder)
    (folder / "contract" / "names.py").write_text("changed")
    (folder / "contract" / "renamed_since.py").write_text("")
    (folder / "msgspec" / "json.py").unlink()
    assert vendor(worker)
    assert contents(folder) == good


def test_several_at_once_give_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(vendor, [tmp_path] * 4))
    vendored = contents(tmp_path / "python_modules")
    assert not vendor(tmp_path)
    assert contents(tmp_path / "python_modules") == vendored
