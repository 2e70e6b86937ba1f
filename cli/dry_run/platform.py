"""A platform in memory for dry runs: services that note what they get, and everything at its best.

Limits admit, breakers are closed, the cache is empty: what a request meets is the table, and not
the state that happens to be there. Nothing leaves this process.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple

from caching.entries import Known
from cli.dry_run.call import Caller
from contract.auth import CredentialKind, Principal, VerifyResponse
from contract.breaker import (
    BreakerDetails,
    BreakerName,
    BreakerReport,
    BreakerRequest,
    BreakerStatus,
    ForceRequest,
)
from contract.breaker_directory import ListAnswer, Listing, ListRequest, WishRequest
from contract.cache_lease import FlightAnswer, FlightRequest, ReleaseRequest, Turn
from contract.cache_statistics import CountsReport, Statistics
from contract.circuit_breaker import State
from contract.idempotency import BeginAnswer, BeginRequest, EndRequest, Standing
from contract.identity import gateway_name
from contract.limits import LeaseAnswer, LeaseRequest
from messages import BodyTooLarge, Exchange, Headers, Request, Response, read_body
from ports import RegionKind

_ANY_SIZE = 1 << 62
_JSON = ("content-type", "application/json")


class Content:
    """A body that has not been read, as the edge would have it."""

    def __init__(self, content: bytes, length: int | None) -> None:
        self.length = length
        self.arrived: float | None = None
        self._content = content

    async def read(self, limit: int) -> bytes:
        """All of it. Raises `BodyTooLarge`."""
        if len(self._content) > limit:
            raise BodyTooLarge
        return self._content

    async def discard(self) -> None:
        """Nothing is left of it."""
        self._content = b""


class Answer(NamedTuple):
    """What a service is taken to answer."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = (_JSON,)
    body: bytes | None = b"{}"

    def flags(self) -> list[str]:
        """The options with which `gateway explain` gives the same answer."""
        words = []
        if self.body is not None and self.body != b"{}":
            words += ["--answer", self.body.decode("utf-8", "replace")]
        if self.status != 200:
            words += ["--answer-status", str(self.status)]
        for name, value in self.headers:
            if (name, value) != _JSON:
                words += ["--answer-header", f"{name}: {value}"]
        return words


