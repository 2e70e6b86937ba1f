"""Runs `async def` code on JavaScript promises alone: no event loop, no switching of stacks.

Gateway code awaits nothing but `settled(promise)`, which hands the promise out through the
coroutine. `drive` has the promise call it back and goes on then; what it returns to the platform is
a promise of the coroutine's result. So a request pays for one call in and one call back for each
wait, and for nothing in between, and work that outlives its request runs by the same means.

Two rules keep that cheap. A call that gives a promise goes through `promising`, because Pyodide
makes an asyncio future of any other one, which costs more than all else at the border. And nothing
that a coroutine holds may be the promise that it waits for: each would keep the other for ever
where a request is aborted, since no collector sees both of Python's and JavaScript's memory.
"""

from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any

import js
from pyodide.ffi import JsException, create_once_callable

_call = js.Function.prototype.call
_apply = js.Function.prototype.apply
_bind = _call.bind(js.Function.prototype.bind)


def promising(function: Any, this: Any = None, *, listed: bool = False) -> Callable[..., Any]:
    """`function`, bound to `this`, for calls that give a promise: it comes as it is.

    Only what `new` gives comes as it is, so this is a constructor, a Proxy, whose `construct` makes
    the call. JavaScript calls that trap as a method of the handler, with the Proxy's target and the
    list of arguments. The handler here is the function itself, and the trap its own `apply`; with
    `listed`, its `call`: the function then gets one argument, the list.
    """
    handler = _bind(function, this)
    handler.construct = _call if listed else _apply
    return js.Proxy.new(js.Object, handler).new  # type: ignore[no-any-return]


invoke = promising(_call, _call)
"""`invoke(method, this, *arguments)`: a method that gives a promise, such as one of RPC."""

# Not `prototype.then`: under that name Pyodide has a method of its own.
then = promising(_call, js.Reflect.get(js.Promise.prototype, "then"))
_race = promising(js.Promise.race, js.Promise, listed=True)
_all = promising(js.Promise.all, js.Promise, listed=True)
_wait = promising(js.scheduler.wait, js.scheduler)


class Rejected(Exception):
    """A promise was rejected with something that is no Error."""


class settled:  # noqa: N801  (reads as a function, and is one but for letting the promise go)
    """Awaitable: the value of a JavaScript promise. Raises what it was rejected with."""

    __slots__ = ("_promise",)

    def __init__(self, promise: Any) -> None:
        self._promise = promise

    def __await__(self) -> Generator[Any, Any, Any]:
        return (yield self._let_go())

    def _let_go(self) -> Any:
        promise, self._promise = self._promise, None
        return promise


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run `coroutine` up to its first wait: its result, or a JavaScript promise of it."""
    return _Run(coroutine).go_on()


class _Run:
    """A coroutine and what calls it back. Every step returns its result, or a promise of it."""

    __slots__ = ("_coroutine",)

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine

    def go_on(self, value: Any = None, *rejection: Any) -> Any:
        """With the value of the promise; or, where it was rejected, with its reason behind it."""
        try:
            if rejection:
                promise = self._coroutine.throw(_exception(rejection[0]))
            else:
                promise = self._coroutine.send(value)
        except StopIteration as finished:
            return finished.value
        # One callback for both outcomes, as only one will ever come.
        callback = create_once_callable(self.go_on)
        return then(promise, callback, _bind(callback, None, None))


def _exception(reason: Any) -> BaseException:
    return reason if isinstance(reason, JsException) else Rejected(str(reason))


def within(timeout: float, promise: Any) -> settled:
    """Awaitable: the value of `promise`, which is never undefined; None after `timeout` seconds.

    What the promise stands for goes on then, until the platform ends it with the request. So does
    the timer: to clear it costs more than to leave it.
    """
    return settled(_race(promise, _wait(timeout * 1000)))


async def together(works: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """The results of `works`, which run at the same time. Raises the first error, in their order,
    once all of them are over."""
    outcomes: list[Any] = [None] * len(works)
    # The list of promises is gone before this coroutine waits for all of them.
    await settled(_begun(works, outcomes))
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return outcomes


def _begun(works: Sequence[Coroutine[Any, Any, Any]], outcomes: list[Any]) -> Any:
    """Begin all of them: a promise of their end. Only Python sees what they come to."""
    ends = [drive(_noted(work, outcomes, place)) for place, work in enumerate(works)]
    return _all(*[end for end in ends if end is not None])


async def _noted(work: Coroutine[Any, Any, Any], outcomes: list[Any], place: int) -> None:
    try:
        outcomes[place] = await work
    except Exception as error:
        outcomes[place] = error


def pause(seconds: float) -> settled:
    """Awaitable: nothing, after so many seconds."""
    return settled(_wait(seconds * 1000))


async def later(work: Coroutine[Any, Any, None]) -> None:
    """`work`, once what is being done now has been done."""
    await settled(_wait(0))
    await work
