"""Hands the request on to a service binding and nothing else, as one would write it.

Synchronous and at module level, which is the cheapest entry that workerd has for Python. Not a
bound: Pyodide makes a future of the promise that is returned here, which `bench/bare` avoids.
"""

from typing import Any


def on_fetch(request: Any, env: Any, ctx: Any) -> Any:
    """Answer with whatever the service answers."""
    return env.UPSTREAM.fetch(request)
