"""Many times more distinct answers than the memory of an isolate may hold: it holds the latest, and
the process grows no more than by as many answers of keys that all fit. (It does grow by those, for
some ten thousand requests, until the engine's own heap has its size.)

`make soak` runs it with ten times as much; `MEMORY_TIMES` says how many.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from caching.memory_tier import MemoryTier
from runtime.local import LocalRuntime
from runtime.plan import Plan, Worker
from runtime.project import gateway_worker
from tests.consumer import Consumer, unique
from tests.eventually import eventually
from tests.plan import IDENTITY_KEYS, ORIGIN, WORKERS, project_workers

TIMES: Final = int(os.environ.get("MEMORY_TIMES", "0"))
SIZE: Final = 32 * 1024
"""Bytes of a body."""
FULL: Final = MemoryTier.MAX_BYTES // SIZE
"""Answers of which the bound is certain to be reached."""
MIB: Final = 1024 * 1024
ALLOWED: Final = 48 * MIB
"""By which two measurements of the same memory may differ: collections come when they come."""

_TABLE: Final = """\
versions: { default: v1, supported: { v1: {} } }
services: { origin: { binding: DATA, timeout: 30s } }
routes:
  - name: held
    path: /held/{id}
    methods: [GET]
    service: origin
    access: public
    cache: { ttl: 1h, tiers: [memory] }
"""

pytestmark = [
    pytest.mark.skipif(TIMES == 0, reason="make soak"),
    pytest.mark.timeout(120 + 60 * TIMES),
]


@pytest.fixture(scope="module")
def runtime_of_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRuntime]:
    """One isolate of a gateway, and a process that does nothing else."""
    folder = tmp_path_factory.mktemp("held")
    table = folder / "routes.yaml"
    table.write_text(_TABLE, encoding="utf-8")
    gateway = msgspec.structs.replace(
        gateway_worker(table, name="held"),
        service_bindings={"DATA": ORIGIN},
        vars=IDENTITY_KEYS,
    )
    origin = Worker(script=WORKERS / "origin.mjs", name=ORIGIN)
    with LocalRuntime(Plan(workers=(gateway, origin, *project_workers()[1:]), state=folder)) as one:
        yield one


def test_memory_holds_what_it_may_and_the_process_does_not_grow(
    runtime_of_one: LocalRuntime,
) -> None:
    number = TIMES * FULL
    with Consumer(runtime_of_one.url("held")) as consumer:
        # As many answers, stored as often, of keys that all fit: they take each other's place.
        few, start = unique("few"), 0
        for at in range(number):
            ask(consumer, f"{few}-{at % (FULL // 2)}", fresh=True)
            if at == number // 10:  # all are there, and what starts has started
                start = resident(runtime_of_one)
        before = resident(runtime_of_one)
        many, popular = unique("many"), unique("popular")
        eventually(lambda: ask(consumer, popular))
        for at in range(number):
            assert not ask(consumer, f"{many}-{at}")
            if at % 50 == 0:
                assert ask(consumer, popular), "what is used stays"
        after = resident(runtime_of_one)
        held = sum(ask(consumer, f"{many}-{at}") for at in range(number - FULL // 2, number))
        oldest = ask(consumer, f"{many}-0")
    print(
        f"\n{number} answers of {SIZE // 1024} KiB, {number * SIZE / MIB:.0f} MiB of them, through"
        f" one isolate that holds {MemoryTier.MAX_BYTES / MIB:.0f}: the process has"
        f" {before / MIB:.0f} MiB ({(before - start) / MIB:+.0f}) after as many of {FULL // 2}"
        f" keys, {after / MIB:.0f} ({(after - before) / MIB:+.0f}) after those;"
        f" of the latest {FULL // 2}, {held} were hits"
    )
    assert after - before <= max(0, before - start) + MemoryTier.MAX_BYTES + ALLOWED
    assert held == FULL // 2
    assert not oldest


def ask(consumer: Consumer, name: str, *, fresh: bool = False) -> bool:
    """Whether it is a hit. `fresh`: the service is asked in any case, and it is stored again."""
    fields = {"cache-control": "no-cache"} if fresh else {}
    response = consumer.get(f"/held/{name}", params={"size": str(SIZE)}, headers=fields)
    assert (response.status_code, len(response.content)) == (200, SIZE)
    return "; hit" in response.headers["cache-status"]


def resident(runtime: LocalRuntime) -> int:
    """Bytes of memory that the process of all Workers has."""
    status = Path(f"/proc/{runtime.workerd_pid}/status").read_text(encoding="utf-8")
    found = re.search(r"^VmRSS:\s+([0-9]+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024
