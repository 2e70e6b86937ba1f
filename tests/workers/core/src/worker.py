"""Runs the pure core on cases that come as JSON, and answers with what came out."""

from typing import Any

import js
import msgspec
from carrying import carry
from pyodide.ffi import run_sync

from contract.circuit_breaker import BreakerSettings, CircuitBreaker
from contract.problems import Problem
from contract.sliding_window import SlidingWindow
from routing.match import Matcher
from routing.paths import PathTemplate, normalise_path


def paths(cases: list[str]) -> list[str | None]:
    """Normal forms; null for a path that is refused."""
    return [_normal(raw) for raw in cases]


def _normal(raw: str) -> str | None:
    try:
        return normalise_path(raw)
    except Problem:
        return None


def match(routes: list[tuple[str, str]], cases: list[tuple[str, str]]) -> list[Any]:
    """Template and parameters for each method and path; where there is none, the path's methods."""
    matcher: Matcher[str] = Matcher()
    for method, template in routes:
        matcher.add(method, PathTemplate(template), template)
    return [matcher.find(*case) or matcher.methods(case[1]) for case in cases]


def transform(cases: list[list[Any]]) -> list[Any]:
    """What came of each request that was carried through a chain of transforms and back."""
    return [carry(*case) for case in cases]


def window(quota: int, length: float, times: list[float]) -> list[Any]:
    """The decisions of one sliding window."""
    counts = SlidingWindow()
    return [counts.check(quota, length, 1, now) for now in times]


def breaker(settings: dict[str, Any], steps: list[tuple[str, float]]) -> list[Any]:
    """The states of one breaker after each step: good, bad, good probe, bad probe, acquire."""
    decoded = msgspec.convert(settings, BreakerSettings)
    one = CircuitBreaker()
    seen = []
    for step, now in steps:
        if step == "acquire":
            seen.append([one.acquire(decoded, now), one.state])
            continue
        good = int("good" in step)
        one.record(decoded, now, successes=good, failures=1 - good, probe="probe" in step)
        seen.append([None, one.state])
    return seen


def on_fetch(request: Any, env: Any, ctx: Any) -> Any:
    """POST /name with the arguments as a JSON array."""
    name = request.url.rpartition("/")[2]
    arguments = msgspec.json.decode(run_sync(request.text()))
    functions = {
        "paths": paths,
        "match": match,
        "transform": transform,
        "window": window,
        "breaker": breaker,
    }
    result = functions[name](*arguments)
    return js.Response.new(msgspec.json.encode(result).decode())
