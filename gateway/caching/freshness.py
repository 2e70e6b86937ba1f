"""Freshness lifetimes (RFC 9111, section 4.2)."""

from typing import Final

from caching.ages import date_value
from caching.dates import parse_date
from caching.directives import Directives
from caching.settings import CacheRules
from messages import Headers

HEURISTIC: Final = frozenset({200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})
"""Heuristically cacheable status codes (RFC 9110, section 15.1)."""

_ASSUMED: Final = frozenset({200, 203, 204, 300, 301, 308})
"""Of these, those for which a lifetime is assumed. An error that its service says nothing about is
not kept for as long as an answer."""


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


def may_be_kept(status: int, directives: Directives, rules: CacheRules) -> bool:
    """Whether anything makes a response cacheable that states no lifetime (section 3, last)."""
    return status in HEURISTIC or status in rules.errors or "public" in directives


def assumed_lifetime(
    status: int, directives: Directives, headers: Headers, response_time: float, rules: CacheRules
) -> float | None:
    """What the route says where the response states nothing: a lifetime, or the heuristic of
    section 4.2.2. None where that says nothing either: it is stale from the beginning."""
    if status in rules.errors:
        return rules.errors[status]
    if status not in _ASSUMED and "public" not in directives:
        return None
    if rules.default_ttl is not None:
        return rules.default_ttl
    modified = parse_date(headers.get("last-modified") or "", response_time)
    if not rules.heuristic_fraction or modified is None:
        return None
    passed = max(0.0, date_value(headers, response_time) - modified)
    return min(rules.heuristic_max, rules.heuristic_fraction * passed)
