"""Purges that begin in this isolate: obeyed here at once, and told to all others by the feed."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

import msgspec

from caching.purges import Purges
from contract.feed import MAX_MARK, Kind, Purge
from ports import ChangeFeed, Unavailable

Defer = Callable[[Coroutine[Any, Any, None]], None]
MARKS_AT_ONCE: Final = 32
"""In one change of the feed."""

_encode = msgspec.json.Encoder().encode


class Purger:
    """Purges for one isolate. Where there is no feed, nobody else hears of them."""

    TIMEOUT: Final = 0.5
    """Seconds that an answer waits for the feed."""

    PAUSE: Final = 1.0
    """Seconds after a failure in which no answer waits."""

    PAUSES: Final = (1.0, 2.0, 4.0, 8.0)
    """Seconds before each further attempt, behind the answer."""

    def __init__(
        self,
        purges: Purges,
        feed: ChangeFeed | None = None,
        *,
        clock: Callable[[], float] = lambda: 0.0,
        pause: Callable[[float], Awaitable[Any]] | None = None,
        look: Callable[[], Coroutine[Any, Any, None]] | None = None,
        log: Callable[[dict[str, Any]], None] = lambda line: None,
    ) -> None:
        """`look` hears what is new in the feed: what is stored from then on knows of the purge."""
        self._purges = purges
        self._feed = feed
        self._clock = clock
        self._pause = pause
        self._look = look
        self._log = log
        self._failed_at = float("-inf")

    async def purge(self, marks: Sequence[str], defer: Defer, *, soft: bool = False) -> int | None:
        """End what bears any of `marks`: the sequence, or None where the feed has yet to be told.

        Never raises. What cannot be told is told later, while the platform lets that go on.
        """
        sequence = None
        # Nothing that is stored bears a longer one; the feed would refuse all that are with it.
        distinct = tuple(dict.fromkeys(mark for mark in marks if len(mark) <= MAX_MARK))
        for at in range(0, len(distinct), MARKS_AT_ONCE):
            some = distinct[at : at + MARKS_AT_ONCE]
            sequence = await self._purge(Purge(marks=some, soft=soft), defer)
        if sequence is not None and self._look is not None:
            defer(self._look())
        return sequence

    async def announce(self, purge: Purge, defer: Defer, timeout: float) -> int | None:
        """Put `purge` into the feed, or else do nothing: its sequence. Raises `Unavailable`."""
        sequence = await self.tell(purge, timeout)
        if self._look is not None:
            defer(self._look())
        return sequence

    async def tell(self, purge: Purge, timeout: float) -> int | None:
        """Put `purge` into the feed and obey it: its sequence, or None where there is no feed.
        Raises `Unavailable`."""
        if self._feed is None:
            return None
        sequence = await self._feed.append(Kind.PURGE, _encode(purge), timeout=timeout)
        self._purges.learn(sequence, purge, self._clock())
        return sequence

    async def _purge(self, purge: Purge, defer: Defer) -> int | None:
        now = self._clock()
        # At once, whatever the feed says.
        self._purges.learn(self._purges.provisional(now), purge, now)
        if self._feed is None:
            return None
        if now >= self._failed_at + self.PAUSE:
            try:
                return await self.tell(purge, self.TIMEOUT)
            except Unavailable as failure:
                self._failed_at = now
                self._log({"level": "error", "event": "purge_untold", "error": str(failure)})
        defer(self._tell_later(purge))
        return None

    async def _tell_later(self, purge: Purge) -> None:
        for seconds in self.PAUSES:
            if self._pause is not None:
                await self._pause(seconds)
            try:
                await self.tell(purge, self.TIMEOUT)
            except Unavailable:
                continue
            return
        self._log({"level": "error", "event": "purge_lost", "marks": list(purge.marks)[:10]})
