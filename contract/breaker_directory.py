"""Which breakers there are, and what operators want of each upstream: plain data, bounded.

Isolates make the breaker of a region as they need it, so nobody else could tell which ones exist.
What an operator wants holds for regions that are not there yet as well.
"""

from typing import Final, Protocol

import msgspec

from contract.breaker import BreakerName, Reason, Upstream
from contract.circuit_breaker import Mode

MAX_BREAKERS: Final = 2000
MAX_WISHES: Final = 500
FORGOTTEN_AFTER: Final = 7 * 86_400.0
"""Seconds after which a breaker that nobody has told of again is listed no more."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator wants of all breakers of an upstream; never `Mode.AUTO`."""

    mode: Mode
    reason: Reason
    by: str
    at: float
    """Unix seconds."""


class ListRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Tell of a breaker."""

    name: BreakerName


class ListAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wanted of it, if anything."""

    wish: Wish | None = None


class WishRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Want something of an upstream in all regions."""

    upstream: Upstream
    mode: Mode
    reason: Reason
    by: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """All breakers by name, and what is wanted of upstreams."""

    names: tuple[BreakerName, ...]
    wishes: dict[str, Wish]


class BreakerDirectoryRpc(Protocol):
    """The RPC methods of the `BreakerDirectory` object, with JSON of the Structs above."""

    def enlist(self, request: str) -> str: ...

    def want(self, request: str) -> str: ...

    def listing(self) -> str: ...

    def ping(self) -> str: ...


class Directory(msgspec.Struct):
    """The breakers by name, with the time (Unix seconds) at which they were last told of."""

    seen: dict[str, float] = {}
    wishes: dict[str, Wish] = {}

    def enlist(self, name: BreakerName, now: float) -> Wish | None:
        """Take note of a breaker; the one told of longest ago makes room."""
        self.seen.pop(name.object, None)
        while len(self.seen) >= MAX_BREAKERS:
            del self.seen[next(iter(self.seen))]
        self.seen[name.object] = now
        return self.wishes.get(name.upstream)

    def want(self, request: WishRequest, now: float) -> None:
        """Take note of what is wanted from now on. Raises `ValueError` where there is no room."""
        self.wishes.pop(request.upstream, None)
        if request.mode is Mode.AUTO:
            return
        if len(self.wishes) >= MAX_WISHES:
            raise ValueError(f"more than {MAX_WISHES} upstreams are forced open or closed")
        self.wishes[request.upstream] = Wish(
            mode=request.mode, reason=request.reason, by=request.by, at=now
        )

    def listing(self, now: float) -> Listing:
        """Everything that is not forgotten at `now`, in order of the names."""
        names = [
            BreakerName(*one.split("@"))
            for one, seen in self.seen.items()
            if now < seen + FORGOTTEN_AFTER
        ]
        return Listing(names=tuple(sorted(names)), wishes=self.wishes)
