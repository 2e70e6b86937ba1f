"""A request's body on its way from the client to a service, and who is to blame where it stops.

A small one is complete before the service is asked: how long a client takes is then not mistaken
for how long its service does, and one that breaks off is never taken for a whole one. A larger one
is passed on as it comes. Nothing of either enters Python.
"""

from typing import Any, Final

import js
from pyodide.ffi import JsException

from edge.convert import JsStream
from edge.driver import Rejected, invoke, then, within
from ports import Unsent

SMALL: Final = 65_536
"""Bytes of a body that is waited for."""

_MOMENT: Final = 0.05
"""Seconds in which a stream says that it has failed."""


async def complete(body: JsStream, service: str, seconds: float) -> Any:
    """All of `body`, in a buffer. Raises `Unsent`: it has broken off, or is not there in time."""
    response = js.Response.new(body.source)
    try:
        content = await within(seconds, invoke(response.arrayBuffer, response))
    except (JsException, Rejected):
        raise Unsent(service, reason="the client has broken off") from None
    if content is None:
        raise Unsent(service, timed_out=True)
    return content


class Upload:
    """`body`, passed through a stream of our own: one that is handed to `fetch` itself can never
    be looked at again."""

    __slots__ = ("_source", "stream")

    def __init__(self, body: JsStream) -> None:
        self._source = body.source
        length = body.length
        # Where a length was announced the service is told of it, and less than that is no body.
        through = (
            js.IdentityTransformStream.new() if length is None else js.FixedLengthStream.new(length)
        )
        self.stream = through.readable
        """What goes to the service."""
        options = js.Object.new()
        options.preventCancel = True
        carried = invoke(self._source.pipeTo, self._source, through.writable, options)
        # How it ends is told by the call of the service; here it is only not to be an error.
        then(carried, js.Boolean, js.Boolean)

    async def is_missing(self, *, late: bool) -> bool:
        """Whether the client has broken off; or, where the service is late, is not done yet."""
        try:
            reader = self._source.getReader()
        except JsException:  # it is on its way still
            return late
        try:
            await within(_MOMENT, invoke(reader.read, reader))
        except (JsException, Rejected):
            return True
        return False
