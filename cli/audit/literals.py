"""The rule about texts of a table that look like keys, whatever they are called."""

import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import to_builtins

from cli.audit.rules import Audited, Noticed, rule
from routing.check.finding import Path

_KEY: Final = re.compile(
    r"\b("
    r"[spr]k_(live|test)_[0-9A-Za-z]{8,}|"  # Stripe
    r"gh[oprsu]_[0-9A-Za-z]{30,}|glpat-[\w-]{20,}|"  # GitHub, GitLab
    r"xox[abprs]-[0-9A-Za-z-]{10,}|"  # Slack
    r"AKIA[0-9A-Z]{16}|AIza[\w-]{35}|"  # AWS, Google
    r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*"  # a JSON Web Token
    r")|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
"""Forms that nothing else has: a rule that cries often is switched off."""


@rule("key-in-table", "high", "revoke it, and name a secret in the service's `credentials`")
def _(audited: Audited) -> Iterator[Noticed]:
    document = to_builtins(audited.table)
    document.pop("compiled_schemas", None)
    document.pop("compiled_zones", None)
    for path, text in _texts(document, ()):
        if _KEY.search(text):
            yield Noticed(path, "this looks like a key, and everybody who has the table has it")


def _texts(value: Any, at: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, (*at, name))
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from _texts(inner, (*at, position))
