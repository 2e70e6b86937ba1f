"""The moment that a command is to take for now: `--at`."""

import argparse
import time
from datetime import UTC, datetime


def parse_time(text: str) -> float:
    """`2026-10-01` or `2026-10-01T12:00:00Z` as Unix seconds; UTC where no zone is named.

    Raises `ValueError`.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"expected a time such as 2026-10-01T12:00:00Z, found `{text[:40]}`"
        raise ValueError(message) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def add_at_argument(parser: argparse.ArgumentParser) -> None:
    """--at TIME, by default now."""

    def moment(text: str) -> float:
        try:
            return parse_time(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    parser.add_argument(
        "--at", type=moment, default=time.time(), metavar="TIME", help="as if it were then"
    )
