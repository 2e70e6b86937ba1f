"""Waiting for what other processes will do, by looking: never for a length of time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T | None], timeout: float = 10.0) -> T:
    """What `look` gives, once that is true. Raises `AssertionError` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (seen := look()):
        assert time.monotonic() < deadline, f"after {timeout:g} s still {seen!r}"
        time.sleep(0.02)
    return seen
