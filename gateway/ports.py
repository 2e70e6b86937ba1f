"""What the core asks of the platform, as protocols: the edge implements them, tests may as well.

Every method that leaves the isolate raises `Unavailable` when the other side is gone, refuses or
does not answer in time; nothing else gets through, so a policy has one failure to think about.
"""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Literal, Protocol

from caching.entries import Known
from contract.audit import Entries, EntriesRequest, Record
from contract.auth import VerifyResponse
from contract.breaker import (
    BreakerDetails,
    BreakerName,
    BreakerReport,
    BreakerRequest,
    BreakerStatus,
    ForceRequest,
)
from contract.breaker_directory import ListAnswer, Listing, ListRequest, WishRequest
from contract.cache_lease import FlightAnswer, FlightRequest, ReleaseRequest
from contract.cache_statistics import CountsReport, Statistics
from contract.feed import Changes, Kind, PointerAnswer, PointerRequest, TablePointer
from contract.idempotency import BeginAnswer, BeginRequest, EndRequest
from contract.limits import LeaseAnswer, LeaseRequest
from messages import Exchange, Headers, Request, Response


class Unavailable(Exception):
    """A dependency did not answer. `timed_out` tells a late answer from none at all."""

    def __init__(self, dependency: str, *, timed_out: bool = False, reason: str = "") -> None:
        super().__init__(f"{dependency}: {'timed out' if timed_out else reason or 'unreachable'}")
        self.dependency = dependency
        self.timed_out = timed_out


class Unconfigured(Unavailable):
    """A service was not asked, as what the gateway has to show to it is missing."""


class Unsent(Unavailable):
    """A service has not answered to a request that its client does not send, or not all of."""


class StoredSecret(Protocol):
    """A secret that is kept elsewhere, and has to be asked for."""

    async def get(self) -> str: ...


Secret = str | StoredSecret | None
"""The value of a secret, or where to ask for it; None where there is none of the name."""


class Service(Protocol):
    """Something that answers HTTP: a service binding or a URL."""

    async def send(
        self,
        request: Request,
        *,
        timeout: float,
        total: float | None = None,
        host: str | None = None,
    ) -> Response:
        """Send and return as soon as the header fields are there, within `timeout` seconds.

        After `total` seconds the answer's body is cut off, with an error for whoever reads it.
        Raises `Unsent` where the body of the request is what is missing.
        `host` is for a service binding, which sees it in the URL and in Host.
        """
        ...


Together = Callable[[Sequence[Coroutine[Any, Any, Any]]], Awaitable[list[Any]]]
"""Runs coroutines at the same time and gives their results in order, or raises the first error."""


class Authority(Protocol):
    """The auth Worker."""

    async def verify(self, credential: str, *, session: bool = False) -> VerifyResponse:
        """Who holds `credential`. `session`: it came as that cookie, and is nothing else."""
        ...


class IdentitySigner(Protocol):
    """Signs who is calling, in the gateway's name."""

    @property
    def issuer(self) -> str:
        """The gateway's name: the claim `iss`."""
        ...

    @property
    def trouble(self) -> str:
        """Why nothing can be signed; empty where it can."""
        ...

    @property
    def published(self) -> Mapping[str, Any]:
        """The JWK set with which anybody can verify what was signed."""
        ...

    async def sign(self, payload: bytes) -> str:
        """A compact JWS of `payload`."""
        ...


class LimiterObjects(Protocol):
    """The rate-limiter objects, one for each key, or shard of one."""

    async def lease(self, key: str, request: LeaseRequest, *, timeout: float) -> LeaseAnswer: ...


class BreakerObjects(Protocol):
    """The circuit-breaker objects, one for each upstream and region, and their directory."""

    async def report(self, report: BreakerReport, *, timeout: float) -> BreakerStatus: ...

    async def acquire(self, request: BreakerRequest, *, timeout: float) -> BreakerStatus: ...

    async def force(self, request: ForceRequest, *, timeout: float) -> BreakerDetails: ...

    async def show(self, name: BreakerName, *, timeout: float) -> BreakerDetails: ...

    async def enlist(self, request: ListRequest, *, timeout: float) -> ListAnswer: ...

    async def want(self, request: WishRequest, *, timeout: float) -> Listing: ...

    async def listing(self, *, timeout: float) -> Listing: ...


class IdempotencyObjects(Protocol):
    """The objects that remember idempotency keys, one for each key of a caller."""

    async def begin(self, name: str, request: BeginRequest, *, timeout: float) -> BeginAnswer: ...

    async def end(self, name: str, request: EndRequest, *, timeout: float) -> bool:
        """Whether it counts."""
        ...


RegionKind = Literal["colo", "continent", "global"]


