"""The log line of each request: one JSON object with all that finds and explains a request."""

import json
from typing import Any

import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, bearer, mint

TRACE = "0af7651916cd43dd8448eb211c80319c"

LINES: dict[str, tuple[str, str, int, str | None, str | None, dict[str, Any]]] = {
    # method, path, status, route, version, further members
    "a success": ("GET", "/v2/cached/log", 200, "cached", "v2", {"service": "origin"}),
    "an older version": ("GET", "/v1/cached/log", 200, "cached", "v1", {"level": "info"}),
    "no version": ("POST", "/echo/log", 200, "echo", None, {"level": "info"}),
    "a caller": ("GET", "/protected/log", 200, "protected", None, {"subject": "who"}),
    "no route": ("GET", "/nothing", 404, None, None, {"problem": "not-found"}),
    "a service that fails": (
        *("GET", "/echo/log?fault=throw", 502, "echo", None),
        {"level": "error", "problem": "upstream-unreachable"},
    ),
    "a service that is late": (
        *("GET", "/hasty/log?fault=hang", 504, "hasty", None),
        {"level": "error", "problem": "upstream-timeout"},
    ),
}


@pytest.mark.parametrize(
    ("method", "target", "status", "route", "version", "more"), LINES.values(), ids=LINES
)
def test_a_request_has_one_line(
    lab: Consumer,
    runtime: LocalRuntime,
    method: str,
    target: str,
    status: int,
    route: str | None,
    version: str | None,
    more: dict[str, Any],
) -> None:
    start = len(runtime.log_lines())
    fields = {**bearer(mint("who")), "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    response = lab.request(method, target, headers=fields)
    assert response.status_code == status
    id = response.headers["x-request-id"]
    line = json.loads(runtime.wait_for_log(id, start=start))
    assert line.items() >= more.items()
    assert (line["request_id"], line["trace_id"]) == (id, TRACE)
    assert (line["method"], line["path"]) == (method, target.partition("?")[0])
    assert (line["status"], line["route"], line["version"]) == (status, route, version)
    assert 0 <= line["duration_ms"] < 10_000
    assert len([line for line in runtime.log_lines()[start:] if id in line]) == 1
