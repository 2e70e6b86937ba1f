"""A platform in memory, for the core's tests: it answers at once, or is down when told so.

The state machines behind it are the real ones from `contract`; only the distance is missing.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import msgspec

from caching.entries import Known, text_of
from contract.auth import CredentialKind, Principal, VerifyResponse
from contract.breaker import (
    BreakerDetails,
    BreakerName,
    BreakerReport,
    BreakerRequest,
    BreakerStatus,
    ForceRequest,
    details_of,
    status_of,
    take_report,
)
from contract.breaker_directory import Directory, ListAnswer, Listing, ListRequest, WishRequest
from contract.cache import FACTS, STATUS, STORED_AT, TTL
from contract.cache_lease import FlightAnswer, FlightRequest, Outcome, ReleaseRequest, Turn
from contract.cache_statistics import CountsReport, Statistics
from contract.circuit_breaker import CircuitBreaker
from contract.idempotency import BeginAnswer, BeginRequest, EndRequest
from contract.identity import gateway_name
from contract.keyed_request import KeyedRequest
from contract.limiting.authority import Authority
from contract.limits import LeaseAnswer, LeaseRequest
from messages import BodyTooLarge, Exchange, Headers, Request, Response
from ports import RegionKind, Secret, Unavailable
from store.entry import entry_of

T = TypeVar("T")

NOW = 1_800_000_000.0


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits: in tests the platform answers at once."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
    raise AssertionError("the core waited for something that is not the platform")


class Clock:
    """The time, as tests set it."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now


class FakeStream:
    """A body that has not been read."""

    def __init__(self, content: bytes, length: int | None = None) -> None:
        self.content = content
        self.length = length
        self.arrived: float | None = None
        self.was_read = False
        self.was_discarded = False

    async def read(self, limit: int) -> bytes:
        self.was_read = True
        if len(self.content) > limit:
            raise BodyTooLarge
        return self.content

    async def discard(self) -> None:
        self.was_discarded = True


class FakeService:
    """Answers every request with what `answer` makes of it, and remembers the requests."""

    def __init__(self, answer: Callable[[Request], Response] | None = None) -> None:
        self.answer = answer or (lambda _: json_response(b"{}"))
        self.requests: list[Request] = []
        self.timeouts: list[tuple[float, float | None]] = []
        """`timeout` and `total` of each request."""
        self.failure: Unavailable | None = None

    async def send(
        self,
        request: Request,
        *,
        timeout: float,
        total: float | None = None,
        host: str | None = None,
    ) -> Response:
        self.timeouts.append((timeout, total))
        if host is not None:
            request.headers.set("host", host)
        self.requests.append(request)
        if self.failure is not None:
            raise self.failure
        return self.answer(request)


class FakeAuthority:
    """Knows the credentials in `principals`, and sessions in `sessions`."""

    def __init__(self) -> None:
        self.principals = {"good": principal()}
        self.sessions: dict[str, Principal] = {}
        self.asked: list[str] = []
        self.down = False

    async def verify(self, credential: str, *, session: bool = False) -> VerifyResponse:
        self.asked.append(credential)
        if self.down:
            raise Unavailable("auth")
        known = (self.sessions if session else self.principals).get(credential)
        return VerifyResponse(principal=known, reason="" if known else "The token has expired.")


class FakeSigner:
    """Signs nothing: an identity is what it says. Counts what it was asked for."""

    issuer = gateway_name("test")

    def __init__(self) -> None:
        self.trouble = ""
        self.published: dict[str, Any] = {"keys": [{"kid": "public"}]}
        self.signed: list[bytes] = []
        self.down = False

    async def sign(self, payload: bytes) -> str:
        self.signed.append(payload)
        if self.down:
            raise Unavailable("identity keys")
        return payload.decode()


class FakeLimiters:
    """One authority for each key, and what it was asked."""

    def __init__(self, clock: Clock) -> None:
        self.authorities: dict[str, Authority] = {}
        self.asked: list[LeaseRequest] = []
        self.timeouts: list[float] = []
        self.down = False
        self._clock = clock

    async def lease(self, key: str, request: LeaseRequest, *, timeout: float) -> LeaseAnswer:
        self.asked.append(request)
        self.timeouts.append(timeout)
        if self.down:
            raise Unavailable("rate limiter", timed_out=True)
        authority = self.authorities.setdefault(key, Authority(name=f"object-{key}"))
        return authority.answer(request, self._clock.now)