class ResponseStore(Protocol):
    """The shared cache: the Cache API at hand first, then the cache Worker's tiers."""

    async def lookup(
        self,
        key: str,
        *,
        tiers: frozenset[str],
        timeout: float,
        note: Callable[[str], None],
    ) -> Response | None:
        """What is under `key` in those of EDGE and GLOBAL (`contract.cache`) that are in `tiers`.
        `note` is told of one that fails and is passed over."""
        ...

    def duplicate(self, response: Response, seconds: float | None = None) -> Response:
        """Split the body in two: the returned copy can be stored while the original goes out. It
        breaks off after so many seconds, where it is said how many."""
        ...

    async def store(
        self,
        key: str,
        response: Response,
        facts: Known,
        *,
        stored_at: float,
        ttl: float,
        tiers: frozenset[str],
    ) -> None:
        """Keep `response`, whose body has been read and has no coding, for `ttl` seconds, and what
        the rules know of it."""
        ...

    async def purge(self, keys: Sequence[str], *, timeout: float) -> None:
        """Forget what is stored under these keys."""
        ...


class CacheApi(Protocol):
    """The Cache API of the data centre, which the cache Worker fills."""

    async def match(self, key: str, *, timeout: float) -> Response | None:
        """What is under `key`, in the stored form (`contract.cache`)."""
        ...


class CacheWorker(Protocol):
    """The cache Worker, with the header fields of `contract.cache`."""

    async def get(self, key: str, headers: Headers, *, timeout: float) -> Response | None:
        """What it answers, unless that is that nothing is there."""
        ...

    async def put(self, key: str, headers: Headers, body: Any, *, timeout: float) -> int:
        """The status with which it has answered."""
        ...

    async def purge(self, keys: Sequence[str], *, timeout: float) -> None:
        """Forget what is stored under these keys."""
        ...


class CacheLeases(Protocol):
    """The objects that say who fetches an answer for all that wait for it."""

    async def acquire(
        self, shard: str, request: FlightRequest, *, timeout: float
    ) -> FlightAnswer: ...

    async def release(self, shard: str, request: ReleaseRequest, *, timeout: float) -> None: ...


class CacheCounts(Protocol):
    """The object that sums what came of requests to routes with a cache."""

    async def count(self, report: CountsReport, *, timeout: float) -> None: ...

    async def sums(self, hours: int, *, timeout: float) -> Statistics: ...


class ChangeFeed(Protocol):
    """The object that says what has changed since an isolate last asked."""

    async def since(self, sequence: int | None, *, timeout: float) -> Changes: ...

    async def append(self, kind: Kind, change: bytes, *, timeout: float) -> int:
        """Put a change, the JSON of what `contract.feed.CHANGES` has for it, into the log: its
        sequence."""
        ...

    async def move_pointer(self, request: PointerRequest, *, timeout: float) -> PointerAnswer:
        """Compare and set: not accepted where another pointer stands than `request` expects."""
        ...

    async def history(self, limit: int, *, timeout: float) -> tuple[TablePointer, ...]: ...


class TableArchive(Protocol):
    """Published tables by their ids. What was put in is seen everywhere only after a while."""

    async def get(self, id: str, *, timeout: float) -> bytes | None: ...

    async def put(
        self, id: str, document: bytes, metadata: Mapping[str, Any], *, timeout: float
    ) -> None: ...


class AuditLog(Protocol):
    """The object that keeps what operators did. What it has answered is durable."""

    async def append(self, record: Record, *, timeout: float) -> int:
        """Its sequence."""
        ...

    async def entries(self, request: EntriesRequest, *, timeout: float) -> Entries: ...


class Platform(Protocol):
    """All of it, as the gateway is given it once for each isolate."""

    @property
    def authority(self) -> Authority: ...

    @property
    def signer(self) -> IdentitySigner: ...

    @property
    def limiters(self) -> LimiterObjects: ...

    @property
    def breakers(self) -> BreakerObjects: ...

    @property
    def idempotency(self) -> IdempotencyObjects: ...

    @property
    def store(self) -> ResponseStore: ...

    @property
    def leases(self) -> CacheLeases: ...

    @property
    def cache_counts(self) -> CacheCounts: ...

    def binding(self, name: str) -> Service:
        """The service binding called `name`; one that is never available where there is none."""
        ...

    def url(self, base: str) -> Service:
        """The service at the absolute URL `base`."""
        ...

    def secret(self, name: str) -> Secret:
        """The secret called `name`. What is no stored secret stays as it is for the isolate."""
        ...

    def time(self) -> float:
        """Unix seconds, now. On Cloudflare it stands still while nothing is waited for."""
        ...

    @property
    def environment(self) -> str:
        """The variable ENVIRONMENT; `production` where there is none."""
        ...

    def chance(self) -> float:
        """A random number from [0, 1); no secret."""
        ...

    async def together(self, works: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
        """`Together`."""
        ...

    async def pause(self, seconds: float) -> None:
        """Let so many seconds go by."""
        ...

    def end_idle(self, response: Response, exchange: Exchange, seconds: float) -> None:
        """Give `response` a body that breaks off after so many seconds without anything new."""
        ...

    def log(self, line: dict[str, Any]) -> None:
        """Write a line that belongs to no request."""
        ...

    def region(self, kind: RegionKind) -> str:
        """Where the isolate runs: a data centre or a continent, `local` where nobody says."""
        ...

    async def health(self, timeout: float) -> dict[str, str]:
        """Each Worker and kind of object by name: `ok`, or in a few words what is wrong."""
        ...
