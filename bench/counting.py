"""The counting pass: how many calls each request of a target makes, as the runtime reports it.

It runs by itself, on Workers that a streaming tail Worker listens to (bench/counting), because
listening costs time. Calls are counted, whoever makes them: policies, adapters or the platform.
"""

import json
import time
from collections.abc import Mapping
from typing import Final
from urllib.request import urlopen

from bench.preflight import ask
from bench.results import per_request
from bench.targets import TARGETS, UPSTREAM

_PATIENCE: Final = 10.0
"""Seconds to wait for the last span; an invocation reports when its deferred work is done."""


class CountingError(Exception):
    """The runtime did not report what it was asked."""


def count_calls(urls: Mapping[str, str], counter: str, token: str) -> dict[str, dict[str, float]]:
    """Calls for each request, by target and kind, once everything is warm."""
    counted = {}
    for target in TARGETS:
        if target.worker == UPSTREAM:
            continue
        url = urls[target.worker]
        seen, _ = _totals(counter)
        for _ in range(3):
            ask(url, target, token)
        seen, before = _wait_for(counter, seen + 3)
        for _ in range(target.counted):
            ask(url, target, token)
        _, after = _wait_for(counter, seen + target.counted)
        counted[target.name] = per_request(before, after, target.counted)
    return counted


def _totals(counter: str) -> tuple[int, dict[str, int]]:
    with urlopen(counter, timeout=10) as response:
        totals = json.load(response)
    return totals["invocations"], totals["calls"]


def _wait_for(counter: str, invocations: int) -> tuple[int, dict[str, int]]:
    deadline = time.monotonic() + _PATIENCE
    while True:
        seen, calls = _totals(counter)
        if seen >= invocations:
            return seen, calls
        if time.monotonic() > deadline:
            raise CountingError(f"the runtime reported {seen} of {invocations} invocations")
        time.sleep(0.02)
