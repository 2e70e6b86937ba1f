"""The retry budget of an upstream: retries are a share of its requests, as in Finagle.

Where a service fails for everybody, every request would be sent again, and what was too much for it
becomes twice as much. Plain data; `now` (seconds) is handed in.
"""

from typing import Final

BURST: Final = 10.0
"""Retries that can be saved up, however many requests there were."""


class RetryBudget:
    """Each request earns `percent` of a retry; `min_per_second` come by time alone."""

    __slots__ = ("_earned", "_last", "_rate", "_share", "_spare", "_spare_most")

    def __init__(self, percent: float, min_per_second: float) -> None:
        self._share = percent / 100
        self._rate = min_per_second
        self._earned = 0.0
        # A whole one has to fit, where there is any at all.
        self._spare_most = max(1.0, min_per_second) if min_per_second > 0 else 0.0
        self._spare = self._spare_most
        self._last = 0.0

    def earn(self) -> None:
        """A request is sent for the first time."""
        self._earned = min(BURST, self._earned + self._share)

    def spend(self, now: float) -> bool:
        """Whether one may be sent again; if so, that is counted."""
        # Shares of a retry are no exact numbers: five fifths have to be one.
        if self._earned > 1 - 1e-9:
            self._earned = max(0.0, self._earned - 1)
            return True
        passed = max(0.0, now - self._last)
        self._spare = min(self._spare_most, self._spare + passed * self._rate)
        self._last = now
        if self._spare >= 1:
            self._spare -= 1
            return True
        return False
