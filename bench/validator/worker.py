"""Answers every request with the times of the schema checker in workerd, as JSON."""

from typing import Any

import js
import msgspec
from workload import measure

from schema.program import Program


def on_fetch(request: Any, env: Any, ctx: Any) -> Any:
    """POST of a program as JSON: measure, and answer when it is done."""
    from pyodide.ffi import run_sync  # noqa: PLC0415

    program = msgspec.json.decode(run_sync(request.text()), type=Program)
    return js.Response.new(msgspec.json.encode(measure(program)).decode())
