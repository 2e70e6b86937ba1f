"""What a run found out, as it is written to RESULTS.json and read again for a comparison."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median

import msgspec

from bench.load import Sample
from bench.matcher.workload import Timed
from bench.validator.workload import Timed as Checked


class ComparisonError(Exception):
    """The earlier run cannot be read."""


class Measurement(msgspec.Struct, kw_only=True):
    """One target at one number of connections: a value for each round, times in microseconds."""

    target: str
    connections: int
    p50_us: list[int] = []
    p99_us: list[int] = []
    rate: list[float] = []

    def add(self, sample: Sample) -> None:
        """Take in another round."""
        self.p50_us.append(sample.p50_us)
        self.p99_us.append(sample.p99_us)
        self.rate.append(round(sample.rate, 1))

    @property
    def p50(self) -> float:
        """Median of the rounds' medians, in microseconds."""
        return median(self.p50_us)

    @property
    def p99(self) -> float:
        """Median of the rounds' 99th percentiles, in microseconds."""
        return median(self.p99_us)

    @property
    def requests_per_second(self) -> float:
        """Median of the rounds' rates."""
        return median(self.rate)


class Results(msgspec.Struct, kw_only=True):
    """A whole run."""

    date: str
    machine: dict[str, str]
    rounds: int
    seconds: int
    measurements: list[Measurement]
    calls: dict[str, dict[str, float]]
    """By target: calls for each request, by the name of the runtime's span."""
    remarks: list[str] = []
    matching: dict[str, Timed] = {}
    """By runtime: what matching costs with few and with many routes."""
    validation: dict[str, Checked] = {}
    """By runtime: what it costs to check a body against its schema."""

    def find(self, target: str, connections: int) -> Measurement | None:
        """The measurement of `target`, if there is one."""
        for measurement in self.measurements:
            if (measurement.target, measurement.connections) == (target, connections):
                return measurement
        return None

    def unsteady(self) -> list[str]:
        """Targets whose p50 was twice as long, or more, in one round as in another."""
        return [
            f"{measurement.target} at {measurement.connections}"
            for measurement in self.measurements
            if max(measurement.p50_us) >= 2 * min(measurement.p50_us)
        ]

    def ratio(self, target: str, other: str, connections: int) -> float | None:
        """How many times as long `target` takes as `other`, by p50."""
        one, two = self.find(target, connections), self.find(other, connections)
        return one.p50 / two.p50 if one and two and two.p50 else None


def read(path: Path) -> Results:
    """Read what `write` wrote. Raises `ComparisonError`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Results)
    except (msgspec.DecodeError, OSError) as error:
        raise ComparisonError(f"{path} is no earlier run: {error}") from error


def write(results: Results, path: Path) -> None:
    """Write `results` as JSON that people can read as well."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")


def per_request(before: Mapping[str, int], after: Mapping[str, int], n: int) -> dict[str, float]:
    """How often each kind was counted for each of `n` requests between two totals."""
    grown = {kind: count - before.get(kind, 0) for kind, count in after.items()}
    return {kind: round(count / n, 3) for kind, count in sorted(grown.items()) if count}
