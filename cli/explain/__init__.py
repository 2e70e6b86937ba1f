"""`gateway explain`: what becomes of one request, step by step, without sending anything."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.options import add_environment
from cli.table_file import DEFAULT
from cli.terminal import console, fail, write_json
from cli.times import add_at_argument

if TYPE_CHECKING:
    from cli.dry_run.call import Call
    from cli.dry_run.platform import Answer


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "explain",
        help="show what becomes of a request",
        description="Runs one request through the gateway's own code on this machine and shows "
        "which route takes it and why, each step of its pipeline, what the service would get and "
        "what the client would. Nothing is sent.",
        epilog="Exit status: 0 explained, 1 the table has mistakes, 2 wrong use.",
    )
    parser.add_argument("method", metavar="METHOD")
    parser.add_argument("url", metavar="URL", help="a path, or a whole URL where hosts matter")
    parser.add_argument(
        "-H", "--header", action="append", default=[], metavar="'NAME: VALUE'", help="repeatable"
    )
    parser.add_argument("-d", "--data", metavar="BODY", help="the body, or @FILE")
    parser.add_argument("--as", dest="subject", metavar="SUBJECT", help="a verified caller")
    parser.add_argument(
        "--scope", action="append", default=[], metavar="SCOPE", help="of the caller; repeatable"
    )
    parser.add_argument(
        "--role", action="append", default=[], metavar="ROLE", help="of the caller; repeatable"
    )
    parser.add_argument(
        "--claim", action="append", default=[], metavar="NAME=VALUE", help="likewise"
    )
    parser.add_argument(
        "--answer", metavar="BODY", help="what the service answers, or @FILE; default: {}"
    )
    parser.add_argument("--answer-status", type=int, default=200, metavar="STATUS")
    parser.add_argument(
        "--answer-header", action="append", default=[], metavar="'NAME: VALUE'", help="repeatable"
    )
    parser.add_argument(
        "--routes", default=str(DEFAULT), metavar="FILE", help="or REV:path; default: %(default)s"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    add_environment(parser)
    add_at_argument(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain the request."""
    from cli.check import render  # noqa: PLC0415
    from cli.compile_table import TableErrors  # noqa: PLC0415
    from cli.dry_run.call import CallError  # noqa: PLC0415
    from cli.dry_run.run import DryRun, DryRunError  # noqa: PLC0415
    from cli.explain.display import show  # noqa: PLC0415
    from cli.explain.report import explain  # noqa: PLC0415
    from cli.revision import RevisionError, opened  # noqa: PLC0415
    from cli.table_file import read_table  # noqa: PLC0415

    try:
        call, answer = _call(options), _answer(options)
        with opened(options.routes) as path:
            table = read_table(path, options.environment).table
        explanation = explain(DryRun(table, options.at), call, answer, table)
    except (CallError, DryRunError, RevisionError, OSError) as error:
        return fail("explain", str(error))
    except TableErrors as wrong:
        print(render(wrong.errors), file=sys.stderr)
        return 1
    if options.json:
        write_json(explanation)
    else:
        show(explanation, console())
    return 0


def _call(options: argparse.Namespace) -> "Call":
    from cli.dry_run.call import Caller, make_call, parse_claim, parse_field  # noqa: PLC0415

    caller = None
    claims = tuple(parse_claim(text) for text in options.claim)
    if options.subject is not None or options.scope or options.role or claims:
        subject, scopes, roles = options.subject or "somebody", options.scope, options.role
        caller = Caller(subject, tuple(scopes), tuple(roles), claims)
    body = None if options.data is None else _content(options.data)
    headers = [parse_field(line) for line in options.header]
    return make_call(options.method.upper(), options.url, headers, body, caller)


def _answer(options: argparse.Namespace) -> "Answer":
    from cli.dry_run.call import is_json, parse_field  # noqa: PLC0415
    from cli.dry_run.platform import Answer  # noqa: PLC0415

    body = b"{}" if options.answer is None else _content(options.answer)
    headers = [parse_field(line) for line in options.answer_header]
    fields = [(name.lower(), value) for name, value in headers]
    if "content-type" not in dict(fields) and is_json(body):
        fields.insert(0, ("content-type", "application/json"))
    return Answer(options.answer_status, tuple(fields), body)


def _content(text: str) -> bytes:
    """What stands there, or in the file behind an @. Raises `OSError`."""
    return Path(text[1:]).read_bytes() if text.startswith("@") else text.encode()