class FakeBreakers:
    """One breaker for each upstream and region, and the list of calls that came."""

    def __init__(self, clock: Clock) -> None:
        self.breakers: dict[str, CircuitBreaker] = {}
        self.directory = Directory()
        self.calls: list[str] = []
        self.down = False
        self.lost: set[str] = set()
        """Names of objects that are down."""
        self._clock = clock
        self.listed: set[str] = set()

    async def report(self, report: BreakerReport, *, timeout: float) -> BreakerStatus:
        breaker = self._reach(report.name, "report")
        if report.listed:
            self.listed.add(report.name.object)
        status = take_report(breaker, report, self._clock.now, 0.0)
        return msgspec.structs.replace(status, listed=report.name.object in self.listed)

    async def acquire(self, request: BreakerRequest, *, timeout: float) -> BreakerStatus:
        breaker = self._reach(request.name, "acquire")
        permission = breaker.acquire(request.settings, self._clock.now)
        return status_of(breaker, request.settings, self._clock.now, permission)

    async def force(self, request: ForceRequest, *, timeout: float) -> BreakerDetails:
        breaker = self._reach(request.name, "force")
        breaker.force(request.mode, self._clock.now, request.reason)
        return details_of(breaker, self._clock.now)

    async def show(self, name: BreakerName, *, timeout: float) -> BreakerDetails:
        return details_of(self._reach(name, "show"), self._clock.now)

    async def enlist(self, request: ListRequest, *, timeout: float) -> ListAnswer:
        self._call("enlist")
        return ListAnswer(wish=self.directory.enlist(request.name, self._clock.now))

    async def want(self, request: WishRequest, *, timeout: float) -> Listing:
        self._call("want")
        self.directory.want(request, self._clock.now)
        return self.directory.listing(self._clock.now)

    async def listing(self, *, timeout: float) -> Listing:
        self._call("listing")
        return self.directory.listing(self._clock.now)

    def _reach(self, name: BreakerName, call: str) -> CircuitBreaker:
        self._call(call)
        if name.object in self.lost:
            raise Unavailable("circuit breaker")
        return self.breakers.setdefault(name.object, CircuitBreaker())

    def _call(self, call: str) -> None:
        self.calls.append(call)
        if self.down:
            raise Unavailable("circuit breaker")


