"""Answers every request with the times of the matcher in workerd, as JSON."""

from typing import Any

import js
import msgspec
from workload import measure


def on_fetch(request: Any, env: Any, ctx: Any) -> Any:
    """Measure, and answer when it is done."""
    return js.Response.new(msgspec.json.encode(measure()).decode())
