"""Command line options that several subcommands share: which table, and in which environment."""

import argparse
import os
from pathlib import Path

ENVIRONMENT_VARIABLE = "GATEWAY_ENV"


def add_table(parser: argparse.ArgumentParser) -> None:
    """Add the argument `file`, a path, with the usual table as its default."""
    parser.add_argument(
        "file", nargs="?", type=Path, default=Path("routes.yaml"), help="default: %(default)s"
    )


def add_environment(parser: argparse.ArgumentParser) -> None:
    """Add the option `--env`, a name or None; without it the one that GATEWAY_ENV names."""
    parser.add_argument(
        "--env",
        dest="environment",
        metavar="NAME",
        default=chosen_environment(),
        help="environment of the table whose values are laid over it; default: $GATEWAY_ENV",
    )


def chosen_environment() -> str | None:
    """What GATEWAY_ENV says, which is how wrangler's build step is told."""
    return os.environ.get(ENVIRONMENT_VARIABLE) or None
