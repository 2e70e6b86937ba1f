"""Statistics of the cache: what is counted, when it is told, and how it is shown."""

import json
from collections.abc import Coroutine
from typing import Any

import pytest

from admin.cache import CacheEndpoints
from admin.endpoint import Asked
from caching.counting import Counting, Counts
from caching.settings import CacheRules
from cli.main import main
from cli.remote import Remote
from contract import cache_statistics
from contract.cache_statistics import CountsReport, Row, begin
from contract.problems import Problem
from messages import Exchange, Response
from policies.cache import Cache
from tests.unit.fakes import (
    NOW,
    FakeCounts,
    FakePlatform,
    FakeStore,
    exchange,
    json_response,
    run,
)


class Isolate:
    """A cache that counts; what it has to tell is told when the test says so."""

    def __init__(self) -> None:
        self.objects, self.counts = FakeCounts(), Counts()
        counting = Counting(self.objects, self.counts, FakePlatform().pause)
        rules = CacheRules(default_ttl=60.0, stale_while_revalidate=30.0)
        self.cache = Cache(rules, FakeStore(), counting=counting)
        self.deferred: list[Coroutine[Any, Any, None]] = []

    def ask(self, method: str = "GET", *, later: float = 0.0) -> None:
        one = exchange(method, now=NOW + later, deferred=self.deferred)
        run(self.cache(one, self.service))
        for work in [work for work in self.deferred if "_tell" not in repr(work)]:
            self.deferred.remove(work)
            run(work)

    async def service(self, _exchange: Exchange) -> Response:
        return json_response(b'"12345678"', etag='"1"')

    def tell(self) -> None:
        while self.deferred:
            run(self.deferred.pop(0))

    def told(self) -> list[tuple[str, str, int, int]]:
        return [
            (row.outcome, row.tier, row.requests, row.size)
            for report in self.objects.reports
            for row in report.rows
        ]


def test_outcomes_are_counted_and_told_at_once() -> None:
    isolate = Isolate()
    isolate.ask()
    isolate.ask()
    isolate.ask("HEAD")
    isolate.ask("POST")
    isolate.ask(later=70.0)
    assert isolate.told() == []
    isolate.tell()
    assert isolate.told() == [
        ("miss", "", 1, 0),
        ("hit", "kv", 2, 20),
        ("bypass", "", 1, 0),
        ("stale", "kv", 1, 10),
    ]
    assert len(isolate.objects.reports) <= 2


def test_what_could_not_be_told_is_told_later() -> None:
    isolate = Isolate()
    isolate.objects.down = True
    isolate.ask()
    isolate.tell()
    isolate.objects.down = False
    isolate.ask(later=1.0)
    isolate.tell()
    assert isolate.told() == [("miss", "", 1, 0), ("hit", "kv", 1, 10)]


def test_one_timer_at_a_time_and_another_where_it_was_lost() -> None:
    isolate = Isolate()
    isolate.ask()
    isolate.ask(later=5.0)
    assert len(isolate.deferred) == 1
    isolate.ask(later=2 * Counting.EVERY)
    assert len(isolate.deferred) == 2
    isolate.tell()


def test_counts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("caching.counting.MAX_ROWS", 1)
    counts = Counts()
    counts.add(("a", "hit", ""), 1, 1)
    counts.add(("b", "hit", ""), 1, 1)
    counts.add(("a", "hit", ""), 1, 1)
    assert counts.take().rows == (Row(route="a", outcome="hit", requests=2, size=2),)
    assert counts.take().rows == ()


def test_hours_are_full_ones() -> None:
    assert begin(NOW + 1800, 1) == NOW
    assert begin(NOW + 1800, cache_statistics.MAX_HOURS) == NOW - 47 * 3600


def shown(query: dict[str, str]) -> Any:
    objects = FakeCounts()
    rows = [("a", "hit", "kv", 6, 600), ("a", "miss", "", 3, 0), ("a", "validated", "kv", 1, 9)]
    rows += [("a", "bypass", "", 90, 0), ("b", "bypass", "", 2, 0)]
    names = ("route", "outcome", "tier", "requests", "size")
    report = CountsReport(rows=tuple(Row(**dict(zip(names, row, strict=True))) for row in rows))  # type: ignore[arg-type]
    run(objects.count(report, timeout=1))
    stats, _ = CacheEndpoints(objects, None).endpoints()  # type: ignore[arg-type]
    answer: Response = run(stats.handler(Asked(exchange(), {}, query, b"", {})))  # type: ignore[arg-type]
    assert isinstance(answer.body, bytes)
    return json.loads(answer.body)


def test_routes_are_summed() -> None:
    said = shown({"hours": "48"})
    assert [(one["route"], one["requests"], one["hit_ratio"]) for one in said["routes"]] == [
        ("a", 100, 0.6),
        ("b", 2, None),
    ]
    assert said["routes"][0]["tiers"] == {"kv": 7}
    assert (said["all"]["bytes_saved"], said["all"]["requests"]) == (609, 102)


@pytest.mark.parametrize("hours", ["0", "49", "0480", "0010" + "0" * 3000, "x", "-1", "", "²"])
def test_hours_that_are_not_kept_are_refused(hours: str) -> None:
    with pytest.raises(Problem, match="48"):
        shown({"hours": hours})


def test_the_command_shows_a_line_for_each_route(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Remote, "json", lambda *_: shown({}))
    monkeypatch.setenv("GATEWAY_TOKEN", "x")
    assert main(["cache", "stats"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["a", "100", "60.0%", "6", "0", "0", "1", "3", "90", "609", "B"] in lines
    assert any(line[:3] == ["all", "102", "60.0%"] for line in lines)
