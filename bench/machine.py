"""What a run ran on: the facts without which its numbers mean little."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

from runtime.toolchain import npm_version

_FROM_NPM: Final = ("workerd", "miniflare", "pyodide", "hono", "jose")


def describe(generator: str) -> dict[str, str]:
    """Facts by name, in the order in which they are shown."""
    versions = [f"{package} {npm_version(package)}" for package in _FROM_NPM]
    versions += [f"msgspec {version('msgspec')}", f"Python {platform.python_version()} (host)"]
    return {
        "CPU": f"{_cpu_model()}, {os.cpu_count()} cores",
        "System": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Load": f"{generator}; load average {os.getloadavg()[0]:.1f} before the first round",
        "Versions": ", ".join(versions),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown"
