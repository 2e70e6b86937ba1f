"""Answers with a greeting and with what stands behind the binding BACK."""

from typing import Any

import js
from answer import SUFFIX
from pyodide.ffi import run_sync


def on_fetch(request: Any, env: Any, ctx: Any) -> Any:
    """`GREETING back!`, after a line in the log."""
    print("asked")
    behind = run_sync(env.BACK.fetch("http://back/count", method=request.method))
    return js.Response.new(f"{env.GREETING} {run_sync(behind.text())}{SUFFIX}")
