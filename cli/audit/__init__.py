"""`gateway check --audit`: what is not wrong in a table, and yet not as it should be."""

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from cli.terminal import console, write_json
from cli.times import add_at_argument

_LEVELS: Final = ("none", "high", "medium", "low", "info")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the audit, for the parser of `gateway check`."""
    parser.add_argument(
        "--audit", action="store_true", help="look for weaknesses in security and operation as well"
    )
    parser.add_argument(
        "--fail-on",
        choices=_LEVELS,
        default="high",
        help="findings of this severity or more end with 1; default: %(default)s",
    )
    add_at_argument(parser)


def run(
    file: Path, *, now: float, fail_on: str, as_json: bool, environment: str | None = None
) -> int:
    """Audit the table in `file` and print the findings. Exit status 1 if there are some as heavy
    as `fail_on`, or if the table has mistakes."""
    from cli.audit.report import audit_file, show  # noqa: PLC0415
    from cli.check import render  # noqa: PLC0415
    from cli.compile_table import TableErrors  # noqa: PLC0415

    try:
        found = audit_file(file, now, environment)
    except TableErrors as wrong:
        print(render(wrong.errors), file=sys.stderr)
        return 1
    if as_json:
        document: dict[str, Any] = {"file": str(file), "findings": found}
        write_json(document)
    else:
        show(file, found, console())
    heavy = _LEVELS[1 : _LEVELS.index(fail_on) + 1]
    return 1 if any(one.severity in heavy for one in found) else 0
