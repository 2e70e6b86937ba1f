"""The query of a request as the matcher and templates see it: decoded parameters, bounded."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote_plus

MAX_PARAMETERS: Final = 1000
"""Parameters of one query that are looked at; what follows goes on to the service unseen."""


def parse_query(query: str) -> Mapping[str, Sequence[str]]:
    """The values of each parameter in order (application/x-www-form-urlencoded, WHATWG URL)."""
    if not query:
        return {}
    values: dict[str, list[str]] = {}
    for part in query.split("&", MAX_PARAMETERS)[:MAX_PARAMETERS]:
        name, _, value = part.partition("=")
        if part:
            values.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    return values
