"""`python -m bench`: measures in one run, prints the tables, writes RESULTS.md and RESULTS.json."""

import argparse
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bench import results as files
from bench.counting import CountingError, count_calls
from bench.load import Generator, LoadError, Sample, find_generator, measure
from bench.machine import describe
from bench.matching import measure_matching, too_slow
from bench.preflight import PreflightError, check
from bench.report import draw, markdown
from bench.results import ComparisonError, Measurement, Results
from bench.targets import TARGETS, Target, headers_for
from bench.validation import measure_validation
from bench.workers import Running, running
from cli.check import render
from cli.compile_table import TableErrors
from runtime.host import HostError
from runtime.toolchain import ToolchainError, node

CONNECTIONS = (1, 16)
WIDTH = 160
"""Columns that the tables may take; a narrower terminal breaks lines, but keeps the figures."""
WARM_UP = 1
"""Seconds of unmeasured load on each target before the first round."""

_EXPECTED = (
    ComparisonError,
    CountingError,
    HostError,
    LoadError,
    PreflightError,
    ToolchainError,
)


def main() -> int:
    """Run and say how it went, as an exit code."""
    options = _options()
    # As Ctrl-C does, so that the Workers are ended and their state is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console()
    if console.width < WIDTH:
        console = Console(width=WIDTH)
    try:
        before = files.read(options.compare) if options.compare else None
        results = run(console, find_generator(node()), options.rounds, options.seconds)
    except TableErrors as wrong:
        print(render(wrong.errors), file=sys.stderr)
        return 1
    except _EXPECTED as error:
        print(f"bench: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    files.write(results, options.output / "RESULTS.json")
    (options.output / "RESULTS.md").write_text(markdown(results, before), encoding="utf-8")
    draw(console, results, before)
    console.print(f"Written to {options.output}/RESULTS.md and RESULTS.json.")
    return 0


def run(console: Console, generator: Generator, rounds: int, seconds: int) -> Results:
    """Measure and count. Raises `CountingError`, `LoadError`, `PreflightError`."""
    machine = describe(generator.name)
    for name, value in machine.items():
        console.print(f"{name}: {value}", highlight=False, soft_wrap=True)
    # First what takes seconds: a Worker that does not start is known before minutes are spent.
    with running(counting=True) as workers:
        check(workers.urls, workers.token)
        calls = count_calls(workers.urls, workers.urls[workers.counter], workers.token)
    matching = measure_matching()
    validation = measure_validation()
    with running(counting=False) as workers:
        remarks = check(workers.urls, workers.token)
        measurements = _measure_all(console, generator, workers, rounds, seconds)
        check(workers.urls, workers.token)
    results = Results(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        machine=machine,
        rounds=rounds,
        seconds=seconds,
        measurements=measurements,
        calls=calls,
        remarks=remarks,
        matching=matching,
        validation=validation,
    )
    remarks += too_slow(matching)
    unsteady = results.unsteady()
    if unsteady:
        remarks.append(
            "Something else kept the machine busy, so measure again before you rely on this: "
            f"a round took twice as long as another for {', '.join(unsteady)}"
        )
    return results


def _measure_all(
    console: Console, generator: Generator, workers: Running, rounds: int, seconds: int
) -> list[Measurement]:
    """Every target in every round, in an order that turns: nobody always follows the same one."""
    measurements = {
        (target.name, number): Measurement(target=target.name, connections=number)
        for target in TARGETS
        for number in CONNECTIONS
    }
    steps = len(TARGETS) * (1 + rounds * len(CONNECTIONS))
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Warming up", total=steps)
        for target in TARGETS:
            _load(generator, workers, target, max(CONNECTIONS), WARM_UP)
            progress.advance(task)
        for number in range(rounds):
            progress.update(task, description=f"Round {number + 1} of {rounds}")
            first = number % len(TARGETS)
            for connections in CONNECTIONS:
                for target in (*TARGETS[first:], *TARGETS[:first]):
                    sample = _load(generator, workers, target, connections, seconds)
                    measurements[target.name, connections].add(sample)
                    progress.advance(task)
    return list(measurements.values())


def _load(
    generator: Generator, workers: Running, target: Target, connections: int, seconds: int
) -> Sample:
    url = workers.urls[target.worker].rstrip("/") + target.path
    headers = headers_for(target, workers.token)
    try:
        return measure(generator, url, headers, connections, seconds)
    except LoadError as error:
        raise LoadError(f"{target.name}, connections {connections}: {error}") from None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("ROUNDS", "5")))
    parser.add_argument(
        "--seconds",
        type=int,
        default=int(os.environ.get("SECONDS", "2")),
        help="for each target, number of connections and round",
    )
    parser.add_argument("--compare", type=Path, metavar="RESULTS.json", help="an earlier run")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent, metavar="FOLDER")
    options = parser.parse_args()
    if options.rounds < 1 or options.seconds < 1:
        parser.error("rounds and seconds are at least 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
