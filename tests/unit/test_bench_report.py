"""What the harness makes of its samples: medians, ratios, calls for each request, tables."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.load import Errors, Sample
from bench.matcher.workload import Timed
from bench.matching import too_slow
from bench.report import markdown, sheets
from bench.results import (
    ComparisonError,
    Measurement,
    Results,
    per_request,
    read,
    write,
)

NO_ERRORS = Errors(connect=0, read=0, write=0, status=0, timeout=0)


def measurement(target: str, *p50_us: int) -> Measurement:
    made = Measurement(target=target, connections=1)
    for value in p50_us:
        made.add(
            Sample(
                requests=2000,
                timed=2000,
                duration_us=1_000_000,
                p50_us=value,
                p99_us=value * 3,
                errors=NO_ERRORS,
            )
        )
    return made


def results(*measurements: Measurement) -> Results:
    return Results(
        date="2026-11-23 12:00 UTC",
        machine={"CPU": "a"},
        rounds=3,
        seconds=1,
        measurements=list(measurements),
        calls={"floor": {"fetch": 1.0}, "gateway/public": {"fetch": 1.0, "jsRpcSession": 0.05}},
    )


RUN = results(
    measurement("floor", 500, 400, 900),
    measurement("gateway/public", 600, 650, 640),
    measurement("hono/public", 320, 300, 340),
)


def rows(run: Results, before: Results | None = None) -> dict[str, dict[str, str]]:
    sheet = sheets(run, before)[0]
    return {row[0]: dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows}


def test_one_slow_round_does_not_move_a_median() -> None:
    assert rows(RUN)["floor"]["p50 ms"] == "0.50"
    assert rows(RUN)["floor"]["min-max"] == "0.40-0.90"


@pytest.mark.parametrize(
    ("p50_us", "unsteady"),
    [((400, 799), []), ((400, 800), ["floor at 1"]), ((900, 500, 400), ["floor at 1"])],
)
def test_a_run_on_a_busy_machine_says_so(p50_us: tuple[int, ...], unsteady: list[str]) -> None:
    assert results(measurement("floor", *p50_us)).unsteady() == unsteady


@pytest.mark.parametrize(
    ("target", "floor", "peer"),
    [("floor", "1.00", "-"), ("gateway/public", "1.28", "2.00"), ("hono/public", "0.64", "-")],
)
def test_ratios_are_those_of_the_medians(target: str, floor: str, peer: str) -> None:
    row = rows(RUN)[target]
    assert (row["p50 / floor"], row["p50 / peer"]) == (floor, peer)


def test_a_comparison_shows_how_the_ratio_to_the_floor_has_changed() -> None:
    twice_as_slow = results(measurement("floor", 1000), measurement("gateway/public", 2560))
    row = rows(RUN, twice_as_slow)["gateway/public"]
    assert row["p50 before"] == "2.56"
    assert row["p50 / floor before"] == "2.56"
    assert row["now / before"] == "0.50"


def test_a_target_that_is_new_has_nothing_to_compare_with() -> None:
    row = rows(RUN, results(measurement("floor", 500)))["gateway/public"]
    assert (row["p50 before"], row["now / before"]) == ("-", "-")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"fetch": 20}, {"fetch": 1.0}),
        ({"fetch": 7}, {"fetch": 27, "cache_match": 20}, {"cache_match": 1.0, "fetch": 1.0}),
        ({"jsRpcSession": 3}, {"jsRpcSession": 4}, {"jsRpcSession": 0.05}),
        ({"fetch": 3}, {"fetch": 3}, {}),
    ],
)
def test_calls_are_the_difference_of_two_totals(
    before: dict[str, int], after: dict[str, int], expected: dict[str, float]
) -> None:
    assert per_request(before, after, 20) == expected


def test_what_a_token_costs_is_told_beside_the_public_route() -> None:
    authenticated = [measurement("gateway/authenticated", 800), measurement("hono/public", 300)]
    text = markdown(results(measurement("gateway/public", 640), *authenticated), None)
    assert "| gateway | p50 / public, 1 |\n|---|---:|\n| gateway | 1.25 |\n\n" in text


def test_calls_are_shown_by_kind_and_in_all() -> None:
    text = markdown(RUN, None)
    assert "| target | fetch | RPC | all |" in text
    assert "| gateway/public | 1 | 0.05 | 1.05 |" in text


TIMED = Timed(
    few_us=2.0,
    many_us=3.2,
    ratio=1.6,
    ratio_any=1.9,
    decode_ms=12.3,
    index_ms=45.6,
    first_ms=7.8,
)


def test_matching_has_a_table_of_its_own() -> None:
    text = markdown(replace(RUN, matching={"workerd": TIMED}), None)
    assert "## Matching with 10 and with 10,000 routes" in text
    assert "| workerd | 2.0 | 3.2 | 1.60 | 1.90 | 12 | 46 | 8 |" in text
    assert "Matching" not in markdown(RUN, None)


def test_a_look_up_that_grows_with_the_table_is_remarked_on() -> None:
    steady = replace(TIMED, ratio=1.5)
    assert too_slow({"CPython": steady}) == []
    assert ["1.60 times" in remark for remark in too_slow({"CPython": TIMED})] == [True]


def test_a_run_reads_back_as_it_was_written(tmp_path: Path) -> None:
    write(RUN, tmp_path / "RESULTS.json")
    assert read(tmp_path / "RESULTS.json") == RUN


@pytest.mark.parametrize("content", [None, "", "{}", '{"date": 1}'])
def test_what_is_no_earlier_run_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "RESULTS.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ComparisonError, match=r"RESULTS\.json"):
        read(path)
