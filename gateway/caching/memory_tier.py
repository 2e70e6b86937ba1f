"""The nearest tier: small entries in the memory of the isolate, found without any call.

Plain data, bounded by bytes; what was not used for longest goes first. Everything else about an
entry, whether it is fresh and whether it was purged, is judged as for one from afar.
"""

from typing import Final, NamedTuple

from caching.entries import Entry
from messages import Headers, Response

MEMORY: Final = "memory"
"""In the log: an entry came from there."""


class _Held(NamedTuple):
    entry: Entry
    until: float
    size: int


class MemoryTier:
    """Entries by their keys."""

    MAX_BYTES: Final = 16 * 1024 * 1024
    """Of an isolate's 128 MiB, of which Python takes some sixty."""

    MAX_BODY: Final = 64 * 1024
    """Bytes of the largest body that is held."""

    OVERHEAD: Final = 2048
    """Bytes that an entry is taken to cost besides its texts."""

    def __init__(self, most: int = MAX_BYTES) -> None:
        self._most = most
        self._held: dict[str, _Held] = {}
        self.size = 0
        """Bytes, as far as they are counted."""

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: str, now: float) -> Entry | None:
        """What is held under `key`, if its time is not over. Nobody changes it."""
        held = self._held.pop(key, None)
        if held is None:
            return None
        if now >= held.until:
            self.size -= held.size
            return None
        self._held[key] = held  # the one used last stands last
        return held.entry

    def put(self, key: str, entry: Entry, body: bytes, until: float) -> None:
        """Hold `entry`, whose body is `body`, until that time; nothing, if it is too large."""
        self.forget(key)
        if len(body) > self.MAX_BODY:
            return
        size = self.OVERHEAD + len(key) + len(body)
        if entry.stored is not None:
            facts = entry.stored.facts
            for fields in (entry.stored.fields, facts.vary, facts.targeted):
                size += sum(len(name) + len(value or "") for name, value in fields)
            size += sum(map(len, facts.tags))
        if size > self._most:
            return
        while self.size + size > self._most:
            self.forget(next(iter(self._held)))
        response = Response(entry.response.status, Headers(), body)
        kept = entry._replace(response=response, tier=MEMORY)
        self._held[key] = _Held(kept, until, size)
        self.size += size

    def forget(self, key: str) -> None:
        """Let go of what is under `key`."""
        held = self._held.pop(key, None)
        if held is not None:
            self.size -= held.size
