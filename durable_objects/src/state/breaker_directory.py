"""`BreakerDirectory`: which circuit breakers there are, and which ones operators have forced."""

import time
from typing import Any

import msgspec
from workers import DurableObject

from contract.breaker_directory import Directory, ListAnswer, ListRequest, WishRequest
from state.record import Record

_decode_list = msgspec.json.Decoder(ListRequest).decode
_decode_wish = msgspec.json.Decoder(WishRequest).decode
_encode = msgspec.json.Encoder().encode


class BreakerDirectory(DurableObject):  # type: ignore[misc]
    """The one object of its class is named by `contract.breaker.DIRECTORY`."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._record = Record(ctx, Directory)

    def enlist(self, request: str) -> str:
        """Take note of a breaker: a JSON `ListRequest` in, a JSON `ListAnswer` out."""
        wish = self._record.value.enlist(_decode_list(request).name, time.time())
        self._record.save()
        return _encode(ListAnswer(wish=wish)).decode()

    def want(self, request: str) -> str:
        """Take note of what is wanted of an upstream: a JSON `WishRequest` in, a JSON `Listing`
        out."""
        self._record.value.want(_decode_wish(request), time.time())
        self._record.save()
        return self.listing()

    def listing(self) -> str:
        """A JSON `Listing`."""
        return _encode(self._record.value.listing(time.time())).decode()

    def ping(self) -> str:
        """Answer "ok" if SQLite works."""
        return "ok" if self._record.answers() else "storage failed"
