"""Runs `async def` code without an event loop, by switching stacks at JavaScript promises.

The only things that gateway code awaits are promises. `settle` hands one out through the coroutine;
`drive` receives it, waits for it with `run_sync` while other requests run, and puts the result back
in. This costs a fraction of what the asyncio loop takes for the same await.

Each call from Python that returns a promise makes Pyodide build a future with callbacks, which costs
as much as all the other crossings of a request together. So calls are bound first and started inside
JavaScript, and only the one promise that is waited for comes over.
"""

from collections.abc import Coroutine, Generator, Sequence
from typing import Any, TypeVar

import js
from pyodide.ffi import run_sync

T = TypeVar("T")

_array_of = js.Array.of
_array_from = getattr(js.Array, "from")
_race = js.Promise.race
_all_settled = js.Promise.allSettled
_wait = js.scheduler.wait
# As the mapping function of Array.from, this calls each element: `f => f.call()`.
_start = js.Function.prototype.call.bind(js.Function.prototype.call)

_timers: dict[float, Any] = {}
"""For each number of seconds in use, the bound call that starts a timer."""


class settle:  # noqa: N801  (reads as the verb that it is: `await settle(promise)`)
    """`await settle(promise)`: its result. Raises `pyodide.ffi.JsException` if it rejects."""

    __slots__ = ("_promise",)

    def __init__(self, promise: Any) -> None:
        self._promise = promise

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self._promise)


class TimedOut(Exception):
    """The promise was still pending when its time was over."""


async def call_within(call: Any, timeout: float) -> Any:
    """Start the bound JavaScript function `call`, and wait up to `timeout` seconds for its promise.

    Its result must not be undefined. Raises `TimedOut`; what was called goes on then, until the
    platform ends it with the request.
    """
    result = await settle(_race(_array_from(_array_of(call, _timer(timeout)), _start)))
    if result is None:
        raise TimedOut
    return result


async def call_all_within(calls: Sequence[Any], timeout: float) -> Any:
    """Start bound functions at once; JavaScript's `allSettled` array of their results.

    The value of one that is late is undefined.
    """
    raced = [
        _race.bind(js.Promise, _array_from(_array_of(call, _timer(timeout)), _start))
        for call in calls
    ]
    return await settle(_all_settled(_array_from(_array_of(*raced), _start)))


def _timer(timeout: float) -> Any:
    timer = _timers.get(timeout)
    if timer is None:
        timer = _timers[timeout] = _wait.bind(js.scheduler, timeout * 1000)
    return timer


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
