"""`python -m bench.validation`: what it costs to check a body of 1 kB against its schema.

Under CPython, and in workerd, which decides. The schema is compiled here, as for a table.
"""

import sys
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import msgspec
from rich.console import Console

from bench.report import draw_sheet, validation_sheet
from bench.validator.workload import SCHEMA, Timed, measure
from runtime.host import HostError
from runtime.local import LocalRuntime
from runtime.plan import Plan, Worker
from runtime.project import CONFIGS
from schema.compile import compile_schemas

_NAME: Final = "bench-validator"
_PARTS: Final = (
    "messages.py",
    # A table has the settings of everything.
    "settings.py",
    "*/__init__.py",
    "*/settings.py",
    "routing/*.py",
    "schema/*.py",
    "transforms/*.py",
)


def validator_worker() -> Worker:
    """The Worker that measures, with those of the gateway's modules that checking needs."""
    gateway = CONFIGS["gateway"].parent / "gateway"
    needed = [path for part in _PARTS for path in gateway.glob(part)]
    return Worker(
        config=Path(__file__).parent / "validator" / "wrangler.toml",
        name=_NAME,
        modules={path.relative_to(gateway).as_posix(): path for path in needed},
    )


def measure_validation() -> dict[str, Timed]:
    """The times by runtime. Raises `HostError`, and `OSError` where the Worker fails."""
    program = compile_schemas({"roadmap": SCHEMA})
    with (
        LocalRuntime(Plan(workers=(validator_worker(),))) as local,
        urlopen(local.url(_NAME), data=msgspec.json.encode(program), timeout=120) as response,
    ):
        answer = response.read()
    return {"CPython": measure(program), "workerd": msgspec.json.decode(answer, type=Timed)}


def main() -> int:
    """Measure and print."""
    try:
        times = measure_validation()
    except (HostError, OSError) as error:
        print(f"bench: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return 1
    draw_sheet(Console(), validation_sheet(times))
    return 0


if __name__ == "__main__":
    sys.exit(main())
