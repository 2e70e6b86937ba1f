"""`python -m bench.matching`: what matching costs with 10 routes and with 10,000.

Also what a table of 10,000 routes costs at start-up. Under CPython, and in workerd, which decides.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import msgspec
from rich.console import Console

from bench.matcher.workload import FEW, MANY, Timed, measure
from bench.report import draw_sheet, matching_sheet
from runtime.host import HostError
from runtime.local import LocalRuntime
from runtime.plan import Plan, Worker
from runtime.project import CONFIGS

ALLOWED: Final = 1.5
"""How many times as long a look-up with many routes may take as one with few."""

_NAME: Final = "bench-matcher"
_PARTS: Final = (
    "messages.py",
    # A table has the settings of everything.
    "settings.py",
    "*/__init__.py",
    "*/settings.py",
    "routing/**/*.py",
    "schema/*.py",
    "transforms/**/*.py",
)


def matcher_worker() -> Worker:
    """The Worker that measures, with those of the gateway's modules that matching needs."""
    gateway = CONFIGS["gateway"].parent / "gateway"
    needed = [path for part in _PARTS for path in gateway.glob(part)]
    return Worker(
        config=Path(__file__).parent / "matcher" / "wrangler.toml",
        name=_NAME,
        modules={path.relative_to(gateway).as_posix(): path for path in needed},
    )


def measure_matching() -> dict[str, Timed]:
    """The times by runtime. Raises `HostError`, and `OSError` where the Worker fails."""
    with (
        LocalRuntime(Plan(workers=(matcher_worker(),))) as local,
        urlopen(local.url(_NAME), timeout=120) as response,
    ):
        answer = response.read()
    return {
        "CPython": measure(),
        "workerd": msgspec.json.decode(answer, type=Timed),
    }


def too_slow(times: Mapping[str, Timed]) -> list[str]:
    """A remark for each runtime in which the time grows with the number of routes."""
    return [
        f"In {runtime} a look-up among {MANY:,} routes takes {timed.ratio:.2f} times as long as "
        f"among {FEW}; {ALLOWED} are allowed"
        for runtime, timed in times.items()
        if timed.ratio > ALLOWED
    ]


def main() -> int:
    """Measure, print, and say by the exit code whether the time grows."""
    try:
        times = measure_matching()
    except (HostError, OSError) as error:
        print(f"bench: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return 1
    console = Console()
    draw_sheet(console, matching_sheet(times))
    remarks = too_slow(times)
    for remark in remarks:
        console.print(f"{remark}.", soft_wrap=True)
    return 1 if remarks else 0


if __name__ == "__main__":
    sys.exit(main())
