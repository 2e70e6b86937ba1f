"""Revocations, told to the isolates of the gateway through the change feed once they are written.

The database is what counts: an isolate that is never told asks again within a minute. So nothing
fails here. What could not be told is kept, and told later, for as long as that makes a difference.
"""

from collections.abc import Callable
from typing import Final

from contract.feed import Revocation
from contract.service import Log


class FeedUnavailable(Exception):
    """The feed did not answer, or is not bound; the text is for the log."""


Append = Callable[[Revocation], None]
"""Puts a revocation into the feed. Raises `FeedUnavailable`."""


class Announcements:
    """What is told, and what is still to be told."""

    USEFUL: Final = 60.0
    """Seconds after which every isolate has asked again by itself."""

    MAX_PENDING: Final = 500
    """The oldest go first."""

    PAUSE: Final = 1.0
    """Seconds after a failure in which nothing is tried: whoever ends many credentials at once
    waits for the feed once, and not for each."""

    def __init__(self, append: Append, clock: Callable[[], float], log: Log) -> None:
        self._append = append
        self._clock = clock
        self._log = log
        self._pending: dict[str, float] = {}
        self._failed_at = float("-inf")

    def announce(self, id: str) -> None:
        """Have every isolate forget what it verified of the credentials that `id` names: the `jti`
        of a token, the `sid` of all tokens of a family, the id of an API key or of a session."""
        now = self._clock()
        if now < self._failed_at + self.PAUSE:
            self._keep(id, now)
            return
        try:
            self._append(Revocation(credential_id=id))
        except FeedUnavailable as failure:
            self._failed_at = now
            self._keep(id, now)
            self._log({"level": "error", "event": "revocation_untold", "error": str(failure)})

    def pending(self) -> list[Revocation]:
        """What is to be told still, the oldest first."""
        end = self._clock() - self.USEFUL
        self._pending = {id: since for id, since in self._pending.items() if since > end}
        return [Revocation(credential_id=id) for id in self._pending]

    def told(self, revocation: Revocation) -> None:
        """It is in the feed."""
        self._pending.pop(revocation.credential_id, None)

    def _keep(self, id: str, now: float) -> None:
        while len(self._pending) >= self.MAX_PENDING:
            del self._pending[next(iter(self._pending))]
        self._pending[id] = now
