"""How many requests an isolate has under way, and whether there is room for one more.

Plain data; `now` (seconds) is handed in.
"""

from typing import Final

PATIENCE: Final = 60.0
"""Seconds after which a request counts no more: one that was aborted may never say that it is
over."""


class Load:
    """The requests under way, oldest first."""

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun: dict[str, float] = {}

    def admit(self, request_id: str, now: float, limit: int) -> bool:
        """Whether fewer than `limit` are under way; if so, this one is as well."""
        if len(self._begun) >= limit:
            self._forget(now)
            if len(self._begun) >= limit:
                return False
        self._begun[request_id] = now
        return True

    def leave(self, request_id: str) -> None:
        """It is answered."""
        self._begun.pop(request_id, None)

    def _forget(self, now: float) -> None:
        while self._begun:
            oldest = next(iter(self._begun))
            if self._begun[oldest] + PATIENCE > now:
                return
            del self._begun[oldest]
