"""The places of a bulkhead: who is inside, and who waits for a place, in the order of coming.

Nobody gives a place back for certain, as a request that is aborted may never come to that. So each
place and each ticket has an end. Plain data; `now` and ends are seconds of one clock, handed in.
"""


class Permits:
    """`max_in_flight` places, and a queue for them that holds `queue` tickets."""

    __slots__ = ("_inside", "_latest", "_max", "_queue", "_waiting")

    def __init__(self, max_in_flight: int, queue: int) -> None:
        self._max = max_in_flight
        self._queue = queue
        self._inside: dict[int, float] = {}
        self._waiting: dict[int, float] = {}
        self._latest = 0

    def enter(self, now: float, end: float) -> int | None:
        """The ticket of a place, which is free again at `end`; None where there is no place, or
        others wait for it."""
        self._forget(now)
        if self._waiting or not self._has_room(now):
            return None
        self._latest += 1
        self._inside[self._latest] = end
        return self._latest

    def queue_up(self, now: float, end: float) -> int | None:
        """A ticket to wait with, good until `end`; None where as many wait as may."""
        self._forget(now)
        if len(self._waiting) >= self._queue:
            return None
        self._latest += 1
        self._waiting[self._latest] = end
        return self._latest

    def move_up(self, ticket: int, now: float, end: float) -> bool:
        """Whether `ticket`, which waits, has a place now, until `end`. The first one gets it."""
        self._forget(now)
        if next(iter(self._waiting), None) != ticket or not self._has_room(now):
            return False
        del self._waiting[ticket]
        self._inside[ticket] = end
        return True

    def leave(self, ticket: int) -> None:
        """Whatever `ticket` has, a place or a wait, is over."""
        self._inside.pop(ticket, None)
        self._waiting.pop(ticket, None)

    def _has_room(self, now: float) -> bool:
        if len(self._inside) >= self._max:
            self._inside = {one: end for one, end in self._inside.items() if end > now}
        return len(self._inside) < self._max

    def _forget(self, now: float) -> None:
        """Those at the head of the queue who never came to ask again."""
        while self._waiting:
            first = next(iter(self._waiting))
            if self._waiting[first] > now:
                return
            del self._waiting[first]
