"""The guard at the door: how many requests an address has in this isolate, whatever they ask for.

It looks once into one dictionary, before anything is matched, and asks nobody: so what a flood
costs is small. It is no quota: each isolate counts for itself, in windows of its own clock.
"""

from typing import Final

from addresses import counted_as
from contract.problems import RATE_LIMITED, Problem
from limiting.settings import AddressGuardSettings
from routing.units import seconds


class AddressGuard:
    """Counts addresses in the running window, and forgets all of them when it is over."""

    MAX_ADDRESSES: Final = 16_384
    """Beyond them, those that come first in a window are forgotten first."""

    def __init__(self, settings: AddressGuardSettings) -> None:
        self._quota = settings.quota
        self._window = seconds(settings.window)
        self._index = -1
        self._counts: dict[str, int] = {}

    def check(self, client_address: str, now: float) -> None:
        """Count a request. Raises `Problem` (rate-limited) past the quota."""
        index = int(now // self._window)
        if index != self._index:
            self._index, self._counts = index, {}
        who = counted_as(client_address)
        count = self._counts.get(who, 0) + 1
        if count > self._quota:
            wait = max(1, round((index + 1) * self._window - now + 0.5))
            raise Problem(
                RATE_LIMITED,
                f"One address may send {self._quota} requests in {self._window:g} seconds.",
                headers={"retry-after": str(wait)},
                policy="address_guard",
            )
        if count == 1 and len(self._counts) >= self.MAX_ADDRESSES:
            del self._counts[next(iter(self._counts))]
        self._counts[who] = count
