"""Which directives govern a response: those of a targeted field (RFC 9213), or Cache-Control."""

from collections.abc import Sequence
from typing import Any, Final

from caching.directives import Directives, parse_directives
from caching.structured_fields import parse_dictionary
from messages import Headers

_OF_SECONDS: Final = frozenset({"max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"})
_OF_FIELDS: Final = frozenset({"no-cache", "private"})


def governing(headers: Headers, targets: Sequence[str]) -> tuple[Directives, bool]:
    """The directives, and whether a targeted field gave them: then Expires has no say either.

    `targets` are field names, the most specific first. One that is empty or no dictionary is passed
    over (RFC 9213, sections 2.1 and 2.2).
    """
    for name in targets:
        lines = headers.get_all(name)
        if lines:
            try:
                found = parse_dictionary(", ".join(lines))
            except ValueError:
                continue
            if found:
                return _directives(found), True
    return parse_directives(headers.get_all("cache-control")), False


def _directives(found: dict[str, Any]) -> Directives:
    return Directives(
        {name: [_argument(name, value)] for name, value in found.items() if value is not False}
    )


def _argument(name: str, value: Any) -> str | None:
    """The argument as Cache-Control would have it. One of another type than the directive takes is
    not made use of: seconds that are none make stale, and names of no field mean the whole."""
    if name in _OF_SECONDS:
        return str(value) if type(value) is int else ""
    return value if name in _OF_FIELDS and type(value) is str else None
