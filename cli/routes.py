"""`gateway routes`: every route of every version, as a table that can be filtered."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cli.table_file import add_file_argument
from cli.terminal import console, fail, write_json

if TYPE_CHECKING:
    from cli.route_list import Listed


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "routes",
        help="list all routes",
        description="Lists every route of every version in the order of the table, those that "
        "version changes bring along as well.",
        epilog="Exit status: 0 listed, 1 the table has mistakes, 2 nothing fits the filters.",
    )
    add_file_argument(parser)
    parser.add_argument("--version", metavar="NAME", help="v1; `none` for those without a version")
    parser.add_argument("--service", metavar="NAME")
    parser.add_argument("--method", metavar="METHOD", type=str.upper)
    parser.add_argument(
        "--access", metavar="WHO", help="public, authenticated (scopes or not), or a scope"
    )
    parser.add_argument("--path", metavar="TEXT", help="a part of the public path")
    parser.add_argument("--name", metavar="TEXT", help="a part of the name")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List the routes."""
    from cli.check import render  # noqa: PLC0415
    from cli.compile_table import TableErrors  # noqa: PLC0415
    from cli.route_list import listed, show  # noqa: PLC0415
    from cli.table_file import read_table  # noqa: PLC0415

    try:
        table = read_table(options.file, options.environment).table
    except TableErrors as wrong:
        print(render(wrong.errors), file=sys.stderr)
        return 1
    routes = list(_wanted(listed(table), options))
    if not routes:
        return fail("routes", f"no route of {options.file} fits")
    if options.json:
        write_json(routes)
    else:
        show(routes, console())
    return 0


def _wanted(routes: Iterator["Listed"], options: argparse.Namespace) -> Iterator["Listed"]:
    for route in routes:
        fits = (
            options.version in (None, route.version or "none"),
            options.service is None or options.service in route.services,
            options.method is None or options.method in route.methods,
            options.path is None or options.path in route.path,
            options.name is None or options.name in route.name,
            options.access is None or _lets_in(route, options.access),
        )
        if all(fits):
            yield route


def _lets_in(route: "Listed", who: str) -> bool:
    if who == "public":
        return route.access == "public"
    if who == "authenticated":
        return route.access != "public"
    return who in route.scopes
