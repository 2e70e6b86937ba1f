"""What came of requests to routes with a cache: messages between the gateway and the one
`CacheStatistics` object, and for how long that keeps them."""

from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Meta

STATISTICS: Final = "statistics"
"""The name of the one object."""

HOUR: Final = 3600
MAX_HOURS: Final = 48
"""How many hours are kept, the one that has begun among them."""

MAX_ROWS: Final = 2000
"""In one report."""

MAX_ROWS_KEPT: Final = 200_000
"""In the object; rows of names that are new are dropped beyond them."""

Count = Annotated[int, Meta(ge=0)]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Requests to one route with the same outcome."""

    route: Annotated[str, Meta(max_length=200)]
    outcome: Annotated[str, Meta(max_length=20)]
    """`hit`, `stale`, `collapsed`, `validated`, `miss` or `bypass`."""
    tier: Annotated[str, Meta(max_length=20)] = ""
    """Where the stored answer was; empty where none was used."""
    requests: Count
    size: Count = 0
    """Bytes of bodies that came out of the store."""


class CountsReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an isolate has counted since it last told."""

    rows: Annotated[tuple[Row, ...], Meta(max_length=MAX_ROWS)]


class StatisticsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for the sum of the latest hours, the one that has begun among them."""

    hours: Annotated[int, Meta(ge=1, le=MAX_HOURS)]


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """Sums, in order of route, outcome and tier."""

    since: int
    """Unix seconds."""
    rows: tuple[Row, ...]


class CacheStatisticsRpc(Protocol):
    """The RPC methods of the `CacheStatistics` object, with JSON of the Structs above."""

    def count(self, request: str) -> str:
        """A `CountsReport` in, `ok` out."""
        ...

    def sums(self, request: str) -> str:
        """A `StatisticsRequest` in, `Statistics` out."""
        ...

    def ping(self) -> str: ...


def begin(now: float, hours: int) -> int:
    """The Unix time at which the latest `hours` begin: full hours, the last of which has begun."""
    return int(now // HOUR - hours + 1) * HOUR
