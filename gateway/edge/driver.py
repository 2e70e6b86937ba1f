"""Runs `async def` code without an event loop, by switching stacks at JavaScript promises.

The only things that gateway code awaits are promises. `settle` hands one out through the coroutine;
`drive` receives it, waits for it with `run_sync` while other requests run, and puts the result back
in. This costs a fraction of what the asyncio loop takes for the same await.
"""

from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

import js
from pyodide.ffi import create_once_callable, run_sync

T = TypeVar("T")

_set_timeout = js.setTimeout
_clear_timeout = js.clearTimeout


class settle:  # noqa: N801  (reads as the verb that it is: `await settle(promise)`)
    """`await settle(promise)`: its result. Raises `pyodide.ffi.JsException` if it rejects."""

    __slots__ = ("_promise",)

    def __init__(self, promise: Any) -> None:
        self._promise = promise

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self._promise)


class TimedOut(Exception):
    """The promise was still pending when its time was over."""


async def settle_within(promise: Any, timeout: float) -> Any:
    """The result of `promise`. Raises `TimedOut` after `timeout` seconds.

    `promise` is what a call from Python gave, which Pyodide has made a future of. What it stands
    for goes on after a time-out, until the platform ends it with the request.
    """

    fired = False

    def expire() -> None:
        nonlocal fired
        fired = True
        if not promise.done():
            promise.set_exception(TimedOut())

    callback = create_once_callable(expire)
    timer = _set_timeout(callback, timeout * 1000)
    try:
        return await settle(promise)
    finally:
        # It may have fired although the result came first; then it has destroyed itself.
        if not fired:
            _clear_timeout(timer)
            callback.destroy()


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` to its end, on the stack of the caller."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            if error is None:
                promise = coroutine.send(result)
            else:
                promise, error = coroutine.throw(error), None
        except StopIteration as finished:
            return finished.value  # type: ignore[no-any-return]
        try:
            result = run_sync(promise)
        except BaseException as raised:
            error = raised


async def drive_later(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run `coroutine` as a task of the asyncio loop: for work that outlives the answer."""
    result: Any = None
    error: BaseException | None = None
    while True:
        try:
            if error is None:
                promise = coroutine.send(result)
            else:
                promise, error = coroutine.throw(error), None
        except StopIteration:
            return
        try:
            result = await promise
        except BaseException as raised:
            error = raised
