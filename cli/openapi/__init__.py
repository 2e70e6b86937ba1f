"""`gateway openapi`: the public API of one version as an OpenAPI 3.1 document."""

import argparse
import sys
from typing import Any

from cli.table_file import add_file_argument
from cli.terminal import fail, write_json


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "openapi",
        help="export a version as OpenAPI 3.1",
        description="Prints an OpenAPI 3.1 document of one version: its paths, who may call them, "
        "limits, deprecations, and every problem that the gateway answers with.",
        epilog="Exit status: 0 printed, 1 the table has mistakes, 2 wrong use.",
    )
    add_file_argument(parser)
    parser.add_argument("--version", metavar="NAME", help="such as v2; default: the default one")
    parser.add_argument("--server", metavar="URL", help="where the API is reached")
    parser.add_argument("--title", default="Public API", help="default: %(default)s")
    parser.add_argument("--yaml", action="store_true", help="as YAML instead of JSON")
    parser.add_argument("--json", action="store_true", help="as JSON, which is the default")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the document."""
    from cli.check import render  # noqa: PLC0415
    from cli.compile_table import TableErrors  # noqa: PLC0415
    from cli.openapi.document import openapi  # noqa: PLC0415
    from cli.table_file import read_table  # noqa: PLC0415

    try:
        table = read_table(options.file, options.environment).table
    except TableErrors as wrong:
        print(render(wrong.errors), file=sys.stderr)
        return 1
    version = options.version or table.versions.default
    if version not in table.versions.supported:
        known = ", ".join(table.versions.supported)
        return fail("openapi", f"there is no version `{version}` (known: {known})")
    document = openapi(table, version, title=options.title, server=options.server)
    if options.yaml and not options.json:
        from cli.openapi.yaml_text import yaml_text  # noqa: PLC0415

        print(yaml_text(document), end="")
    else:
        write_json(document)
    return 0
