"""What came of requests: counted in the isolate, told to the `CacheStatistics` object in batches.

Nothing waits for it. What an isolate has not told when it ends is lost, and so is what the object
does not take for long.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from contract.cache_statistics import MAX_ROWS, CountsReport, Row
from messages import Exchange
from ports import CacheCounts, Unavailable


class Counts:
    """Those of one isolate, whichever table answers."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], list[int]] = {}
        """Requests and bytes, by route, outcome and tier."""
        self.told_at = float("-inf")
        """When somebody last set out to tell them (Unix seconds)."""

    def add(self, key: tuple[str, str, str], requests: int, size: int) -> None:
        """Beyond `MAX_ROWS`, what is new is left out."""
        row = self.rows.get(key)
        if row is not None:
            row[0] += requests
            row[1] += size
        elif len(self.rows) < MAX_ROWS:
            self.rows[key] = [requests, size]

    def take(self) -> CountsReport:
        """All of them, which then begin anew."""
        rows, self.rows = self.rows, {}
        return CountsReport(
            rows=tuple(
                Row(route=route, outcome=outcome, tier=tier, requests=requests, size=size)
                for (route, outcome, tier), (requests, size) in rows.items()
            )
        )

    def give_back(self, report: CountsReport) -> None:
        """Count again what could not be told."""
        for row in report.rows:
            self.add((row.route, row.outcome, row.tier), row.requests, row.size)


class Counting:
    """Notes what the requests of an isolate came to."""

    EVERY: Final = 5.0
    """Seconds for which counts are gathered before they are told."""

    TIMEOUT: Final = 2.0

    def __init__(
        self, objects: CacheCounts, counts: Counts, pause: Callable[[float], Awaitable[Any]]
    ) -> None:
        self._objects = objects
        self._counts = counts
        self._pause = pause

    def note(self, exchange: Exchange, outcome: str, tier: str, size: int) -> None:
        """Count one request."""
        counts, route = self._counts, exchange.route
        counts.add((route.name if route is not None else "", outcome, tier), 1, size)
        # Again where nobody came back: a request that was given up takes its timer with it.
        if exchange.now >= counts.told_at + 2 * self.EVERY:
            counts.told_at = exchange.now
            exchange.defer(self._tell())

    async def _tell(self) -> None:
        await self._pause(self.EVERY)
        report = self._counts.take()
        self._counts.told_at = float("-inf")
        try:
            await self._objects.count(report, timeout=self.TIMEOUT)
        except Unavailable:
            self._counts.give_back(report)
