"""`gateway problems`: the reference of all errors, as the page docs/problems.md has it."""

import argparse
from itertools import groupby
from typing import Any, Final

from contract.problems import Category, ProblemType, registry

_INTRODUCTION: Final = """\
# Problem types

Every error is answered with a problem document (RFC 9457, `application/problem+json`). Its `type`
is an address that the gateway answers as well: `GET /problems/conflict` explains `conflict`.

| member | meaning |
|---|---|
| `type`, `title`, `status`, `detail` | as in RFC 9457; `detail` is about this one occurrence |
| `code` | the last part of `type`: what programs should compare |
| `category` | where the cause lies, as in the headings below |
| `retryable` | whether the same request may succeed later, unchanged |
| `request_id` | finds the request in the logs; the same as the field `X-Request-Id` |

This page is generated from `contract/problems.py`: `gateway problems > docs/problems.md`.
"""

_CATEGORIES: Final = {
    Category.REQUEST: "The request itself",
    Category.ROUTING: "Address, method or version",
    Category.AUTH: "Credentials",
    Category.LIMIT: "Quotas",
    Category.DB: "The record store",
    Category.NETWORK: "The way to the service",
    Category.UPSTREAM: "The service",
    Category.INTERNAL: "The gateway",
}


def register(subparsers: Any) -> None:
    """Add the subcommand to the parser of `gateway`."""
    parser = subparsers.add_parser(
        "problems",
        help="print the reference of all errors",
        description="Prints the page docs/problems.md.",
    )
    parser.set_defaults(run=run)


def run(_arguments: argparse.Namespace) -> int:
    """Print the page."""
    print(reference(), end="")
    return 0


def reference() -> str:
    """The page, in Markdown."""
    order = list(_CATEGORIES)
    entries = sorted(registry().values(), key=lambda entry: order.index(entry.category))
    sections = [
        _section(category, list(group))
        for category, group in groupby(entries, key=lambda entry: entry.category)
    ]
    return "\n".join([_INTRODUCTION, *sections])


def _section(category: Category, entries: list[ProblemType]) -> str:
    lines = [
        f"## {category}: {_CATEGORIES[category].lower()}",
        "",
        "| code | status | retryable | title | explanation |",
        "|---|---|---|---|---|",
    ]
    for entry in entries:
        retryable = "yes" if entry.retryable else "no"
        cells = [f"`{entry.code}`", str(entry.status), retryable, entry.title, entry.explanation]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
