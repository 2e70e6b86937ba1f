"""`CacheStatistics`: what came of requests to routes with a cache, summed by the hour."""

import time
from typing import Any, Final

import msgspec
from workers import DurableObject

from contract.cache_statistics import (
    MAX_HOURS,
    MAX_ROWS_KEPT,
    CountsReport,
    Row,
    Statistics,
    StatisticsRequest,
    begin,
)

_decode_report = msgspec.json.Decoder(CountsReport).decode
_decode_request = msgspec.json.Decoder(StatisticsRequest).decode
_encode = msgspec.json.Encoder().encode

_TABLE: Final = """CREATE TABLE IF NOT EXISTS counts (
    hour INTEGER, route TEXT, outcome TEXT, tier TEXT, requests INTEGER, size INTEGER,
    PRIMARY KEY (hour, route, outcome, tier)) WITHOUT ROWID"""
_ADD: Final = """INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE
    SET requests = requests + excluded.requests, size = size + excluded.size"""
_SUMS: Final = """SELECT route, outcome, tier, SUM(requests) AS requests, SUM(size) AS size
    FROM counts WHERE hour >= ? GROUP BY route, outcome, tier ORDER BY route, outcome, tier"""


class CacheStatistics(DurableObject):  # type: ignore[misc]
    """The one object of its class is named by `contract.cache_statistics.STATISTICS`."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        # The raw storage: its calls take and give plain values.
        self._run = ctx._ctx.storage.sql.exec  # noqa: SLF001
        self._run(_TABLE)

    def count(self, request: str) -> str:
        """Add to this hour's counts: a JSON `CountsReport` in, "ok" out."""
        rows, now = _decode_report(request).rows, time.time()
        self._run("DELETE FROM counts WHERE hour < ?", begin(now, MAX_HOURS))
        kept = self._run("SELECT COUNT(*) AS rows FROM counts").one().rows
        hour = begin(now, 1)
        for row in rows[: max(0, MAX_ROWS_KEPT - int(kept))]:
            self._run(_ADD, hour, row.route, row.outcome, row.tier, row.requests, row.size)
        return "ok"

    def sums(self, request: str) -> str:
        """A JSON `StatisticsRequest` in, a JSON `Statistics` out."""
        since = begin(time.time(), _decode_request(request).hours)
        rows = tuple(
            Row(
                route=row.route,
                outcome=row.outcome,
                tier=row.tier,
                requests=int(row.requests),
                size=int(row.size),
            )
            for row in self._run(_SUMS, since).toArray()
        )
        return _encode(Statistics(since=since, rows=rows)).decode()

    def ping(self) -> str:
        """Answer "ok" if SQLite works."""
        return "ok" if self._run("SELECT 1 AS one").one().one == 1 else "storage failed"
