"""The start-up snapshot: the memory of a Python Worker that has imported what every Worker imports.

workerd loads one snapshot for all its Workers, which makes their start several times faster. It
keeps `sys.modules`; so it is taken from a stub of a name that nobody else has, lest a Worker get
another one's module of the same name.
"""

import hashlib
import logging
import shutil
import tempfile
import urllib.request
from pathlib import Path

from runtime.files import only_one
from runtime.host import Host
from runtime.plan import Plan, Worker
from runtime.pyodide import bundle_key, bundle_options, official
from runtime.toolchain import BUILT, npm_version
from runtime.wheels import LOCK

_log = logging.getLogger(__name__)

_NAME = "snapshot.bin"
_TIMEOUT = 60.0

_MAIN = "edge_gateway_snapshot_stub.py"
_STUB = """\
import msgspec
import workers

import js


def on_fetch(request, env, ctx):
    return js.Response.new("ok")
"""
_CONFIG = f"""\
name = "edge-gateway-snapshot-stub"
main = "src/{_MAIN}"
compatibility_date = "2026-11-17"
compatibility_flags = ["python_workers", "disable_python_no_global_handlers"]
"""


def workerd_options() -> tuple[str, ...]:
    """The options of `workerd serve` that load Python and its snapshot, taken now if need be."""
    bundle = bundle_options()
    if official():
        return bundle
    folder = BUILT / "snapshots" / _key()
    with only_one("snapshot"):
        if not (folder / _NAME).exists():
            _log.info("Taking a start-up snapshot of it (once)")
            _take(folder, bundle)
    load = (f"--python-snapshot-dir={folder}", f"--python-load-snapshot={_NAME}")
    return (*bundle, *load)


def _take(folder: Path, bundle: tuple[str, ...]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(dir=folder.parent))
    stub = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        (stub / "src").mkdir()
        (stub / "src" / _MAIN).write_text(_STUB, encoding="utf-8")
        (stub / "wrangler.toml").write_text(_CONFIG, encoding="utf-8")
        save = ("--python-save-snapshot", f"--python-snapshot-dir={target}")
        plan = Plan(workers=(Worker(config=stub / "wrangler.toml"),))
        host = Host(plan, (*bundle, *save))
        try:
            url = host.wait_ready(_TIMEOUT).urls["edge-gateway-snapshot-stub"]
            urllib.request.urlopen(url, timeout=_TIMEOUT).close()  # noqa: S310
        finally:
            host.stop()
        target.rename(folder)
    finally:
        shutil.rmtree(stub, ignore_errors=True)


def _key() -> str:
    """Changes with everything that the memory holds or that reads it."""
    parts = (npm_version("workerd"), bundle_key(), LOCK.read_text(encoding="utf-8"), _STUB, _CONFIG)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
