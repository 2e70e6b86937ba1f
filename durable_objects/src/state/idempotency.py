"""`Idempotency`: what became of the request with one idempotency key, for each caller and key.

The record is on disk before the gateway hears that it may send (see `state.record` for the output
gate), and erased by an alarm once the key has expired.
"""

import time
from typing import Any

import msgspec
from workers import DurableObject

from contract.idempotency import BeginRequest, EndAnswer, EndRequest, KeyStatus, Standing
from contract.keyed_request import KeyedRequest, Phase
from state.record import Record

_decode_begin = msgspec.json.Decoder(BeginRequest).decode
_decode_end = msgspec.json.Decoder(EndRequest).decode
_encode = msgspec.json.Encoder().encode


class Idempotency(DurableObject):  # type: ignore[misc]
    """Lets one attempt through."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self._record = Record(ctx, KeyedRequest)

    def begin(self, request: str) -> str:
        """A JSON `BeginRequest` in, a JSON `BeginAnswer` out."""
        record = self._record
        answer = record.value.begin(_decode_begin(request), time.time())
        if answer.standing is Standing.BEGUN:
            record.save()
            record.set_alarm(record.value.expires_at)
        return _encode(answer).decode()

    def end(self, request: str) -> str:
        """A JSON `EndRequest` in, a JSON `EndAnswer` out."""
        record = self._record
        recorded = record.value.end(_decode_end(request))
        if recorded and record.value.phase is Phase.FREE:
            record.erase(KeyedRequest())
        elif recorded:
            record.save()
        return _encode(EndAnswer(recorded)).decode()

    def status(self) -> str:
        """A JSON `KeyStatus`."""
        return _encode(KeyStatus(stored=self._record.is_stored)).decode()

    def ping(self) -> str:
        """Answer "ok" if SQLite works."""
        return "ok" if self._record.answers() else "storage failed"

    def alarm(self, *_: Any) -> None:
        """Forget a key that has expired; else look again later."""
        value = self._record.value
        if value.is_over(time.time()):
            self._record.erase(KeyedRequest())
        else:
            self._record.set_alarm(value.expires_at)
