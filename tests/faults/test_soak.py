"""Full load for a while: nothing fails, what is stored does not grow, and memory grows no more than
that of a gateway in JavaScript under as many connections.

`make soak` runs it for five minutes each; `SOAK_SECONDS` says how long.
"""

import os
import re
import statistics
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from bench.load import find_generator, measure
from bench.targets import TARGETS, headers_for
from bench.workers import Running, running
from runtime.toolchain import node

SECONDS: Final = int(os.environ.get("SOAK_SECONDS", "0"))
CONNECTIONS: Final = 4
"""To each of the routes."""
ROUTES: Final = ("public", "auth+limit", "auth+limit+transform", "cache-hit")
MIB: Final = 1024 * 1024
ALLOWED: Final = 48 * MIB
"""By which two measurements of the same memory may differ: collections come when they come."""
PAGES: Final = 256 * 1024
"""By which a database may grow whose rows are only replaced: a few pages that are not yet free."""

pytestmark = [
    pytest.mark.skipif(SECONDS == 0, reason="make soak"),
    pytest.mark.timeout(4 * SECONDS + 300),
]


class Soaked(NamedTuple):
    """What came of it; sizes in bytes."""

    requests: int
    memory: list[int]
    stored: list[int]

    def growth(self, sizes: list[int]) -> float:
        """From the middle of the load, when everything is warm, to its end."""
        part = max(1, len(sizes) // 10)
        middle = len(sizes) // 2
        return statistics.median(sizes[-part:]) - statistics.median(sizes[middle : middle + part])


def test_memory_and_storage_stay_as_they_are() -> None:
    ours = soak("gateway")
    control = soak("hono")
    for name, seen in (("gateway", ours), ("control", control)):
        print(
            f"\n{name}: {seen.requests} requests in {SECONDS} s, none failed;"
            f" memory {seen.memory[0] / MIB:.0f} MiB at first, {seen.memory[-1] / MIB:.0f} at last,"
            f" of which {seen.growth(seen.memory) / MIB:+.1f} in the second half;"
            f" objects' storage {seen.stored[-1] / 1024:.0f} KiB,"
            f" {seen.growth(seen.stored) / 1024:+.1f} in the second half"
        )
    assert ours.growth(ours.memory) <= max(0.0, control.growth(control.memory)) + ALLOWED
    assert ours.stored[-1] > 0
    assert ours.growth(ours.stored) <= PAGES


def soak(gateway: str) -> Soaked:
    """Load the routes of one of the two, all at once. Raises `LoadError` where a request fails."""
    names = [f"{gateway}/{route}" for route in ROUTES]
    if gateway == "gateway":
        names.append("gateway/auth+leased")
    targets = [target for target in TARGETS if target.name in names]
    assert len(targets) == len(names)
    generator = find_generator(node())
    seen = Soaked(0, [], [])
    with running(counting=False) as workers, ThreadPoolExecutor(len(targets)) as pool:
        loads = [
            pool.submit(
                measure,
                generator,
                workers.urls[target.worker].rstrip("/") + target.path,
                headers_for(target, workers.token),
                CONNECTIONS,
                SECONDS,
            )
            for target in targets
        ]
        pause = threading.Event()
        while not all(load.done() for load in loads):
            seen.memory.append(resident(workers))
            seen.stored.append(stored(workers.state))
            pause.wait(0.5)
        return seen._replace(requests=sum(load.result().requests for load in loads))


def resident(workers: Running) -> int:
    """Bytes of memory that the process of all Workers has."""
    status = Path(f"/proc/{workers.pid}/status").read_text(encoding="utf-8")
    found = re.search(r"^VmRSS:\s+([0-9]+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def stored(state: Path) -> int:
    """Bytes of the databases of all objects; what is still in a log is bounded by itself."""
    return sum(
        path.stat().st_size for path in state.rglob("*.sqlite") if "metadata" not in path.name
    )
