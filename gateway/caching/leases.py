"""The lease objects, each of which is left alone for a moment where it does not answer."""

from typing import Final

from msgspec import structs

from contract.cache_lease import FlightAnswer, FlightRequest, ReleaseRequest
from ports import CacheLeases, Unavailable
from resting import Clock, Rests

WAITED: Final = 0.05
"""Seconds. What fails sooner was not waiting: to ask that again would only cost another call."""


class PatientLeases:
    """A `ports.CacheLeases`, for the life of an isolate."""

    def __init__(self, objects: CacheLeases, clock: Clock) -> None:
        self._objects = objects
        self._clock = clock
        self._rests = Rests("cache lease", clock)

    async def acquire(self, shard: str, request: FlightRequest, *, timeout: float) -> FlightAnswer:
        if self._rests.is_doubted(shard):
            # Who finds out whether it is back waits for no lease: to that the answer comes at once.
            timeout -= request.wait
            request = structs.replace(request, wait=0.0)
        began = self._clock()
        try:
            return await self._ask(shard, request, timeout)
        except Unavailable as failure:
            waited = self._clock() - began
            if failure.timed_out or waited < WAITED:
                raise
        # The object was lost while the request waited there, as on a deploy of the state Worker. In
        # the one that takes its place one of those who ask again leads, and the others wait.
        left = structs.replace(request, wait=max(0.0, request.wait - waited))
        return await self._ask(shard, left, timeout - request.wait + left.wait)

    async def _ask(self, shard: str, request: FlightRequest, timeout: float) -> FlightAnswer:
        with self._rests.asking(shard):
            return await self._objects.acquire(shard, request, timeout=timeout)

    async def release(self, shard: str, request: ReleaseRequest, *, timeout: float) -> None:
        # Others may be waiting for this, and nobody waits for the answer.
        with self._rests.asking(shard, anyway=True):
            await self._objects.release(shard, request, timeout=timeout)
