"""The hash-locked wheels that are vendored into Workers, for Pyodide's WebAssembly platform."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from runtime.files import only_one
from runtime.toolchain import BUILT, ROOT, ToolchainError

LOCK = ROOT / "requirements" / "worker.txt"

# What the Pyodide of package.json is: CPython 3.14 and this edition of the Emscripten platform.
_PLATFORM = (
    *("--python-version", "3.14", "--implementation", "cp", "--abi", "cp314"),
    *("--platform", "pyemscripten_2026_0_wasm32"),
)


def wheels() -> list[Path]:
    """All wheels of the lock, downloaded if this is the first time."""
    key = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    folder = BUILT / "wheels" / key
    if not folder.exists():
        with only_one("wheels"):
            if not folder.exists():
                _download(folder)
    return sorted(folder.glob("*.whl"))


def wheel(package: str) -> Path:
    """The wheel of one package by its name on PyPI. Raises `ToolchainError` if it is not locked."""
    prefix = package.lower().replace("-", "_") + "-"
    for path in wheels():
        if path.name.lower().startswith(prefix):
            return path
    raise ToolchainError(f"{package} is not in {LOCK.relative_to(ROOT)}")


def _download(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(dir=folder.parent))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
    command += ["--only-binary=:all:", "--require-hashes", *_PLATFORM]
    command += ["--dest", str(target), "--requirement", str(LOCK)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        shutil.rmtree(target)
        raise ToolchainError(f"pip could not fetch the Workers' packages:\n{run.stderr.strip()}")
    target.rename(folder)
