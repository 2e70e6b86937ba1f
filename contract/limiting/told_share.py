"""What an isolate tells its clients beyond what it holds: the part of the free permits of a key
that falls to it, as the object has last told.

Answers may overtake each other, and one that does not know of a later grant would have its permits
counted twice. So what was asked before another answer came counts only where it says less.
"""

from contract.limiting.limit import Limit


class ToldShare:
    """Of one key, which may have several limits, for callers of several plans."""

    __slots__ = ("_asked", "_limit", "_permits", "_settled")

    def __init__(self) -> None:
        self._permits = 0
        self._limit: Limit | None = None
        """The limit that was told of."""
        self._asked = 0
        """How often the object was asked."""
        self._settled = 0
        """How often it had been when the last answer came, or did not."""

    def asked(self) -> int:
        """The object is asked once more: the number of that question."""
        self._asked += 1
        return self._asked

    def learn(self, number: int, limit: Limit, permits: int) -> None:
        """To question `number`, of `limit`, the object has told of `permits`; of less than none
        where it does not know of shares."""
        permits = max(permits, 0)
        if number > self._settled or self._is_less(permits, limit):
            self._permits, self._limit = permits, limit
        self._settled = self._asked

    def lose(self, limit: Limit) -> None:
        """An answer did not come. What it may have granted is lost, and answers to what was asked
        before do not know of it."""
        self._permits, self._limit, self._settled = 0, limit, self._asked

    def owe(self, cost: int) -> None:
        """`cost` was admitted without the object."""
        self._permits -= cost

    def of(self, limit: Limit) -> int:
        """Permits beyond those at hand; a limit that has less than the one that was told of has so
        much less."""
        permits = self._permits
        if limit is not self._limit and self._limit is not None:
            permits -= max(0, self._limit.capacity - limit.capacity)
        return max(0, permits)

    def _is_less(self, permits: int, limit: Limit) -> bool:
        """Whether with them more of the limit is gone."""
        last = self._limit
        return last is None or permits - limit.capacity < self._permits - last.capacity