class FakeLeases:
    """Everybody leads, but for those to whom `turns` say something else."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        """What those are told that come next."""
        self.before: Callable[[], None] = lambda: None
        """What happens while one of them waits."""
        self.asked: list[FlightRequest] = []
        self.outcomes: list[Outcome] = []
        self.down = False

    async def acquire(self, shard: str, request: FlightRequest, *, timeout: float) -> FlightAnswer:
        self.asked.append(request)
        if self.down:
            raise Unavailable("cache lease")
        turn = self.turns.pop(0) if self.turns else Turn.LEAD
        if turn is not Turn.LEAD:
            self.before()
        return FlightAnswer(turn=turn, token=len(self.asked))

    async def release(self, shard: str, request: ReleaseRequest, *, timeout: float) -> None:
        if self.down:
            raise Unavailable("cache lease")
        self.outcomes.append(request.outcome)


class FakeIdempotency:
    """One record for each name."""

    def __init__(self, clock: Clock) -> None:
        self.records: dict[str, KeyedRequest] = {}
        self.calls: list[str] = []
        self.down: set[str] = set()
        """Methods that do not answer."""
        self._clock = clock

    async def begin(self, name: str, request: BeginRequest, *, timeout: float) -> BeginAnswer:
        self._call("begin")
        return self.records.setdefault(name, KeyedRequest()).begin(request, self._clock.now)

    async def end(self, name: str, request: EndRequest, *, timeout: float) -> bool:
        self._call("end")
        return self.records.setdefault(name, KeyedRequest()).end(request)

    def _call(self, method: str) -> None:
        self.calls.append(method)
        if method in self.down:
            raise Unavailable("idempotency")


class FakeCounts:
    """Has the reports that came, and sums up the first."""

    def __init__(self) -> None:
        self.reports: list[CountsReport] = []
        self.down = False

    async def count(self, report: CountsReport, *, timeout: float) -> None:
        if self.down:
            raise Unavailable("cache statistics")
        self.reports.append(report)

    async def sums(self, hours: int, *, timeout: float) -> Statistics:
        if self.down:
            raise Unavailable("cache statistics")
        return Statistics(since=int(NOW), rows=self.reports[0].rows if self.reports else ())


class FakeStore:
    """The shared cache as a dict; entries have the form that the cache Worker gives them."""

    def __init__(self) -> None:
        self.entries: dict[str, Response] = {}
        self.asked = 0
        self.down = False
        self.cut_off_after: float | None = None
        """Seconds after which the latest copy of a body breaks off."""

    async def lookup(
        self, key: str, *, tiers: frozenset[str], timeout: float, note: Callable[[str], None]
    ) -> Response | None:
        self.asked += 1
        if self.down:
            raise Unavailable("cache")
        entry = self.entries.get(key)
        return None if entry is None else self.duplicate(entry)

    def duplicate(self, response: Response, seconds: float | None = None) -> Response:
        self.cut_off_after = seconds
        headers, is_coded = response.headers.copy(), response.is_coded
        return Response(response.status, headers, response.body, is_coded=is_coded)

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
        if self.down:
            raise Unavailable("cache")
        control = [(STATUS, str(response.status)), (STORED_AT, str(stored_at)), (TTL, f"{ttl:g}")]
        control.append((FACTS, text_of(facts)))
        entry = entry_of([*response.headers, *control])
        if entry is not None:
            fields = Headers(entry.stored_fields("kv", stored_at))
            self.entries[key] = Response(entry.status, fields, response.body)

    async def purge(self, keys: Sequence[str], *, timeout: float) -> None:
        if self.down:
            raise Unavailable("cache")
        for key in keys:
            self.entries.pop(key, None)


class FakePlatform:
    """All of it. `clock` is what the limiters and breakers go by."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.authority = FakeAuthority()
        self.signer = FakeSigner()
        self.limiters = FakeLimiters(self.clock)
        self.breakers = FakeBreakers(self.clock)
        self.idempotency = FakeIdempotency(self.clock)
        self.store = FakeStore()
        self.leases = FakeLeases()
        self.cache_counts = FakeCounts()
        self.services: dict[str, FakeService] = {}
        self.secrets: dict[str, Secret] = {}
        self.states = {"auth": "ok", "data": "ok"}
        self.environment = "production"
        self.chances: list[float] = []
        """Random numbers that come next; after them each is 0.5."""
        self.pauses: list[float] = []
        """Seconds that were waited."""
        self.waits_take_time = False
        self.lines: list[dict[str, Any]] = []
        """What was logged beside requests."""

    def binding(self, name: str) -> FakeService:
        return self.services.setdefault(name, FakeService())

    def url(self, base: str) -> FakeService:
        return self.services.setdefault(base, FakeService())

    def secret(self, name: str) -> Secret:
        return self.secrets.get(name)

    def time(self) -> float:
        return self.clock.now

    async def together(self, works: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
        return [await work for work in works]

    def chance(self) -> float:
        return self.chances.pop(0) if self.chances else 0.5

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if self.waits_take_time:
            self.clock.now += seconds

    def end_idle(self, response: Response, exchange: Exchange, seconds: float) -> None:
        return None

    def log(self, line: dict[str, Any]) -> None:
        self.lines.append(line)

    def region(self, kind: RegionKind) -> str:
        return "global" if kind == "global" else "local"

    async def health(self, timeout: float) -> dict[str, str]:
        return self.states


def principal(
    subject: str = "ada", scopes: tuple[str, ...] = ("read",), expires_at: float = NOW + 3600
) -> Principal:
    """A verified caller."""
    return Principal(
        subject=subject, kind=CredentialKind.TOKEN, scopes=scopes, expires_at=int(expires_at)
    )


def json_response(body: bytes, status: int = 200, **fields: str) -> Response:
    """A JSON answer; underscores in the names of `fields` stand for hyphens."""
    named = [(name.replace("_", "-"), value) for name, value in fields.items()]
    return Response(status, Headers([("content-type", "application/json"), *named]), body)


def exchange(
    method: str = "GET",
    path: str = "/",
    query: str = "",
    *,
    headers: dict[str, str] | None = None,
    body: Any = None,
    now: float = NOW,
    address: str = "192.0.2.1",
    deferred: list[Coroutine[Any, Any, None]] | None = None,
    chance: float = 0.0,
) -> Exchange:
    """An exchange whose deferred work is kept in `deferred`, or else done at once."""
    request = Request(
        method, path, query, Headers((headers or {}).items()), body, host="api.example.com"
    )
    return Exchange(
        request,
        request_id="request-1",
        client_address=address,
        now=now,
        defer=run if deferred is None else deferred.append,
        chance=chance,
    )


async def answer_empty(_exchange: Exchange) -> Response:
    """The rest of a pipeline, when only what is before it matters."""
    return json_response(b"{}")
