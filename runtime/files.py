"""Writing files that several processes use at once: whole or not at all, one at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.toolchain import BUILT


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Hold the machine-wide lock called `name`. The system lets go of it when the process dies."""
    folder = BUILT / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_whole(path: Path, content: bytes) -> bool:
    """Give `path` this content in one step; False, and untouched, if it has it already.

    The new file is prepared elsewhere: what lies beside a Worker's code might be taken for code.
    """
    try:
        if path.read_bytes() == content:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    folder = BUILT / "writing"
    folder.mkdir(parents=True, exist_ok=True)
    prepared = folder / f"{os.getpid()}-{path.name}"
    prepared.write_bytes(content)
    prepared.replace(path)
    return True
