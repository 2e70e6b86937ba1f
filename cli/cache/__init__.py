"""`gateway cache`: the stored answers of a running gateway. Each action is a module."""

from typing import Any

from cli.cache import explain, purge, stats, warm


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "cache",
        help="purge stored answers of a running gateway; how many requests they answer; warm it",
        description="What operators do about stored answers.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    purge.register(actions)
    stats.register(actions)
    explain.register(actions)
    warm.register(actions)
