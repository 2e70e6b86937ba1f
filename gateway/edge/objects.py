"""The Durable Objects of the state Worker behind the core's ports.

Stubs are taken anew for each call, as they may not outlive a request. A class that is not bound is
an object that is away: what needs it does without, or says so.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from contract.audit import AUDIT, AuditEntry, Entries, EntriesRequest, Record
from contract.breaker import (
    DIRECTORY,
    BreakerDetails,
    BreakerName,
    BreakerReport,
    BreakerRequest,
    BreakerStatus,
    ForceRequest,
)
from contract.breaker_directory import ListAnswer, Listing, ListRequest, WishRequest
from contract.cache_lease import FlightAnswer, FlightRequest, ReleaseRequest
from contract.cache_statistics import STATISTICS, CountsReport, Statistics, StatisticsRequest
from contract.feed import (
    FEED,
    AppendRequest,
    Changes,
    Entry,
    History,
    HistoryRequest,
    Kind,
    PointerAnswer,
    PointerRequest,
    SinceRequest,
    TablePointer,
)
from contract.idempotency import BeginAnswer, BeginRequest, EndAnswer, EndRequest
from contract.limits import LeaseAnswer, LeaseRequest
from edge.asking import ask, encoded, read
from edge.driver import invoke
from ports import Unavailable

T = TypeVar("T")

_decode_lease = msgspec.json.Decoder(LeaseAnswer).decode
_decode_breaker = msgspec.json.Decoder(BreakerStatus).decode
_decode_details = msgspec.json.Decoder(BreakerDetails).decode
_decode_wish = msgspec.json.Decoder(ListAnswer).decode
_decode_listing = msgspec.json.Decoder(Listing).decode
_decode_flight = msgspec.json.Decoder(FlightAnswer).decode
_decode_statistics = msgspec.json.Decoder(Statistics).decode
_decode_begun = msgspec.json.Decoder(BeginAnswer).decode
_decode_ended = msgspec.json.Decoder(EndAnswer).decode
_decode_changes = msgspec.json.Decoder(Changes).decode
_decode_change = msgspec.json.Decoder(Entry).decode
_decode_pointer = msgspec.json.Decoder(PointerAnswer).decode
_decode_history = msgspec.json.Decoder(History).decode
_decode_audit_entry = msgspec.json.Decoder(AuditEntry).decode
_decode_audit_entries = msgspec.json.Decoder(Entries).decode


class Objects:
    """The objects of one class, by RPC: JSON of a Struct in, JSON of a Struct out."""

    def __init__(self, dependency: str, namespace: Any) -> None:
        """`dependency`: what they are called where they are away."""
        self._dependency = dependency
        self._namespace = namespace

    async def call(self, name: str, method: str, timeout: float, *messages: msgspec.Struct) -> Any:
        """What `method` of the object called `name` answers. Raises `Unavailable`."""
        if self._namespace is None:
            raise Unavailable(self._dependency, reason="not bound")
        stub = self._namespace.getByName(name)
        arguments = (getattr(stub, method), stub, *map(encoded, messages))
        return await ask(self._dependency, timeout, invoke, *arguments)

    async def ask(
        self,
        decode: Callable[[Any], T],
        name: str,
        method: str,
        timeout: float,
        *messages: msgspec.Struct,
    ) -> T:
        """The same, read by `decode`."""
        answer = await self.call(name, method, timeout, *messages)
        return read(self._dependency, decode, answer)


class RateLimiterObjects:
    """The RateLimiter objects."""

    def __init__(self, namespace: Any) -> None:
        self._objects = Objects("rate limiter", namespace)

    async def lease(self, key: str, request: LeaseRequest, *, timeout: float) -> LeaseAnswer:
        return await self._objects.ask(_decode_lease, key, "lease", timeout, request)


class CircuitBreakerObjects:
    """The CircuitBreaker objects, and the BreakerDirectory."""

    def __init__(self, namespace: Any, directory: Any) -> None:
        self._objects = Objects("circuit breaker", namespace)
        self._directory = Objects("breaker directory", directory)

    async def report(self, report: BreakerReport, *, timeout: float) -> BreakerStatus:
        name = report.name.object
        return await self._objects.ask(_decode_breaker, name, "report", timeout, report)

    async def acquire(self, request: BreakerRequest, *, timeout: float) -> BreakerStatus:
        name = request.name.object
        return await self._objects.ask(_decode_breaker, name, "acquire", timeout, request)

    async def force(self, request: ForceRequest, *, timeout: float) -> BreakerDetails:
        name = request.name.object
        return await self._objects.ask(_decode_details, name, "force", timeout, request)

    async def show(self, name: BreakerName, *, timeout: float) -> BreakerDetails:
        return await self._objects.ask(_decode_details, name.object, "show", timeout)

    async def enlist(self, request: ListRequest, *, timeout: float) -> ListAnswer:
        return await self._directory.ask(_decode_wish, DIRECTORY, "enlist", timeout, request)

    async def want(self, request: WishRequest, *, timeout: float) -> Listing:
        return await self._directory.ask(_decode_listing, DIRECTORY, "want", timeout, request)

    async def listing(self, *, timeout: float) -> Listing:
        return await self._directory.ask(_decode_listing, DIRECTORY, "listing", timeout)


class CacheLeaseObjects:
    """The CacheLease objects."""

    def __init__(self, namespace: Any) -> None:
        self._objects = Objects("cache lease", namespace)

    async def acquire(self, shard: str, request: FlightRequest, *, timeout: float) -> FlightAnswer:
        return await self._objects.ask(_decode_flight, shard, "acquire", timeout, request)

    async def release(self, shard: str, request: ReleaseRequest, *, timeout: float) -> None:
        await self._objects.call(shard, "release", timeout, request)


class CacheStatisticsObject:
    """The one CacheStatistics object."""

    def __init__(self, namespace: Any) -> None:
        self._objects = Objects("cache statistics", namespace)

    async def count(self, report: CountsReport, *, timeout: float) -> None:
        await self._objects.call(STATISTICS, "count", timeout, report)

    async def sums(self, hours: int, *, timeout: float) -> Statistics:
        request = StatisticsRequest(hours=hours)
        return await self._objects.ask(_decode_statistics, STATISTICS, "sums", timeout, request)


class IdempotencyKeyObjects:
    """The Idempotency objects."""

    def __init__(self, namespace: Any) -> None:
        self._objects = Objects("idempotency", namespace)

    async def begin(self, name: str, request: BeginRequest, *, timeout: float) -> BeginAnswer:
        return await self._objects.ask(_decode_begun, name, "begin", timeout, request)

    async def end(self, name: str, request: EndRequest, *, timeout: float) -> bool:
        return (await self._objects.ask(_decode_ended, name, "end", timeout, request)).recorded


class ChangeFeedObject:
    """The one ChangeFeed object."""

    def __init__(self, namespace: Any) -> None:
        self._objects = Objects("change feed", namespace)

    async def since(self, sequence: int | None, *, timeout: float) -> Changes:
        request = SinceRequest(sequence=sequence)
        return await self._objects.ask(_decode_changes, FEED, "since", timeout, request)

    async def append(self, kind: Kind, change: bytes, *, timeout: float) -> int:
        request = AppendRequest(kind=kind, change=msgspec.Raw(change))
        return (await self._objects.ask(_decode_change, FEED, "append", timeout, request)).sequence

    async def move_pointer(self, request: PointerRequest, *, timeout: float) -> PointerAnswer:
        return await self._objects.ask(_decode_pointer, FEED, "move_pointer", timeout, request)

    async def history(self, limit: int, *, timeout: float) -> tuple[TablePointer, ...]:
        request = HistoryRequest(limit=limit)
        return (
            await self._objects.ask(_decode_history, FEED, "history", timeout, request)
        ).pointers


class AuditLogObject:
    """The one AuditLog object."""

    def __init__(self, namespace: Any) -> None:
        self._objects = Objects("audit log", namespace)

    async def append(self, record: Record, *, timeout: float) -> int:
        return (
            await self._objects.ask(_decode_audit_entry, AUDIT, "append", timeout, record)
        ).sequence

    async def entries(self, request: EntriesRequest, *, timeout: float) -> Entries:
        return await self._objects.ask(_decode_audit_entries, AUDIT, "entries", timeout, request)
