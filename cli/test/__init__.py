"""`gateway test`: does a route table do what the file of expectations beside it says?"""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.table_file import add_file_argument
from cli.terminal import console, fail, write_json
from cli.times import add_at_argument

if TYPE_CHECKING:
    from cli.test.report import Report


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "test",
        help="run the expectations beside a route table",
        description="Runs the requests in routes.tests.yaml through the gateway's own code on this "
        "machine, and compares route, version, the request to the service and the answer with "
        "what is expected there. Nothing is sent.",
        epilog="Exit status: 0 all hold, 1 some do not, 2 wrong use, or a file with mistakes.",
    )
    add_file_argument(parser)
    parser.add_argument(
        "--tests", type=Path, metavar="FILE", help="default: routes.tests.yaml beside routes.yaml"
    )
    parser.add_argument(
        "-k", dest="words", nargs="+", default=[], metavar="WORD", help="cases with all these words"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    add_at_argument(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the cases, and say which do not hold."""
    from cli.check import render  # noqa: PLC0415
    from cli.compile_table import TableErrors  # noqa: PLC0415
    from cli.test.display import show  # noqa: PLC0415

    began = time.perf_counter()
    file = options.tests or tests_beside(options.file)
    if not file.is_file():
        return fail("test", f"there is no {file}; docs/commands.md says what stands in it")
    try:
        found = _run_all(options, file)
    except TableErrors as wrong:
        print(render(wrong.errors), file=sys.stderr)
        return 2
    if not found.results:
        return fail("test", f"no case in {file} has the words {' '.join(options.words)}")
    if options.json:
        write_json(found)
    else:
        show(found, console(), time.perf_counter() - began)
    return 1 if found.failed else 0


def tests_beside(table: Path) -> Path:
    """`routes.yaml` → `routes.tests.yaml`."""
    return table.with_name(f"{table.stem}.tests.yaml")


def _run_all(options: argparse.Namespace, file: Path) -> "Report":
    from cli.table_file import read_table  # noqa: PLC0415
    from cli.test.cases import read_cases  # noqa: PLC0415
    from cli.test.report import run_cases  # noqa: PLC0415

    cases = read_cases(file)
    table = read_table(options.file, options.environment).table
    words = [word.lower() for word in options.words]
    wanted = [one for one in cases if all(word in one.case.name.lower() for word in words)]
    return run_cases(table, wanted, default_time=options.at, files=(options.file, file))
