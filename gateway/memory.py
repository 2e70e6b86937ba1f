"""What an isolate remembers of clients and services, whichever table answers."""

from breakers.view import BreakerViews
from caching.purger import Purger
from caching.purges import Purges
from policies.authenticate import Remembered
from policies.rate_limit import LocalWindows


class Memory:
    """Handed from table to table, so that a new one does not ask anew what is known already."""

    __slots__ = ("breaker_views", "local_windows", "purger", "purges", "remembered")

    def __init__(self) -> None:
        self.remembered = Remembered()
        self.local_windows = LocalWindows()
        self.breaker_views = BreakerViews()
        self.purges = Purges()
        self.purger = Purger(self.purges)
        """With nobody to tell, until somebody is named."""
