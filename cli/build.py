"""`gateway build`: what wrangler runs before it uploads or runs a Worker (`[build] command`)."""

import argparse
import os
import sys
from pathlib import Path

from cli.bindings import declared_bindings
from cli.check import render
from cli.compile_table import TableErrors, write_module
from cli.options import chosen_environment
from runtime.project import CONFIGS, ROUTES
from runtime.toolchain import ROOT
from runtime.vendor import vendor

_COMPILED = ROOT / "gateway" / "compiled_routes.py"


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "build",
        help="prepare a Worker for wrangler",
        description="Fill a Worker's python_modules/; for the gateway also compile the route table "
        "in $ROUTES, or else in routes.yaml, with the environment in $GATEWAY_ENV.",
    )
    parser.add_argument("worker", choices=CONFIGS)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    if options.worker == "gateway":
        try:
            routes = Path(os.environ.get("ROUTES") or ROUTES)
            bindings = declared_bindings(CONFIGS["gateway"])
            write_module(routes, _COMPILED, bindings, environment=chosen_environment())
        except TableErrors as wrong:
            print(render(wrong.errors), file=sys.stderr)
            return 1
    vendor(CONFIGS[options.worker].parent)
    return 0
