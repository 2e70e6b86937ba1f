"""Runs the pure core on cases that come as JSON, and answers with what came out."""

from typing import Any

import js
import msgspec
from pyodide.ffi import run_sync

from contract.circuit_breaker import BreakerSettings, CircuitBreaker
from contract.limiting.authority import Authority
from contract.limiting.limit import Limit
from contract.limits import LeaseRequest
from contract.outcome_window import Outcome, Outcomes
from contract.problems import Problem
from routing.paths import PathNormaliser
from routing.regexes import literal_prefix
from routing.table import PathsSettings
from schema.checker import Checker, Checkers
from schema.program import Program
from tests.cases.caching import running
from tests.cases.carrying import carry
from tests.cases.matching import outcomes
from tests.cases.versioning import select_version
from transforms.documents import decode


def paths(cases: list[str], settings: dict[str, str]) -> list[str | None]:
    """Normal forms; null for a path that is refused."""
    normalise = PathNormaliser(msgspec.convert(settings, PathsSettings))
    return [_normal(normalise, raw) for raw in cases]


def _normal(normalise: PathNormaliser, raw: str) -> str | None:
    try:
        return normalise(raw)
    except Problem:
        return None


def match(topics: list[tuple[Any, Any, list[str]]]) -> list[list[str]]:
    """The outcome of each request of each topic of tests/cases/matching.py."""
    return [outcomes(*topic) for topic in topics]


def select(settings: Any, cases: list[Any]) -> list[str]:
    """The version, or the problem, of each case of tests/cases/versioning.py."""
    return [select_version(settings, *case) for case in cases]


def transform(cases: list[list[Any]]) -> list[Any]:
    """What came of each request that was carried through a chain of transforms and back."""
    return [carry(*case) for case in cases]


def caching(topic: str, cases: list[list[Any]]) -> list[Any]:
    """What came of each case of a topic of tests/cases/caching."""
    return [running.run(topic, case) for case in cases]


def prefixes(patterns: list[str]) -> list[str]:
    """The literal prefix of each expression: the order of routes depends on it."""
    return [literal_prefix(pattern) for pattern in patterns]


def schema(cases: list[tuple[Any, bool, list[str]]]) -> list[list[list[str]]]:
    """The pointers of all errors of each document, by programs of schemas."""
    found = []
    for program, formats, documents in cases:
        checkers = Checkers(msgspec.convert(program, Program), formats=formats)
        checker = checkers.checker("schema")
        found.append([_pointers(checker, text) for text in documents])
    return found


def _pointers(checker: Checker, text: str) -> list[str]:
    return [error.pointer for error in checker.errors(decode(text.encode()))]


def limit(settings: dict[str, Any], times: list[float]) -> list[Any]:
    """The decisions of an authority of this limit, kept as JSON in between."""
    request = LeaseRequest(limit=msgspec.convert(settings, Limit), wanted=100)
    authority, decided = Authority(name="one"), []
    for now in times:
        decided.append(authority.answer(request, now))
        authority = msgspec.json.decode(msgspec.json.encode(authority), type=Authority)
    return decided


def breaker(settings: dict[str, Any], steps: list[tuple[str, float, Any]]) -> list[Any]:
    """The states of one breaker after each step: ask; calls and their outcomes; probe and its."""
    decoded = msgspec.convert(settings, BreakerSettings)
    one, permit = CircuitBreaker(), 0
    seen = []
    for step, now, outcome in steps:
        granted = None
        if step == "ask":
            granted, given = one.acquire(decoded, now)
            permit = given or permit
        elif step == "probe":
            one.settle(decoded, now, 0.0, permit, Outcome(outcome))
        else:
            one.record(decoded, now, 0.0, Outcomes(calls=outcome))
        one = msgspec.json.decode(msgspec.json.encode(one), type=CircuitBreaker)
        seen.append([granted, one.state])
    return seen


def on_fetch(request: Any, env: Any, ctx: Any) -> Any:
    """POST /name with the arguments as a JSON array."""
    name = request.url.rpartition("/")[2]
    arguments = msgspec.json.decode(run_sync(request.text()))
    functions = (paths, match, prefixes, select, transform, caching, schema, limit, breaker)
    result = {function.__name__: function for function in functions}[name](*arguments)
    return js.Response.new(msgspec.json.encode(result).decode())
