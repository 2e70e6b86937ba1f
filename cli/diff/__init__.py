"""`gateway diff`: what differs between two tables, and which requests are answered differently."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cli.options import add_environment
from cli.terminal import console, fail, write_json
from cli.times import add_at_argument

if TYPE_CHECKING:
    from cli.diff.report import Report
    from routing.table import Table

_GENERATED: Final = 20_000
_WORDS: Final = ("none", "any", "risky", "breaking")


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "diff",
        help="compare two route tables by what they do",
        description="Compares two tables, each a file or a revision in git written REV:path. Shows "
        "what changed and what it means to clients; then runs generated and recorded requests "
        "against both, and shows those that are answered differently.",
        epilog="Exit status: 0 nothing to fail on, 1 differences as heavy as --fail-on says, 2 "
        "wrong use, or a table with mistakes.",
    )
    parser.add_argument("a", metavar="A", help="the table as it was, such as HEAD:routes.yaml")
    parser.add_argument("b", metavar="B", help="the table as it is to be")
    parser.add_argument(
        "--requests",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="log lines of the gateway (JSON), whose requests are tried as well",
    )
    parser.add_argument(
        "--limit", type=int, default=_GENERATED, metavar="N", help="requests; default: %(default)s"
    )
    parser.add_argument(
        "--fail-on", choices=_WORDS, default="any", help="exit with 1 for; default: %(default)s"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    add_environment(parser)
    add_at_argument(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare, and say so."""
    from cli.check import render  # noqa: PLC0415
    from cli.compile_table import TableErrors  # noqa: PLC0415
    from cli.diff.display import show  # noqa: PLC0415
    from cli.revision import RevisionError, opened  # noqa: PLC0415
    from cli.table_file import read_table  # noqa: PLC0415

    try:
        with opened(options.a) as a:
            before = read_table(a, options.environment).table
        with opened(options.b) as b:
            after = read_table(b, options.environment).table
        found = _compare(options, before, after)
    except (RevisionError, OSError) as error:
        return fail("diff", str(error))
    except TableErrors as wrong:
        print(render(wrong.errors), file=sys.stderr)
        return 2
    if options.json:
        write_json(found)
    else:
        show(found, console())
    return _status(found.worst, options.fail_on)


def _compare(options: argparse.Namespace, a: "Table", b: "Table") -> "Report":
    from rich.progress import track  # noqa: PLC0415

    from cli.diff.generate import generate  # noqa: PLC0415
    from cli.diff.recorded import read_recorded  # noqa: PLC0415
    from cli.diff.replay import Runner, replay  # noqa: PLC0415
    from cli.diff.report import Names, Tried, report  # noqa: PLC0415
    from cli.diff.semantic import compare  # noqa: PLC0415

    recorded = [read_recorded(path, a, b, options.limit) for path in options.requests]
    generated = generate(a, b, options.limit)
    known = dict.fromkeys(case for one in recorded for case in one.cases)
    cases = [*known, *(case for case in generated.cases if case not in known)]
    errors = console(errors=True)
    shown = track(
        cases,
        "Running requests against both tables",
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
    groups = replay(Runner(a, options.at), Runner(b, options.at), shown)
    tried = Tried(
        generated=len(cases) - len(known),
        recorded=len(known),
        skipped=sum(one.skipped for one in recorded),
        cut_off=generated.cut_off,
        different=sum(group.count for group in groups),
    )
    return report(Names(options.a, options.b), compare(a, b), groups, tried)


def _status(worst: str | None, fail_on: str) -> int:
    if worst is None or fail_on == "none":
        return 0
    order = ("compatible", "risky", "breaking")
    least = 0 if fail_on == "any" else order.index(fail_on)
    return 1 if order.index(worst) >= least else 0
