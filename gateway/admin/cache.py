"""`/-/cache/stats`: what came of requests to routes with a cache, by route."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from admin.endpoint import Asked, Endpoint, answer
from contract.cache_statistics import MAX_HOURS, Row
from contract.operators import STATUS
from contract.problems import INVALID_CONTENT, Problem
from messages import Response
from ports import CacheCounts

_TIMEOUT: Final = 5.0
_FROM_THE_STORE: Final = ("hit", "stale", "collapsed")
"""The service was not asked for the answer that went out."""
_NOT_FOR_IT: Final = "bypass"


class CacheEndpoints:
    """Shows statistics of the cache."""

    def __init__(self, counts: CacheCounts) -> None:
        self._counts = counts

    def endpoints(self) -> tuple[Endpoint, ...]:
        """All of them."""
        return (Endpoint("cache.stats", "GET", "cache/stats", STATUS, self._stats),)

    async def _stats(self, asked: Asked) -> Response:
        """Of the latest `hours`, 24 where it is not said."""
        text = asked.query.get("hours", "24")
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:3]) <= MAX_HOURS):
            raise Problem(INVALID_CONTENT, f"`hours` is from 1 to {MAX_HOURS}.")
        found = await self._counts.sums(int(text), timeout=_TIMEOUT)
        by_route: dict[str, list[Row]] = defaultdict(list)
        for row in found.rows:
            by_route[row.route].append(row)
        routes = [{"route": name, **_summed(rows)} for name, rows in by_route.items()]
        return answer({"since": found.since, "all": _summed(found.rows), "routes": routes})


def _summed(rows: Iterable[Row]) -> dict[str, Any]:
    outcomes: dict[str, int] = defaultdict(int)
    tiers: dict[str, int] = defaultdict(int)
    size = 0
    for row in rows:
        outcomes[row.outcome] += row.requests
        if row.tier:
            tiers[row.tier] += row.requests
        size += row.size
    asked = sum(outcomes.values()) - outcomes.get(_NOT_FOR_IT, 0)
    stored = sum(outcomes.get(name, 0) for name in _FROM_THE_STORE)
    return {
        "requests": sum(outcomes.values()),
        "hit_ratio": round(stored / asked, 4) if asked else None,
        "outcomes": outcomes,
        "tiers": tiers,
        "bytes_saved": size,
    }
