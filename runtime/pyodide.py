"""Where workerd gets its Python from: the bundle built from npm's Pyodide, or Cloudflare's own.

`PYODIDE_BUNDLE=official` lets workerd fetch the official one, which needs the internet.
"""

import hashlib
import logging
import os
from pathlib import Path

from runtime.bundle import BUNDLE_NAME, build_bundle
from runtime.files import only_one, write_whole
from runtime.toolchain import BUILT, PYODIDE, npm_version

_log = logging.getLogger(__name__)


def official() -> bool:
    """Whether Cloudflare's bundle was asked for."""
    return os.environ.get("PYODIDE_BUNDLE", "") == "official"


def local_flags() -> tuple[str, ...]:
    """Compatibility flags that Python Workers need here and must not have when deployed."""
    return () if official() else ("python_workers_development",)


def bundle_options() -> tuple[str, ...]:
    """The options of `workerd serve` that lead it to its Python."""
    return () if official() else (f"--pyodide-bundle-disk-cache-dir={bundle_folder()}",)


def bundle_folder() -> Path:
    """The folder of the built bundle; built now, in about a second, if it is not there yet."""
    folder = BUILT / "pyodide" / bundle_key()
    with only_one("pyodide"):
        if not (folder / BUNDLE_NAME).exists():
            _log.info("Building the Python runtime that workerd loads (once)")
            write_whole(folder / BUNDLE_NAME, build_bundle(PYODIDE))
    return folder


def bundle_key() -> str:
    """Changes with the Pyodide package and with the code that makes a bundle of it."""
    digest = hashlib.sha256(npm_version("pyodide").encode())
    for name in ("bundle.py", "capnp.py"):
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()[:16]
