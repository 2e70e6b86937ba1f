"""The `gateway` command. Each subcommand is a module with a `register` that adds it."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from runtime.config import ConfigError
from runtime.toolchain import ToolchainError

_SUBCOMMANDS = (
    "dev",
    "check",
    "routes",
    "explain",
    "diff",
    "test",
    "openapi",
    "publish",
    "status",
    "history",
    "rollback",
    "promote",
    "audit-log",
    "breakers",
    "cache",
    "schema",
    "token",
    "signing-keys",
    "keys",
    "build",
    "problems",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand and return its exit code."""
    parser = argparse.ArgumentParser(prog="gateway", description="The edge gateway's command.")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    words = sys.argv[1:] if arguments is None else arguments
    # Only what is asked for is imported; for help, or a word that is none, all of them.
    for name in words[:1] if set(words[:1]) & set(_SUBCOMMANDS) else _SUBCOMMANDS:
        import_module(f"cli.{name.replace('-', '_')}").register(subparsers)
    options = parser.parse_args(words)
    try:
        return int(options.run(options))
    except (ToolchainError, ConfigError) as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read the output has seen enough; what is left of it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:  # a full disk, a folder that may only be read
        print(f"gateway: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
