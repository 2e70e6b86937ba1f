"""What was used stale is validated when the answer is out (RFC 5861, section 3), and by the same
isolate not again at once."""

from typing import Final

from caching.collapsing import Collapsing
from caching.conditions import validators
from caching.decision import Validate
from caching.fetching import Fetching, again
from caching.keying import Keying
from caching.keys import Key
from caching.shelf import Shelf
from messages import Exchange, discard
from pipeline import Next

_MOST: Final = 1000


class Refreshing:
    """For one route."""

    PAUSE: Final = 10.0
    """Seconds in which an isolate asks no second time for what it uses stale meanwhile."""

    def __init__(
        self, fetching: Fetching, shelf: Shelf, keying: Keying, collapsing: Collapsing | None
    ) -> None:
        self._fetching = fetching
        self._shelf = shelf
        self._keying = keying
        self._collapsing = collapsing
        self._until: dict[str, float] = {}

    def later(self, exchange: Exchange, next: Next, key: Key) -> None:
        """Validate what is under `key` when the answer of `exchange` is out."""
        now, until = exchange.now, self._until
        if until.get(key.url, 0.0) > now:
            return
        if len(until) >= _MOST:
            until.clear()
        until[key.url] = now + self.PAUSE
        own = again(exchange, [])
        own.log, own.answer_fields = {}, []
        own.request.method = "GET"
        exchange.defer(self._refresh(own, next))

    async def _refresh(self, exchange: Exchange, next: Next) -> None:
        request = self._keying.asked(exchange.request, exchange.principal)
        key = self._shelf.key(exchange, request.headers)
        if key is None:
            return
        place = await self._shelf.find(exchange, key, request.headers)
        if place.stored is None:
            return
        # Where the service fails, what is stored stays as it is.
        decision = Validate(place.stored, "stale", validators(place.stored), True, 0.0, 0.0)
        collapsing = self._collapsing
        ask = self._fetching.validate if collapsing is None else collapsing.refresh
        response = await ask(exchange, next, request, place, decision)
        if response is None:
            return
        if exchange.log["cache"] == "stale" or "not_stored" in exchange.log:
            await discard(response.body)
