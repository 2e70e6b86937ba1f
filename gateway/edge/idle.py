"""A body that breaks off where nothing comes of it for a while.

Its chunks pass through Python one by one, which the runtime spares every other body; so only where
a route asks for it.
"""

import time
from typing import Any

import js
from pyodide.ffi import JsException

from edge.convert import with_stream
from edge.driver import Rejected, invoke, pause, settled
from messages import Exchange, Response

_error = js.DOMException.new


def end_idle(response: Response, exchange: Exchange, seconds: float) -> None:
    """Give `response` a body that breaks off after so many seconds without a chunk."""
    origin = response.origin
    if origin is None or origin.body is None or origin.body is not response.body:
        return
    through = js.IdentityTransformStream.new()
    pump = _Pump(response.body.source.getReader(), through.writable.getWriter(), seconds)
    with_stream(response, through.readable)
    exchange.defer(pump.run())
    exchange.defer(pump.watch())


class _Pump:
    """Carries chunks from `reader` to `writer`. A timer for each would outlive it by far, so one
    looks from time to time when the latest was asked for."""

    def __init__(self, reader: Any, writer: Any, seconds: float) -> None:
        self._reader = reader
        self._writer = writer
        self._seconds = seconds
        self._waiting_since: float | None = None
        """Since when a chunk is waited for; None while the client is, or where all is over."""
        self._is_over = False

    async def run(self) -> None:
        """To the end of the body, or until either side is gone."""
        reader, writer = self._reader, self._writer
        try:
            while True:
                self._waiting_since = time.time()
                step = await settled(invoke(reader.read, reader))
                self._waiting_since = None
                if step.done:
                    await settled(invoke(writer.close, writer))
                    return
                await settled(invoke(writer.write, writer, step.value))
        except (JsException, Rejected) as error:
            await self._break_off(f"Error: {error}"[:200], "Error")
        finally:
            self._is_over = True

    async def watch(self) -> None:
        """Until it is over, or nothing has come for too long."""
        left = self._seconds
        while not self._is_over:
            await pause(left)
            since = self._waiting_since
            left = self._seconds
            if since is not None:
                left -= time.time() - since
                if left <= 0 and not self._is_over:
                    await self._break_off("nothing came for too long", "TimeoutError")
                    return

    async def _break_off(self, reason: str, name: str) -> None:
        """Tell both sides; who has gone already need not be told."""
        self._is_over = True
        error = _error(reason, name)
        for method, side in (("abort", self._writer), ("cancel", self._reader)):
            try:
                await settled(invoke(getattr(side, method), side, error))
            except (JsException, Rejected):
                continue
