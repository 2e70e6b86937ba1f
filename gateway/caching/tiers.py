"""The tiers behind the isolate's memory: which is asked, and which goes without.

The Cache API of the data centre is at hand; the cache Worker has what is kept everywhere, and alone
writes. Each that does not answer is left alone for a moment, apart from the other.
"""

from collections.abc import Callable, Sequence
from typing import Final

from caching.entries import Known, text_of
from contract.cache import EDGE, FACTS, GLOBAL, STATUS, STORED_AT, TIERS, TTL
from messages import Headers, Response
from ports import CacheApi, CacheWorker, Unavailable
from resting import Clock, Rest, left_alone

NEAR: Final = "Cache API"
FAR: Final = "cache"
"""What they are called in the log."""

_TAKEN: Final = frozenset((201, 204))


class SharedTiers:
    """A `ports.ResponseStore`, for the life of an isolate."""

    WRITE_TIMEOUT: Final = 5.0
    """Seconds after which an answer is not kept: nobody waits for it, but its body is in memory."""

    def __init__(
        self,
        near: CacheApi,
        far: CacheWorker,
        clock: Clock,
        duplicate: Callable[[Response, float | None], Response],
    ) -> None:
        self._near = near
        self._far = far
        self._near_rest = Rest(NEAR, clock)
        self._far_rest = Rest(FAR, clock)
        self._duplicate = duplicate

    def duplicate(self, response: Response, seconds: float | None = None) -> Response:
        return self._duplicate(response, seconds)

    async def lookup(
        self,
        key: str,
        *,
        tiers: frozenset[str],
        timeout: float,
        note: Callable[[str], None],
    ) -> Response | None:
        if EDGE in tiers:
            try:
                with self._near_rest.asking():
                    near = await self._near.match(key, timeout=timeout)
                if near is not None and FACTS not in near.headers:
                    raise Unavailable(NEAR, reason="answered, and no entry")
                if near is not None:
                    return near
            except Unavailable as failure:
                note(str(failure))
                # The cache Worker has the same one, and would wait for it as well.
                tiers -= {EDGE}
        if GLOBAL not in tiers:
            return None
        with self._far_rest.asking():
            far = await self._far.get(key, Headers(_named(tiers)), timeout=timeout)
        if far is not None and FACTS not in far.headers:
            raise Unavailable(FAR, reason=f"answered {far.status}, and no entry")
        return far

    async def store(
        self,
        key: str,
        response: Response,
        facts: Known,
        *,
        stored_at: float,
        ttl: float,
        tiers: frozenset[str],
    ) -> None:
        if self._near_rest.is_doubted:
            tiers -= {EDGE}
            if not tiers:
                raise left_alone(NEAR)
        headers = response.headers.copy()
        headers.set(FACTS, text_of(facts))
        headers.set(STATUS, str(response.status))
        headers.set(STORED_AT, f"{stored_at:.3f}")
        headers.set(TTL, f"{ttl:g}")
        headers.extend(_named(tiers))
        with self._far_rest.asking():
            status = await self._far.put(key, headers, response.body, timeout=self.WRITE_TIMEOUT)
        if status not in _TAKEN:
            raise Unavailable(FAR, reason=f"answered {status} to an entry")

    async def purge(self, keys: Sequence[str], *, timeout: float) -> None:
        # Whoever is told to forget is asked whatever is known of it.
        await self._far.purge(keys, timeout=timeout)


def _named(tiers: frozenset[str]) -> list[tuple[str, str]]:
    return [(TIERS, ", ".join(sorted(tiers)))]