class Sent(NamedTuple):
    """A request as a service got it."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path


class _Service:
    """Notes each request, and gives the answer that is set."""

    def __init__(self, platform: "RecordingPlatform") -> None:
        self._platform = platform

    async def send(
        self,
        request: Request,
        *,
        timeout: float,
        total: float | None = None,
        host: str | None = None,
    ) -> Response:
        if host is not None:
            request.headers.set("host", host)
        body = None if request.body is None else await read_body(request.body, _ANY_SIZE)
        self._platform.sent.append(
            Sent(request.method, request.path, request.query, tuple(request.headers), body)
        )
        answer = self._platform.answer
        content = answer.body if request.method != "HEAD" else None
        stream = None if content is None else Content(content, None)
        return Response(answer.status, Headers(answer.headers), stream)


class _Authority:
    """Knows the credentials that it was told of."""

    def __init__(self) -> None:
        self.principals: dict[str, Principal] = {}

    async def verify(self, credential: str, *, session: bool = False) -> VerifyResponse:
        principal = self.principals.get(credential)
        reason = "" if principal else "A dry run knows no credentials; say who the caller is."
        return VerifyResponse(principal=principal, reason=reason)


class _Signer:
    """Has no key: an identity is shown as what it says, and signed at the edge only."""

    issuer = gateway_name("dry-run")
    trouble = ""
    published: Mapping[str, Any] = {"keys": []}

    async def sign(self, payload: bytes) -> str:
        return payload.decode()


class _Limiters:
    """Admits every request as the first one of its window."""

    async def lease(self, key: str, request: LeaseRequest, *, timeout: float) -> LeaseAnswer:
        limit = request.limit
        return LeaseAnswer(
            admitted=True, remaining=limit.capacity - request.cost, reset=limit.window
        )


class _Breakers:
    """Closed, whatever is reported."""

    async def report(self, report: BreakerReport, *, timeout: float) -> BreakerStatus:
        return BreakerStatus(state=State.CLOSED, version=0)

    async def acquire(self, request: BreakerRequest, *, timeout: float) -> BreakerStatus:
        return BreakerStatus(state=State.CLOSED, version=0)

    async def force(self, request: ForceRequest, *, timeout: float) -> BreakerDetails:
        return BreakerDetails(state=State.CLOSED, version=0)

    async def show(self, name: BreakerName, *, timeout: float) -> BreakerDetails:
        return BreakerDetails(state=State.CLOSED, version=0)

    async def enlist(self, request: ListRequest, *, timeout: float) -> ListAnswer:
        return ListAnswer()

    async def want(self, request: WishRequest, *, timeout: float) -> Listing:
        return await self.listing(timeout=timeout)

    async def listing(self, *, timeout: float) -> Listing:
        return Listing(names=(), wishes={})


class _Leases:
    """Nobody waits for anybody."""

    async def acquire(self, shard: str, request: FlightRequest, *, timeout: float) -> FlightAnswer:
        return FlightAnswer(turn=Turn.ALONE)

    async def release(self, shard: str, request: ReleaseRequest, *, timeout: float) -> None:
        return None


class _Idempotency:
    """Has never heard of any key."""

    async def begin(self, name: str, request: BeginRequest, *, timeout: float) -> BeginAnswer:
        return BeginAnswer(standing=Standing.BEGUN)

    async def end(self, name: str, request: EndRequest, *, timeout: float) -> bool:
        return True


class _Counts:
    """Nobody counts."""

    async def count(self, report: CountsReport, *, timeout: float) -> None:
        return None

    async def sums(self, hours: int, *, timeout: float) -> Statistics:
        return Statistics(since=0, rows=())


class _Store:
    """Empty, and stays so."""

    async def lookup(
        self, key: str, *, tiers: frozenset[str], timeout: float, note: Callable[[str], None]
    ) -> Response | None:
        return None

    def duplicate(self, response: Response, seconds: float | None = None) -> Response:
        return Response(response.status, response.headers.copy(), response.body)

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
        return None

    async def purge(self, keys: Sequence[str], *, timeout: float) -> None:
        return None


class RecordingPlatform:
    """All of it, as `ports.Platform` wants it."""

    def __init__(self) -> None:
        self.now = 0.0
        """Unix seconds; it stands still while a call is tried."""
        self.answer = Answer()
        self.sent: list[Sent] = []
        self.authority = _Authority()
        self.signer = _Signer()
        self.limiters = _Limiters()
        self.breakers = _Breakers()
        self.idempotency = _Idempotency()
        self.store = _Store()
        self.leases = _Leases()
        self.cache_counts = _Counts()
        self._service = _Service(self)
        self.environment = "production"
        """In which no faults are injected: they are not what a table does."""

    def binding(self, name: str) -> _Service:
        return self._service

    def url(self, base: str) -> _Service:
        return self._service

    def secret(self, name: str) -> str:
        """Its name: what a secret is, a dry run neither knows nor shows."""
        return f"<{name}>"

    def time(self) -> float:
        return self.now

    def chance(self) -> float:
        return 0.0

    async def together(self, works: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
        return [await work for work in works]

    async def pause(self, seconds: float) -> None:
        return None

    def end_idle(self, response: Response, exchange: Exchange, seconds: float) -> None:
        return None

    def log(self, line: dict[str, Any]) -> None:
        return None

    def region(self, kind: RegionKind) -> str:
        return "local"

    async def health(self, timeout: float) -> dict[str, str]:
        return {}

    def know(self, credential: str, caller: Caller, now: float) -> None:
        """Take whoever shows `credential` for `caller`."""
        self.authority.principals[credential] = Principal(
            subject=caller.subject,
            kind=CredentialKind.TOKEN,
            scopes=caller.scopes,
            roles=caller.roles,
            claims=dict(caller.claims),
            expires_at=int(now) + 3600,
        )
