"""What an isolate remembers of its clients, whichever table answers them."""

from policies.authenticate import Remembered
from policies.rate_limit import LocalWindows


class Memory:
    """Handed from table to table, so that a new one does not ask anew what is known already."""

    __slots__ = ("local_windows", "remembered")

    def __init__(self) -> None:
        self.remembered = Remembered()
        self.local_windows = LocalWindows()
