"""Fills a Worker's `python_modules/`: the SDK, its packages, and the contract that Workers share.

The folder is compared file by file and only what differs is written, each file whole. So it may run
while a Worker runs, several times at once, and costs next to nothing when there is nothing to do.
"""

import zipfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from runtime.files import only_one, write_whole
from runtime.toolchain import ROOT
from runtime.wheels import wheel

EVERYWHERE = ("workers-runtime-sdk", "msgspec")
"""Packages of every Worker: the start-up snapshot holds them, so none may lack them."""

_CONTRACT = ROOT / "contract"
# Type stubs and metadata are of no use at the edge; what is uploaded should be what runs.
_LEFT_OUT = (".pyi", "py.typed")


def vendor(worker: Path) -> bool:
    """Fill `python_modules/` beside the wrangler.toml in `worker`. True if anything changed."""
    target = worker / "python_modules"
    wanted = {**_packages(EVERYWHERE), **_contract()}
    with only_one("vendor"):
        changed = [write_whole(target / name, content) for name, content in wanted.items()]
        removed = _remove_others(target, wanted.keys())
    return any(changed) or removed


@cache
def _packages(packages: Iterable[str]) -> Mapping[str, bytes]:
    contents = {}
    for package in packages:
        with zipfile.ZipFile(wheel(package)) as archive:
            for name in archive.namelist():
                if ".dist-info/" not in name and not name.endswith(("/", *_LEFT_OUT)):
                    contents[name] = archive.read(name)
    return contents


def _contract() -> Mapping[str, bytes]:
    sources = _CONTRACT.rglob("*.py")
    return {
        f"contract/{path.relative_to(_CONTRACT).as_posix()}": path.read_bytes() for path in sources
    }


def _remove_others(target: Path, wanted: Iterable[str]) -> bool:
    """Remove files of packages that were vendored once. Bytecode beside them goes too."""
    keep = {target / name for name in wanted}
    others = [path for path in target.rglob("*") if path.is_file() and path not in keep]
    for path in others:
        path.unlink(missing_ok=True)
    return bool(others)
