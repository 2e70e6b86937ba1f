"""Installs what is missing: the virtual environment, and locked packages from PyPI and npm.

Run by the system's Python before anything else exists, so it uses the standard library alone. A
step is skipped when it was completed before for the same lock files.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
_DONE = VENV / "installed.json"
_OLDEST = (3, 11)
_NPM = "Installing npm packages"

_NO_VENV = """\
This Python cannot make virtual environments: its `ensurepip` is missing.
On Debian and Ubuntu install the package python3-venv, then run the command again."""


class Failed(Exception):
    """A step went wrong; the text is for whoever runs the command."""


def main() -> int:
    """Install what is missing. Says nothing when nothing is."""
    if sys.version_info < _OLDEST:
        print(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}", file=sys.stderr)
        return 1
    with Path(__file__).open(encoding="utf-8") as own:
        # Two that install into one folder would spoil it; the second one finds nothing left to do.
        fcntl.flock(own, fcntl.LOCK_EX)
        return _install_missing()


def _install_missing() -> int:
    steps: dict[str, tuple[Callable[[], str], Callable[[], None]]] = {
        "Making a virtual environment": (lambda: str(VENV), _make_venv),
        "Installing Python packages and Node": (
            lambda: _hash(["requirements/dev.txt", "pyproject.toml"]),
            _install_python,
        ),
        _NPM: (
            lambda: _hash(["package.json", "package-lock.json", ".npmrc"]),
            _install_npm,
        ),
        "Fetching the Workers' packages": (
            lambda: _hash(["requirements/worker.txt"]),
            lambda: _python("from runtime.wheels import wheels; wheels()"),
        ),
    }
    done = _read_done()
    for title, (key, step) in steps.items():
        if done.get(title) == key():
            continue
        try:
            _with_progress(title, step)
        except Failed as error:
            print(f"{title}: failed\n{error}", file=sys.stderr)
            return 1
        done[title] = key()
        _DONE.write_text(json.dumps(done), encoding="utf-8")
    return 0


def _make_venv() -> None:
    try:
        import ensurepip  # noqa: F401, PLC0415
    except ImportError:
        raise Failed(_NO_VENV) from None
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)])


def _install_python() -> None:
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "--only-binary=:all:", "-r", "requirements/dev.txt"])
    # The packages that this needs for building are among those of the line above.
    _run([*pip, "--no-deps", "--no-build-isolation", "--editable", "."])


def _install_npm() -> None:
    _python(
        "import os, subprocess, sys; from runtime.toolchain import node, npm;"
        "path = f'{node().parent}{os.pathsep}' + os.environ['PATH'];"
        "sys.exit(subprocess.call([*npm(), 'ci', '--loglevel=error'],"
        " env={**os.environ, 'PATH': path}))"
    )


def _python(code: str) -> None:
    _run([str(PYTHON), "-c", code])


def _run(command: list[str]) -> None:
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Failed((run.stdout + run.stderr).strip())


def _hash(names: Iterable[str]) -> str:
    digest = hashlib.sha256(str(PYTHON).encode())
    for name in names:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _read_done() -> dict[str, str]:
    try:
        done = json.loads(_DONE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(done, dict) or not PYTHON.exists():
        return {}
    if not (ROOT / "node_modules").exists():
        done.pop(_NPM, None)
    return done


def _with_progress(title: str, step: Callable[[], None]) -> None:
    """Print the step, a dot every two seconds while it goes on, and how long it took."""
    print(f"{title} ", end="", flush=True)
    finished = threading.Event()

    def tick() -> None:
        while not finished.wait(2):
            print(".", end="", flush=True)

    ticker = threading.Thread(target=tick, daemon=True)
    started = time.monotonic()
    ticker.start()
    try:
        step()
    finally:
        finished.set()
        ticker.join()
        print(f" {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    os.chdir(ROOT)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("stopped; what was installed so far is kept", file=sys.stderr)
        sys.exit(130)
    except OSError as failed:  # a full disk, a folder that may only be read
        print(f"not installed: {failed}", file=sys.stderr)
        sys.exit(1)
