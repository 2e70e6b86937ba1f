"""The floor under every Python gateway: hands the request on to a service binding and nothing else.

Synchronous and at module level, which is the cheapest entry that workerd has for Python.
"""

from typing import Any


def on_fetch(request: Any, env: Any, ctx: Any) -> Any:
    """Answer with whatever the service answers."""
    return env.UPSTREAM.fetch(request)
