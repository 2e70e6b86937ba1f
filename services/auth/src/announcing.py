"""The border to the change feed: revocations go in, at once or behind the answer."""

import asyncio
from typing import Any, Final

import msgspec
from pyodide.ffi import JsException, run_sync

from contract.edge import wait_until
from contract.feed import FEED, AppendRequest, Kind, Revocation
from identity.announcements import Announcements, FeedUnavailable

_TIMEOUT: Final = 1.0
"""Seconds that an answer waits for the feed; each further attempt has as many."""
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 12.0)
"""Seconds before each further attempt; together less than work behind an answer may take."""

_encode = msgspec.json.Encoder().encode


class Feed:
    """The one ChangeFeed object, or None where none is bound."""

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace
        self._trying_until = 0.0

    def append(self, revocation: Revocation) -> None:
        """Raises `FeedUnavailable`."""
        try:
            run_sync(asyncio.wait_for(self._ask(revocation), _TIMEOUT))
        except TimeoutError:
            raise FeedUnavailable("timed out") from None
        except JsException as error:
            raise FeedUnavailable(str(error)[:200]) from None

    def go_on(self, announcements: Announcements, now: float, ctx: Any) -> None:
        """Tell what is pending behind the answer, unless that is being done."""
        if self._namespace is None or now < self._trying_until or not announcements.pending():
            return
        # A time and not a flag: the platform may end what is done behind an answer.
        self._trying_until = now + sum(_PAUSES)
        wait_until(ctx, asyncio.ensure_future(self._tell(announcements)))

    async def _tell(self, announcements: Announcements) -> None:
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            try:
                for revocation in announcements.pending():
                    await asyncio.wait_for(self._ask(revocation), _TIMEOUT)
                    announcements.told(revocation)
            except (JsException, TimeoutError):
                continue
            break
        self._trying_until = 0.0

    def _ask(self, revocation: Revocation) -> Any:
        if self._namespace is None:
            raise FeedUnavailable("there is no binding CHANGE_FEED")
        request = AppendRequest(kind=Kind.REVOCATION, change=msgspec.Raw(_encode(revocation)))
        return self._namespace.getByName(FEED).append(_encode(request).decode())
