"""What speaks against publishing a table that is right: tests that fail, findings of the audit."""

import time
from pathlib import Path

from cli.audit.report import audit_file
from cli.test import tests_beside
from cli.test.cases import read_cases
from cli.test.report import run_cases
from routing.table import Table


def objections(file: Path, table: Table, environment: str | None) -> list[str]:
    """A sentence for each; none where nothing speaks against it.

    Raises `cli.compile_table.TableErrors` where the file of tests has mistakes.
    """
    return [*_failed_tests(file, table), *_heavy_findings(file, environment)]


def _failed_tests(file: Path, table: Table) -> list[str]:
    tests = tests_beside(file)
    if not tests.is_file():
        return []
    report = run_cases(table, read_cases(tests), default_time=time.time(), files=(file, tests))
    return [
        f"{tests}:{result.line}:{result.column}: the test `{result.name}` fails: expected "
        f"{one.what} {one.expected}, found {one.found}"
        for result in report.results
        for one in result.mismatches[:1]
    ]


def _heavy_findings(file: Path, environment: str | None) -> list[str]:
    return [
        f"{found.file}:{found.line}:{found.column}: the audit: {found.message} [{found.id}]"
        for found in audit_file(file, time.time(), environment)
        if found.severity == "high"
    ]
