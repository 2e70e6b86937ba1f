"""What an isolate remembers of clients and services, whichever table answers."""

from breakers.view import BreakerViews
from caching.counting import Counts
from caching.memory_tier import MemoryTier
from caching.purger import Purger
from caching.purges import Purges
from limiting.limiter import LimitMemory
from policies.authenticate import Remembered


class Memory:
    """Handed from table to table, so that a new one does not ask anew what is known already."""

    __slots__ = (
        "breaker_views",
        "cache_counts",
        "limits",
        "purger",
        "purges",
        "remembered",
        "responses",
    )

    def __init__(self, nonce: str = "") -> None:
        """`nonce` tells this isolate from any other."""
        self.remembered = Remembered()
        self.breaker_views = BreakerViews()
        self.cache_counts = Counts()
        self.purges = Purges()
        self.purger = Purger(self.purges)
        """With nobody to tell, until somebody is named."""
        self.limits = LimitMemory(nonce)
        self.responses = MemoryTier()
