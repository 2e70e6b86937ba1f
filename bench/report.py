"""A run as tables: one description, drawn in the terminal and written as Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table

from bench.matcher.workload import FEW, MANY, Timed
from bench.results import Measurement, Results
from bench.targets import TARGETS
from bench.validator.workload import Timed as Checked

_KINDS: Final = {
    "fetch": "fetch",
    "jsRpcSession": "RPC",
    "durable_object_subrequest": "Durable Object",
    "cache_match": "Cache API match",
    "cache_put": "Cache API put",
}
"""The runtime's span names, in words; others are shown as they are."""


class Sheet(NamedTuple):
    """A table before it is drawn. The first column is text, the others are numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def sheets(results: Results, before: Results | None = None) -> list[Sheet]:
    """The tables of `results`: times for each number of connections, then the calls.

    With `before`, each line shows what it was then. Ratios are compared, as they depend less on the
    machine's mood than times do.
    """
    numbers = sorted({measurement.connections for measurement in results.measurements})
    matching = [matching_sheet(results.matching)] if results.matching else []
    validation = [validation_sheet(results.validation)] if results.validation else []
    times = [_times(results, before, number) for number in numbers]
    return [
        *times,
        _authenticated(results),
        _limited(results),
        _calls(results),
        *matching,
        *validation,
    ]


def _times(results: Results, before: Results | None, connections: int) -> Sheet:
    columns = ["target", "p50 ms", "min-max", "p99 ms", "req/s", "p50 / floor", "p50 / peer"]
    if before is not None:
        columns += ["p50 before", "p50 / floor before", "now / before"]
    rows = []
    for target in TARGETS:
        measurement = results.find(target.name, connections)
        if measurement is None:
            continue
        floor = results.ratio(target.name, "floor", connections)
        peer = results.ratio(target.name, target.peer, connections) if target.peer else None
        row = [target.name, *_numbers(measurement), _ratio(floor), _ratio(peer)]
        if before is not None:
            row += _earlier(before, target.name, connections, floor)
        rows.append(row)
    plural = "connection" if connections == 1 else "connections"
    return Sheet(f"{connections} {plural}", columns, rows)


def _numbers(measurement: Measurement) -> list[str]:
    lowest, highest = min(measurement.p50_us), max(measurement.p50_us)
    return [
        _milliseconds(measurement.p50),
        f"{_milliseconds(lowest)}-{_milliseconds(highest)}",
        _milliseconds(measurement.p99),
        f"{measurement.requests_per_second:,.0f}",
    ]


def _earlier(before: Results, target: str, connections: int, now: float | None) -> list[str]:
    measurement = before.find(target, connections)
    then = before.ratio(target, "floor", connections)
    return [
        _milliseconds(measurement.p50) if measurement else "-",
        _ratio(then),
        _ratio(now / then if now and then else None),
    ]


def _authenticated(results: Results) -> Sheet:
    """What a token costs that was verified moments ago: the rest is the same as on public."""
    numbers = sorted({measurement.connections for measurement in results.measurements})
    return Sheet(
        "Authenticated, warm, beside public",
        ["gateway", *(f"p50 / public, {number}" for number in numbers)],
        [
            [name, *(_ratio(ratio) for ratio in ratios)]
            for name in ("gateway", "hono")
            if any(
                ratios := [
                    results.ratio(f"{name}/authenticated", f"{name}/public", number)
                    for number in numbers
                ]
            )
        ],
    )


_LIMITED: Final = (
    # target, the same without a limit
    ("gateway/auth+leased", "gateway/authenticated"),
    ("gateway/auth+limit", "gateway/authenticated"),
    ("hono/auth+limit", "hono/authenticated"),
    ("gateway/auth+leased+10ms", "gateway/authenticated"),
    ("gateway/auth+limit+10ms", "gateway/authenticated"),
    ("hono/auth+limit+10ms", "hono/authenticated"),
)


def _limited(results: Results) -> Sheet:
    """What a limit costs: with permits in leases, asked for each time, and by the peer; the last
    three with objects that are 10 ms away."""
    numbers = sorted({measurement.connections for measurement in results.measurements})
    rows = []
    for target, unlimited in _LIMITED:
        ratios = [results.ratio(target, unlimited, number) for number in numbers]
        calls = results.calls.get(target, {}).get("durable_object_subrequest", 0.0)
        if any(ratios):
            rows.append([target, *map(_ratio, ratios), _count(calls)])
    columns = ["target", *(f"p50 / unlimited, {number}" for number in numbers)]
    return Sheet(
        "Limited, warm, beside the same without a limit", [*columns, "object calls / request"], rows
    )


def _calls(results: Results) -> Sheet:
    met = {kind for calls in results.calls.values() for kind in calls}
    kinds = [kind for kind in _KINDS if kind in met] + sorted(met - set(_KINDS))
    return Sheet(
        "Calls for each request, warm",
        ["target", *(_KINDS.get(kind, kind) for kind in kinds), "all"],
        [
            [
                target,
                *(_count(calls.get(kind, 0.0)) for kind in kinds),
                _count(sum(calls.values())),
            ]
            for target, calls in results.calls.items()
        ],
    )


def matching_sheet(times: Mapping[str, Timed]) -> Sheet:
    """What matching costs, for each runtime."""
    return Sheet(
        f"Matching with {FEW} and with {MANY:,} routes",
        [
            "runtime",
            f"us, {FEW}",
            f"us, {MANY:,}",
            "ratio",
            "ratio, any route",
            "decode ms",
            "index ms",
            "first look-up ms",
        ],
        [
            [
                runtime,
                f"{timed.few_us:.1f}",
                f"{timed.many_us:.1f}",
                _ratio(timed.ratio),
                _ratio(timed.ratio_any),
                f"{timed.decode_ms:.0f}",
                f"{timed.index_ms:.0f}",
                f"{timed.first_ms:.0f}",
            ]
            for runtime, timed in times.items()
        ],
    )


def validation_sheet(times: Mapping[str, Checked]) -> Sheet:
    """What it costs to check a body, for each runtime."""
    return Sheet(
        "Checking a body against its schema",
        ["runtime", "bytes", "decode us", "check us", "with 6 errors us", "first use ms"],
        [
            [
                runtime,
                f"{timed.size}",
                f"{timed.decode_us:.1f}",
                f"{timed.check_us:.1f}",
                f"{timed.errors_us:.1f}",
                f"{timed.build_ms:.2f}",
            ]
            for runtime, timed in times.items()
        ],
    )


def _milliseconds(microseconds: float) -> str:
    return f"{microseconds / 1000:.2f}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _count(value: float) -> str:
    return f"{value:g}" if value else "-"


def draw(console: Console, results: Results, before: Results | None) -> None:
    """Print `results` to the terminal."""
    for sheet in sheets(results, before):
        draw_sheet(console, sheet)
    for remark in results.remarks:
        console.print(f"Remark: {remark}.", soft_wrap=True, highlight=False)


def draw_sheet(console: Console, sheet: Sheet) -> None:
    """Print one table to the terminal."""
    table = Table(title=sheet.title, title_justify="left")
    for position, column in enumerate(sheet.columns):
        table.add_column(column, justify="right" if position else "left", no_wrap=True)
    for row in sheet.rows:
        table.add_row(*row)
    console.print(table)


def markdown(results: Results, before: Results | None) -> str:
    """The text of RESULTS.md."""
    parts = [
        "# Benchmark results\n",
        "Written by `make bench`. What it means: [docs/benchmarks.md](../docs/benchmarks.md).\n",
        f"{results.date}. Medians of {results.rounds} interleaved rounds of {results.seconds} s.\n",
        *(f"- {name}: {value}" for name, value in results.machine.items()),
    ]
    for sheet in sheets(results, before):
        parts += [f"\n## {sheet.title}\n", *_pipe_table(sheet)]
    if results.remarks:
        parts += ["\n## Remarks\n", *(f"- {remark}." for remark in results.remarks)]
    return "\n".join(parts) + "\n"


def _pipe_table(sheet: Sheet) -> Iterable[str]:
    yield f"| {' | '.join(sheet.columns)} |"
    yield f"|---|{'---:|' * (len(sheet.columns) - 1)}"
    for row in sheet.rows:
        yield f"| {' | '.join(row)} |"
