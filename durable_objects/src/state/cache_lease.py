"""`CacheLease`: which request fetches an answer for all that wait for it, for a share of the keys.

Memory alone, and no alarm: a lease is over by itself, and one that was lost with its object costs
one fetch more. Whoever waits has a call of its own open here, and sees to what is due.
"""

import asyncio
import time
from typing import Any

import msgspec
from workers import DurableObject

from contract.cache_lease import FlightAnswer, FlightRequest, Leases, ReleaseRequest

_decode_request = msgspec.json.Decoder(FlightRequest).decode
_decode_release = msgspec.json.Decoder(ReleaseRequest).decode
_encode = msgspec.json.Encoder().encode


class CacheLease(DurableObject):  # type: ignore[misc]
    """Its name is a region and which share of the keys is its own."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._leases = Leases(int(time.time() * 1000))

    async def acquire(self, request: str) -> str:
        """Lead, or wait: a JSON `FlightRequest` in, a JSON `FlightAnswer` out."""
        asked, leases = _decode_request(request), self._leases
        told: asyncio.Future[FlightAnswer] = asyncio.get_running_loop().create_future()

        def tell(answer: FlightAnswer) -> None:
            if not told.done():
                told.set_result(answer)

        leases.acquire(asked, tell, time.time())
        while not told.done():
            now = time.time()
            due = leases.settle(asked.key, now)
            if not told.done():
                await asyncio.wait([told], timeout=max(due - now, 0.001))
        return _encode(told.result()).decode()

    def release(self, request: str) -> str:
        """End a lease: a JSON `ReleaseRequest` in, "ok" out."""
        self._leases.release(_decode_release(request), time.time())
        return "ok"

    def ping(self) -> str:
        """Answer "ok"."""
        return "ok"
