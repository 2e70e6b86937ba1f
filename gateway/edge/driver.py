"""Runs `async def` code without an event loop, by switching stacks at JavaScript promises.

The only things that gateway code awaits are promises. `settle` hands one out through the coroutine;
`drive` receives it, waits for it with `run_sync` while other requests run, and puts the result back
in. This costs a fraction of what the asyncio loop takes for the same await.
"""

from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

import js
from pyodide.ffi import run_sync, to_js

T = TypeVar("T")

_race = js.Promise.race
_all_settled = js.Promise.allSettled
_wait = js.scheduler.wait


class _Settle:
    __slots__ = ("_promise",)

    def __init__(self, promise: Any) -> None:
        self._promise = promise

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self._promise)


settle = _Settle
"""`await settle(promise)`: the promise's result. Raises `pyodide.ffi.JsException` if it rejects."""


class TimedOut(Exception):
    """The promise was still pending when its time was over."""


def race(promise: Any, timeout: float) -> Any:
    """A promise like `promise` that is undefined after `timeout` seconds."""
    return _race(to_js([promise, _wait(timeout * 1000)]))


async def settle_within(promise: Any, timeout: float) -> Any:
    """The result of `promise`, which is never undefined. Raises `TimedOut` after `timeout` seconds.

    The promise goes on; the platform ends it with the request.
    """
    result = await _Settle(race(promise, timeout))
    if result is None:
        raise TimedOut
    return result


async def settle_all(promises: list[Any]) -> Any:
    """Wait until all have settled; gives JavaScript's `allSettled` array."""
    return await _Settle(_all_settled(to_js(promises)))


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
