"""What the harness reads from a load generator, and what it refuses to take for a result."""

import json

import pytest

from bench.load import LoadError, parse

ERRORS = {"connect": 0, "read": 0, "write": 0, "status": 0, "timeout": 0}
RESULT = {
    "requests": 4000,
    "timed": 4000,
    "duration_us": 2_000_000,
    "p50_us": 480,
    "p99_us": 1900,
}

WRK_OUTPUT = """\
Running 2s test @ http://127.0.0.1:8751/
  1 threads and 1 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   500.10us  120.00us   4.21ms   92.00%
    Req/Sec     2.00k   101.00     2.30k    70.00%
  4000 requests in 2.00s, 4.50MB read
Requests/sec:   2000.00
Transfer/sec:      2.25MB
"""


def line(**changes: object) -> str:
    return json.dumps({**RESULT, "errors": ERRORS, **changes}) + "\n"


def test_the_result_is_the_line_of_json_behind_wrks_own_text() -> None:
    sample = parse(WRK_OUTPUT + line())
    assert (sample.p50_us, sample.p99_us, sample.requests) == (480, 1900, 4000)
    assert sample.rate == 2000.0


@pytest.mark.parametrize("kind", sorted(ERRORS))
def test_a_single_failed_request_spoils_the_measurement(kind: str) -> None:
    with pytest.raises(LoadError, match=f"{kind} 1"):
        parse(line(errors={**ERRORS, kind: 1}))


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("", "printed no result"),
        (WRK_OUTPUT, "printed no result"),
        ('{"requests": 1}', "printed no result"),
        ('{"requests": ', "printed no result"),
        (line(requests=0, timed=0), "not a single request"),
        (line(timed=3999), "3999 response times"),
    ],
)
def test_what_is_no_result_is_refused(output: str, message: str) -> None:
    with pytest.raises(LoadError, match=message):
        parse(output)
