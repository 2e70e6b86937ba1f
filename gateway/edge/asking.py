"""Asking what is outside of the isolate: whoever is gone, late or cannot be understood is
`Unavailable`, and nothing else gets through."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from pyodide.ffi import JsException

from edge.driver import Rejected, within
from ports import Unavailable

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode


async def ask(dependency: str, timeout: float, call: Callable[..., Any], *arguments: Any) -> Any:
    """What `call` promises; raises `Unavailable` where that fails or is late."""
    try:
        value = await within(timeout, call(*arguments))
    except (JsException, Rejected) as error:
        raise Unavailable(dependency, reason=str(error)[:200]) from None
    if value is None:
        raise Unavailable(dependency, timed_out=True)
    return value


def read(dependency: str, decode: Callable[[Any], T], answer: Any) -> T:
    """What the answer says. Raises `Unavailable`: who answers something else is as good as down."""
    try:
        return decode(answer)
    except (msgspec.MsgspecError, TypeError, ValueError):
        # Without its text: the answer could be quoted there.
        raise Unavailable(dependency, reason="its answer cannot be read") from None


def encoded(message: msgspec.Struct) -> str:
    """A message, as RPC carries it."""
    return _encode(message).decode()
