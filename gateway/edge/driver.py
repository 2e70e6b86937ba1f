"""Runs `async def` code without an event loop, by switching stacks at JavaScript promises.

The only things that gateway code awaits are futures that Pyodide makes of promises. A future hands
itself out through the coroutine; `drive` receives it, waits for it with `run_sync` while other
requests run, and goes on. This costs a fraction of what the asyncio loop takes for the same await,
and the same coroutines run under that loop as well, where work has to outlive its request.
"""

from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import js
from pyodide.ffi import create_once_callable, run_sync

T = TypeVar("T")

_set_timeout = js.setTimeout
_clear_timeout = js.clearTimeout


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` to its end, on the stack of the caller."""
    while True:
        try:
            future = coroutine.send(None)
        except StopIteration as finished:
            return finished.value  # type: ignore[no-any-return]
        # An error is raised again by the future, where the coroutine waits for it.
        with suppress(Exception):
            run_sync(future)


class TimedOut(Exception):
    """The future was not done when its time was over."""


async def within(timeout: float, future: Any) -> Any:
    """The result of `future`. Raises `TimedOut` after `timeout` seconds.

    What the future stands for goes on then, until the platform ends it with the request.
    """
    fired = False

    def expire() -> None:
        nonlocal fired
        fired = True
        if not future.done():
            future.set_exception(TimedOut())

    callback = create_once_callable(expire)
    timer = _set_timeout(callback, timeout * 1000)
    try:
        return await future
    finally:
        # It may have fired although the result came first; then it has destroyed itself.
        if not fired:
            _clear_timeout(timer)
            callback.destroy()
