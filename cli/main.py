"""The `gateway` command. Each subcommand is a module with a `register` that adds it."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from runtime.toolchain import ToolchainError

_SUBCOMMANDS = ("dev", "check", "token", "build", "problems", "schema")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    parser = argparse.ArgumentParser(prog="gateway", description="The edge gateway's command.")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in _SUBCOMMANDS:
        import_module(f"cli.{name}").register(subparsers)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except ToolchainError as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
