"""Runs the cases of a file against a table, and what came of it, as values."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from cli.dry_run.run import DryRun
from cli.test.cases import PlacedCase
from cli.test.compare import Mismatch, mismatches
from routing.table import Table


class Placed(Struct):
    """A mismatch and the line and column of what was expected."""

    line: int
    column: int
    what: str
    expected: str
    found: str
    diff: list[str]


class Result(Struct):
    """A case and what is wrong with it; nothing where it holds."""

    name: str
    line: int
    column: int
    explain: str
    mismatches: list[Placed]


class Report(Struct):
    """All cases of a file."""

    table: str
    tests: str
    passed: int
    failed: int
    results: list[Result]


def run_cases(
    table: Table, cases: Sequence[PlacedCase], *, default_time: float, files: tuple[Path, Path]
) -> Report:
    """Try each case at its own time, or else at `default_time` (Unix seconds).

    Raises `DryRunError`.
    """
    runs: dict[float, DryRun] = {}
    results = []
    for one in cases:
        now = default_time if one.at is None else one.at
        run = runs.get(now)
        if run is None:
            run = runs[now] = DryRun(table, now)
        found = mismatches(one.case.expected, run.send(one.call, one.answer))
        _, place = one.locate((one.position,))
        at = ["--at", one.case.request.at.isoformat()] if one.case.request.at else []
        explain = one.call.explain(*one.answer.flags(), *at, "--routes", str(files[0]))
        placed = [_placed(one, mismatch) for mismatch in found]
        results.append(Result(one.case.name, place.line, place.column, explain, placed))
    failed = sum(bool(result.mismatches) for result in results)
    return Report(str(files[0]), str(files[1]), len(results) - failed, failed, results)


def _placed(case: PlacedCase, found: Mismatch) -> Placed:
    _, place = case.locate((case.position, "expected", *found.path))
    what = ".".join(found.path)
    return Placed(place.line, place.column, what, found.expected, found.found, found.diff)
