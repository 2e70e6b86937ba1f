"""Puts load on one address and reads what came of it: by wrk, or by load.mjs where wrk is missing.

wrk takes less of the processors that it shares with what it measures, so it is preferred. Both give
the times that were measured: report.lua takes wrk's correction for coordinated omission out again.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

import msgspec

_HERE: Final = Path(__file__).parent
_GRACE: Final = 30.0
"""Seconds that a generator may take beyond its time before it counts as stuck."""


class LoadError(Exception):
    """A measurement that cannot be trusted: requests failed, or the generator did."""


class Errors(msgspec.Struct, frozen=True):
    """Failed requests by kind; `status` counts answers that were not successful."""

    connect: int
    read: int
    write: int
    status: int
    timeout: int


class Sample(msgspec.Struct, frozen=True):
    """One measurement. Times in microseconds; `timed` requests went into the percentiles."""

    requests: int
    timed: int
    duration_us: int
    p50_us: int
    p99_us: int
    errors: Errors

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / (self.duration_us / 1e6)


_decoder = msgspec.json.Decoder(Sample)


class Generator(Protocol):
    """A load generator."""

    name: str

    def command(
        self, url: str, headers: Mapping[str, str], connections: int, seconds: float
    ) -> list[str]:
        """The command line that loads `url` and prints a `Sample` as the last line of JSON."""
        ...


class Wrk:
    """https://github.com/wg/wrk, one thread: the machine's other core belongs to workerd."""

    def __init__(self, program: str) -> None:
        self._program = program
        # wrk says its version only beside its usage, with exit code 1.
        usage = subprocess.run(
            [program, "-v"], capture_output=True, text=True, timeout=10, check=False
        )
        self.name = " ".join(usage.stdout.split()[:2]) or "wrk"

    def command(
        self, url: str, headers: Mapping[str, str], connections: int, seconds: float
    ) -> list[str]:
        fields = [part for field in headers.items() for part in ("-H", ": ".join(field))]
        options = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s"]
        script = ["-s", str(_HERE / "report.lua")]
        return [self._program, *options, *script, *fields, url, "--", str(connections)]


class NodeClient:
    """load.mjs, next to this file."""

    def __init__(self, node: Path) -> None:
        self._node = node
        self.name = "load.mjs (wrk is not installed)"

    def command(
        self, url: str, headers: Mapping[str, str], connections: int, seconds: float
    ) -> list[str]:
        settings = {
            "url": url,
            "headers": dict(headers),
            "connections": connections,
            "seconds": seconds,
        }
        return [str(self._node), str(_HERE / "load.mjs"), json.dumps(settings)]


def find_generator(node: Path) -> Generator:
    """wrk if it is installed, else our own on `node`."""
    wrk = shutil.which("wrk")
    return Wrk(wrk) if wrk else NodeClient(node)


def measure(
    generator: Generator, url: str, headers: Mapping[str, str], connections: int, seconds: float
) -> Sample:
    """Load `url` for `seconds`. Raises `LoadError` where any request failed."""
    command = generator.command(url, headers, connections, seconds)
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds + _GRACE, check=False
        )
    except subprocess.TimeoutExpired:
        raise LoadError(f"{generator.name} did not end in time at {url}") from None
    if run.returncode != 0:
        raise LoadError(f"{generator.name} failed at {url}: {run.stderr.strip()}")
    return parse(run.stdout)


def parse(output: str) -> Sample:
    """The sample in a generator's `output`. Raises `LoadError` where it is none, or a bad one."""
    lines = [line for line in output.splitlines() if line.startswith("{")]
    try:
        sample = _decoder.decode(lines[-1])
    except (IndexError, msgspec.DecodeError) as error:
        raise LoadError(f"the load generator printed no result: {output!r}") from error
    failed = {kind: count for kind, count in msgspec.to_builtins(sample.errors).items() if count}
    if failed:
        counts = ", ".join(f"{kind} {count}" for kind, count in failed.items())
        raise LoadError(f"of {sample.requests} requests some failed: {counts}")
    if sample.timed != sample.requests:
        raise LoadError(f"{sample.requests} requests, but {sample.timed} response times")
    if sample.requests == 0:
        raise LoadError("not a single request was answered")
    return sample
