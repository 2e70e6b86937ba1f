"""`/-/cache/stats` and `/-/cache/explain`: how many requests the store has answered, and what it
would make of one more. Neither changes anything."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from admin.endpoint import Asked, Endpoint, answer, number
from contract.cache_statistics import MAX_HOURS, Row
from contract.operators import STATUS
from contract.problems import INVALID_CONTENT, Problem
from messages import Exchange, Headers, Request, Response
from policies.cache import Cache
from ports import CacheCounts
from tables.live import Tables

_TIMEOUT: Final = 5.0
_FROM_THE_STORE: Final = ("hit", "stale", "collapsed")
"""The service was not asked for the answer that went out."""
_NOT_FOR_IT: Final = "bypass"
_MAX_FIELDS: Final = 50


class CacheEndpoints:
    """Shows statistics of the cache, and why it does what it does."""

    def __init__(self, counts: CacheCounts, tables: Tables) -> None:
        self._counts = counts
        self._tables = tables

    def endpoints(self) -> tuple[Endpoint, ...]:
        """All of them."""
        return (
            Endpoint("cache.stats", "GET", "cache/stats", STATUS, self._stats),
            Endpoint("cache.explain", "GET", "cache/explain", STATUS, self._explain),
        )

    async def _explain(self, asked: Asked) -> Response:
        """Of `url` and `headers`, a field a line, as the table that answers everybody has it."""
        one = _request_of(asked)
        route = self._tables.current.locate(one)
        version = route.version.name if route.version is not None else None
        said: dict[str, Any] = {"route": route.name, "version": version}
        policies = [step.policy for step in route.steps() if isinstance(step.policy, Cache)]
        if not policies:
            because = "the route has no `cache`"
            return answer(said | {"outcome": "uncached", "because": because})
        return answer(said | await policies[0].explain(one))

    async def _stats(self, asked: Asked) -> Response:
        """Of the latest `hours`, 24 where it is not said."""
        hours = number(asked.query.get("hours", "24"), 1, MAX_HOURS)
        if hours is None:
            raise Problem(INVALID_CONTENT, f"`hours` is from 1 to {MAX_HOURS}.")
        found = await self._counts.sums(hours, timeout=_TIMEOUT)
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


def _request_of(asked: Asked) -> Exchange:
    """The request that is asked about. Raises `Problem`."""
    try:
        url = urlsplit(asked.query.get("url", ""))
        host = url.netloc.rpartition("@")[2].lower()
    except ValueError:
        raise _NO_URL from None
    if url.scheme not in ("http", "https") or not host:
        raise _NO_URL
    lines = asked.query.get("headers", "").splitlines()[:_MAX_FIELDS]
    fields = [line.partition(":") for line in lines]
    headers = Headers([(name.strip().lower(), value.strip()) for name, _, value in fields if name])
    method = asked.query.get("method", "GET").upper()
    request = Request(method, url.path or "/", url.query, headers, host=host, scheme=url.scheme)
    own = asked.exchange
    return Exchange(
        request,
        request_id=own.request_id,
        client_address=own.client_address,
        now=own.now,
        defer=own.defer,
    )


_NO_URL: Final = Problem(INVALID_CONTENT, "`url` has to be an absolute URL, as clients have it.")
