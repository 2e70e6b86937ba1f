"""Freshness lifetimes (RFC 9111, section 4.2)."""

from typing import Final

from caching.ages import date_value
from caching.dates import parse_date
from caching.directives import Directives
from caching.settings import CacheRules
from messages import Headers

HEURISTIC: Final = frozenset({200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})
"""Heuristically cacheable status codes (RFC 9110, section 15.1)."""

_BY_DEFAULT: Final = frozenset({200, 203, 204, 300, 301, 308})
"""Of these, those that a route's own lifetime is for. An error that its service says nothing about
is not kept for as long as an answer."""


def explicit_lifetime(
    directives: Directives, headers: Headers, response_time: float, *, targeted: bool
) -> float | None:
    """What the response states, for a shared cache: s-maxage, max-age, Expires less Date.

    None where it states nothing. What cannot be read is stale (sections 4.2.1 and 5.3).
    """
    for name in ("s-maxage", "max-age"):
        seconds = directives.seconds(name)
        if seconds is not None:
            return seconds
    expires = None if targeted else headers.get("expires")
    if expires is None:
        return None
    when = parse_date(expires, response_time)
    return 0.0 if when is None else max(0.0, when - date_value(headers, response_time))


def assumed_lifetime(
    status: int, directives: Directives, headers: Headers, response_time: float, rules: CacheRules
) -> float | None:
    """What is assumed where the response states nothing: the route's lifetime, or the heuristic.

    None for a response that nothing makes cacheable (section 3, last item; section 4.2.2).
    """
    if status in rules.errors:
        return rules.errors[status]
    is_public = "public" in directives
    if status not in HEURISTIC and not is_public:
        return None
    if rules.default_ttl is not None:
        return rules.default_ttl if status in _BY_DEFAULT or is_public else 0.0
    modified = parse_date(headers.get("last-modified") or "", response_time)
    if modified is None:
        return 0.0
    passed = max(0.0, date_value(headers, response_time) - modified)
    return min(rules.heuristic_max, rules.heuristic_fraction * passed)
