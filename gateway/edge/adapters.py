"""The platform behind the core's ports: bindings, Durable Objects, Cache API.

Bindings are looked up once for each isolate; Durable Object stubs are taken anew for each call, as
they may not outlive a request. Every failure leaves here as `Unavailable`.
"""

import os
import random
import re
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import js
import msgspec
from pyodide.ffi import JsException, jsnull

from caching.entries import Known, text_of
from contract.audit import AUDIT, AuditEntry, Entries, EntriesRequest, Record
from contract.auth import VerifyRequest, VerifyResponse
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
from contract.cache import EDGE, FACTS, GLOBAL, STATUS, STORED_AT, TIERS, TTL, PurgeRequest
from contract.cache_lease import FlightAnswer, FlightRequest, ReleaseRequest
from contract.cache_statistics import STATISTICS, CountsReport, Statistics, StatisticsRequest
from contract.feed import (
    FEED,
    AppendRequest,
    Changes,
    History,
    HistoryRequest,
    Kind,
    PointerAnswer,
    PointerRequest,
    SinceRequest,
    TablePointer,
)
from contract.feed import Entry as FeedEntry
from contract.idempotency import BeginAnswer, BeginRequest, EndAnswer, EndRequest
from contract.limits import LeaseAnswer, LeaseRequest
from contract.log_line import log_line
from contract.names import IDENTITY_SECRET, PING, Binding
from edge.convert import JsStream, Origin, cut_off, request_to_js, response_from_js
from edge.driver import Rejected, invoke, pause, promising, settled, together, within
from edge.idle import end_idle
from edge.signing import WebCryptoSigner
from messages import Exchange, Headers, Request, Response
from ports import RegionKind, Secret, Service, Unavailable

T = TypeVar("T")

_fetch = promising(js.fetch)
_all = promising(js.Promise.all, js.Promise, listed=True)
_encode = msgspec.json.Encoder().encode
_decode_verification = msgspec.json.Decoder(VerifyResponse).decode
_decode_limit = msgspec.json.Decoder(LeaseAnswer).decode
_decode_statistics = msgspec.json.Decoder(Statistics).decode
_decode_flight = msgspec.json.Decoder(FlightAnswer).decode
_decode_breaker = msgspec.json.Decoder(BreakerStatus).decode
_decode_details = msgspec.json.Decoder(BreakerDetails).decode
_decode_wish = msgspec.json.Decoder(ListAnswer).decode
_decode_listing = msgspec.json.Decoder(Listing).decode
_decode_changes = msgspec.json.Decoder(Changes).decode
_decode_change = msgspec.json.Decoder(FeedEntry).decode
_decode_pointer_answer = msgspec.json.Decoder(PointerAnswer).decode
_decode_audit_entry = msgspec.json.Decoder(AuditEntry).decode
_decode_audit_entries = msgspec.json.Decoder(Entries).decode
_decode_begun = msgspec.json.Decoder(BeginAnswer).decode
_decode_ended = msgspec.json.Decoder(EndAnswer).decode
_decode_history = msgspec.json.Decoder(History).decode

_REGION = re.compile(r"[A-Za-z0-9-]{1,20}")


def write_line(line: dict[str, Any]) -> None:
    """Write one JSON object into the log."""
    js.console.log(log_line(line))


async def _ask(dependency: str, timeout: float, call: Callable[..., Any], *arguments: Any) -> Any:
    """What `call` promises; raises `Unavailable` where that fails or is late."""
    try:
        value = await within(timeout, call(*arguments))
    except (JsException, Rejected) as error:
        raise Unavailable(dependency, reason=str(error)[:200]) from None
    if value is None:
        raise Unavailable(dependency, timed_out=True)
    return value


def _read(dependency: str, decode: Callable[[Any], T], answer: Any) -> T:
    """What the answer says. Raises `Unavailable`: who answers something else is as good as down."""
    try:
        return decode(answer)
    except (msgspec.MsgspecError, TypeError, ValueError):
        # Without its text: the answer could be quoted there.
        raise Unavailable(dependency, reason="its answer cannot be read") from None


def _encoded(message: msgspec.Struct) -> str:
    return _encode(message).decode()


class BoundService:
    """A service binding, spoken to by fetch. The host name is never resolved."""

    def __init__(self, name: str, binding: Any) -> None:
        self._name = name
        self._fetch = promising(binding.fetch, binding)
        self._base = f"https://{name.lower()}.internal"

    async def send(
        self,
        request: Request,
        *,
        timeout: float,
        total: float | None = None,
        host: str | None = None,
    ) -> Response:
        base = self._base
        if host is not None:
            base = f"https://{host}"
            request.headers.set("host", host)
        return await _send(self._name, (self._fetch, base), request, timeout, total)


class MissingService:
    """A binding that wrangler.toml does not declare: only the routes that lead there fail."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def send(
        self,
        request: Request,
        *,
        timeout: float,
        total: float | None = None,
        host: str | None = None,
    ) -> Response:
        raise Unavailable(self._name, reason="there is no such binding")


class UrlService:
    """A service at an absolute URL."""

    def __init__(self, base: str) -> None:
        self._base = base

    async def send(
        self,
        request: Request,
        *,
        timeout: float,
        total: float | None = None,
        host: str | None = None,
    ) -> Response:
        request.headers.remove("host")  # fetch says the one of the URL, and no other
        return await _send(self._base, (_fetch, self._base), request, timeout, total)


async def _send(
    name: str, call: tuple[Any, str], request: Request, timeout: float, total: float | None
) -> Response:
    fetch, base = call
    query = f"?{request.query}" if request.query else ""
    url = f"{base}{request.path}{query}"
    if total is None:
        return response_from_js(await _ask(name, timeout, fetch, url, request_to_js(request)))
    end = js.AbortSignal.timeout(total * 1000)
    sent = request_to_js(request)
    return cut_off(response_from_js(await _ask(name, min(timeout, total), fetch, url, sent)), end)


class AuthWorker:
    """The auth Worker, by RPC."""

    TIMEOUT = 2.0

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def verify(self, credential: str, *, session: bool = False) -> VerifyResponse:
        request = VerifyRequest(credential=credential, session=session)
        auth, message = self._binding, _encoded(request)
        answer = await _ask("auth", self.TIMEOUT, invoke, auth.verify, auth, message)
        return _read("auth", _decode_verification, answer)


class RateLimiterObjects:
    """The RateLimiter objects of the state Worker."""

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    async def lease(self, key: str, request: LeaseRequest, *, timeout: float) -> LeaseAnswer:
        limiter = self._namespace.getByName(key)
        message = _encoded(request)
        answer = await _ask("rate limiter", timeout, invoke, limiter.lease, limiter, message)
        return _read("rate limiter", _decode_limit, answer)


class CircuitBreakerObjects:
    """The CircuitBreaker objects of the state Worker, and its BreakerDirectory."""

    def __init__(self, namespace: Any, directory: Any) -> None:
        self._namespace = namespace
        self._directory = directory

    async def report(self, report: BreakerReport, *, timeout: float) -> BreakerStatus:
        return await self._ask(_decode_breaker, "report", report.name, timeout, report)

    async def acquire(self, request: BreakerRequest, *, timeout: float) -> BreakerStatus:
        return await self._ask(_decode_breaker, "acquire", request.name, timeout, request)

    async def force(self, request: ForceRequest, *, timeout: float) -> BreakerDetails:
        return await self._ask(_decode_details, "force", request.name, timeout, request)

    async def show(self, name: BreakerName, *, timeout: float) -> BreakerDetails:
        return await self._ask(_decode_details, "show", name, timeout)

    async def enlist(self, request: ListRequest, *, timeout: float) -> ListAnswer:
        return await self._ask_directory(_decode_wish, "enlist", timeout, request)

    async def want(self, request: WishRequest, *, timeout: float) -> Listing:
        return await self._ask_directory(_decode_listing, "want", timeout, request)

    async def listing(self, *, timeout: float) -> Listing:
        return await self._ask_directory(_decode_listing, "listing", timeout)

    async def _ask(
        self,
        decode: Callable[[Any], T],
        method: str,
        name: BreakerName,
        timeout: float,
        *messages: msgspec.Struct,
    ) -> T:
        breaker = self._namespace.getByName(name.object)
        arguments = (getattr(breaker, method), breaker, *map(_encoded, messages))
        answer = await _ask("circuit breaker", timeout, invoke, *arguments)
        return _read("circuit breaker", decode, answer)

    async def _ask_directory(
        self, decode: Callable[[Any], T], method: str, timeout: float, *messages: msgspec.Struct
    ) -> T:
        if self._directory is None:
            raise Unavailable("breaker directory", reason="not bound")
        directory = self._directory.getByName(DIRECTORY)
        arguments = (getattr(directory, method), directory, *map(_encoded, messages))
        answer = await _ask("breaker directory", timeout, invoke, *arguments)
        return _read("breaker directory", decode, answer)


class CacheLeaseObjects:
    """The CacheLease objects of the state Worker."""

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    async def acquire(self, shard: str, request: FlightRequest, *, timeout: float) -> FlightAnswer:
        lease = self._object(shard)
        message = _encoded(request)
        answer = await _ask("cache lease", timeout, invoke, lease.acquire, lease, message)
        return _read("cache lease", _decode_flight, answer)

    async def release(self, shard: str, request: ReleaseRequest, *, timeout: float) -> None:
        lease = self._object(shard)
        await _ask("cache lease", timeout, invoke, lease.release, lease, _encoded(request))

    def _object(self, name: str) -> Any:
        if self._namespace is None:
            raise Unavailable("cache lease", reason="not bound")
        return self._namespace.getByName(name)


class CacheStatisticsObject:
    """The one CacheStatistics object of the state Worker."""

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    async def count(self, report: CountsReport, *, timeout: float) -> None:
        counts = self._object()
        await _ask("cache statistics", timeout, invoke, counts.count, counts, _encoded(report))

    async def sums(self, hours: int, *, timeout: float) -> Statistics:
        counts, message = self._object(), _encoded(StatisticsRequest(hours=hours))
        answer = await _ask("cache statistics", timeout, invoke, counts.sums, counts, message)
        return _read("cache statistics", _decode_statistics, answer)

    def _object(self) -> Any:
        if self._namespace is None:
            raise Unavailable("cache statistics", reason="not bound")
        return self._namespace.getByName(STATISTICS)


class IdempotencyKeyObjects:
    """The Idempotency objects of the state Worker."""

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    async def begin(self, name: str, request: BeginRequest, *, timeout: float) -> BeginAnswer:
        return await self._ask(_decode_begun, "begin", name, request, timeout)

    async def end(self, name: str, request: EndRequest, *, timeout: float) -> bool:
        return (await self._ask(_decode_ended, "end", name, request, timeout)).recorded

    async def _ask(
        self,
        decode: Callable[[Any], T],
        method: str,
        name: str,
        request: msgspec.Struct,
        timeout: float,
    ) -> T:
        if self._namespace is None:
            raise Unavailable("idempotency", reason="not bound")
        key = self._namespace.getByName(name)
        message = _encoded(request)
        answer = await _ask("idempotency", timeout, invoke, getattr(key, method), key, message)
        return _read("idempotency", decode, answer)


class ChangeFeedObject:
    """The one ChangeFeed object of the state Worker."""

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    async def since(self, sequence: int | None, *, timeout: float) -> Changes:
        feed, message = self._namespace.getByName(FEED), _encoded(SinceRequest(sequence=sequence))
        return _decode_changes(
            await _ask("change feed", timeout, invoke, feed.since, feed, message)
        )

    async def append(self, kind: Kind, change: bytes, *, timeout: float) -> int:
        feed = self._namespace.getByName(FEED)
        message = _encoded(AppendRequest(kind=kind, change=msgspec.Raw(change)))
        answer = await _ask("change feed", timeout, invoke, feed.append, feed, message)
        return _read("change feed", _decode_change, answer).sequence

    async def move_pointer(self, request: PointerRequest, *, timeout: float) -> PointerAnswer:
        feed, message = self._namespace.getByName(FEED), _encoded(request)
        return _decode_pointer_answer(
            await _ask("change feed", timeout, invoke, feed.move_pointer, feed, message)
        )

    async def history(self, limit: int, *, timeout: float) -> tuple[TablePointer, ...]:
        feed, message = self._namespace.getByName(FEED), _encoded(HistoryRequest(limit=limit))
        answer = await _ask("change feed", timeout, invoke, feed.history, feed, message)
        return _decode_history(answer).pointers


class AuditLogObject:
    """The one AuditLog object of the state Worker."""

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    async def append(self, record: Record, *, timeout: float) -> int:
        log, message = self._namespace.getByName(AUDIT), _encoded(record)
        answer = await _ask("audit log", timeout, invoke, log.append, log, message)
        return _decode_audit_entry(answer).sequence

    async def entries(self, request: EntriesRequest, *, timeout: float) -> Entries:
        log, message = self._namespace.getByName(AUDIT), _encoded(request)
        return _decode_audit_entries(
            await _ask("audit log", timeout, invoke, log.entries, log, message)
        )


class KvTables:
    """Published tables in KV: `table/<id>`."""

    PREFIX = "table/"

    def __init__(self, namespace: Any) -> None:
        self._get = promising(namespace.get, namespace)
        self._put = promising(namespace.put, namespace)

    async def get(self, id: str, *, timeout: float) -> bytes | None:
        text = await _ask("table archive", timeout, self._get, self.PREFIX + id)
        return None if text is jsnull else str(text).encode()

    async def put(
        self, id: str, document: bytes, metadata: Mapping[str, Any], *, timeout: float
    ) -> None:
        options = js.JSON.parse(_encode({"metadata": metadata}).decode())
        done = self._put(self.PREFIX + id, document.decode(), options)
        # A put gives undefined, which is what a late answer is told by; a list of it is none.
        await _ask("table archive", timeout, _all, done)


class SharedCache:
    """The Cache API of this data centre, then the cache Worker. Only the latter ever writes."""

    def __init__(self, binding: Any) -> None:
        self._binding = binding
        self._fetch = promising(binding.fetch, binding)
        self._match = promising(js.caches.default.match, js.caches.default)

    async def lookup(
        self,
        key: str,
        *,
        tiers: frozenset[str],
        timeout: float,
        note: Callable[[str], None],
    ) -> Response | None:
        if EDGE in tiers:
            try:
                near = await within(timeout, self._match(key))
            except (JsException, Rejected) as error:
                note(f"Cache API: {str(error)[:200]}")
                near = None
            if near is not None:
                return response_from_js(near, inside=True)
        if GLOBAL not in tiers:
            return None
        wanted = request_to_js(Request("GET", "", headers=Headers([(TIERS, ", ".join(tiers))])))
        far = await _ask("cache", timeout, self._fetch, key, wanted)
        # What is stored may be an error as well; what is none of it has no facts.
        if far.status != 200 and not far.headers.has(FACTS):
            return None
        return response_from_js(far, inside=True)

    def duplicate(self, response: Response) -> Response:
        origin: Origin | None = response.origin
        if origin is None or origin.body is not response.body:
            # The body is in memory, and can be used twice.
            return Response(response.status, response.headers.copy(), response.body)
        twin = response_from_js(origin.source.clone())
        twin.headers = response.headers.copy()
        # Cloning has put another stream in the place of the one that we knew.
        body = JsStream(origin.source.body, None) if origin.body else None
        response.body, response.origin = body, origin._replace(body=body)
        return twin

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
        headers = response.headers.copy()
        headers.set(FACTS, text_of(facts))
        headers.set(STATUS, str(response.status))
        headers.set(STORED_AT, f"{stored_at:.3f}")
        headers.set(TTL, f"{ttl:g}")
        headers.set(TIERS, ", ".join(sorted(tiers)))
        request = Request("PUT", "", headers=headers, body=response.body)
        await settled(self._fetch(key, request_to_js(request)))

    async def purge(self, keys: Sequence[str], *, timeout: float) -> None:
        cache, message = self._binding, _encoded(PurgeRequest(keys=tuple(keys)))
        await _ask("cache", timeout, invoke, cache.purge, cache, message)


class StoreSecret:
    """A secret of the account's Secrets Store, by its binding. `get` rejects where it is gone."""

    TIMEOUT = 1.0

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def get(self) -> str:
        binding = self._binding
        return str(await _ask("secrets store", self.TIMEOUT, invoke, binding.get, binding))


class CloudflarePlatform:
    """All adapters, made from the `env` of the isolate's first request."""

    def __init__(self, env: Any, place: Any) -> None:
        """`place` is `request.cf` of the first request, which tells where the isolate runs."""
        self._env = env
        self._place = place
        environment = getattr(env, "ENVIRONMENT", None)
        self.environment = environment if isinstance(environment, str) else "production"
        # Seeded once, since each call for the platform's entropy crosses the border.
        self._random = random.Random(os.urandom(32))  # noqa: S311  (for nothing that is secret)
        self.authority = AuthWorker(getattr(env, Binding.AUTH))
        self.limiters = RateLimiterObjects(getattr(env, Binding.RATE_LIMITER))
        self.breakers = CircuitBreakerObjects(
            getattr(env, Binding.CIRCUIT_BREAKER), getattr(env, Binding.BREAKER_DIRECTORY, None)
        )
        keys = getattr(env, IDENTITY_SECRET, None)
        self.signer = WebCryptoSigner(keys, getattr(env, "ENVIRONMENT", None))
        self.idempotency = IdempotencyKeyObjects(getattr(env, Binding.IDEMPOTENCY, None))
        self.store = SharedCache(getattr(env, Binding.CACHE))
        self.cache_counts = CacheStatisticsObject(getattr(env, Binding.CACHE_STATISTICS, None))
        self.leases = CacheLeaseObjects(getattr(env, Binding.CACHE_LEASE, None))
        feed = getattr(env, Binding.CHANGE_FEED, None)
        self.feed = ChangeFeedObject(feed) if feed is not None else None
        audit_log = getattr(env, Binding.AUDIT_LOG, None)
        self.audit_log = AuditLogObject(audit_log) if audit_log is not None else None
        archive = getattr(env, Binding.TABLES, None)
        self.archive = KvTables(archive) if archive is not None else None

    def binding(self, name: str) -> Service:
        binding = getattr(self._env, name, None)
        return MissingService(name) if binding is None else BoundService(name, binding)

    def is_bound(self, name: str) -> bool:
        """Whether there is a binding called `name` that could be a service."""
        return getattr(getattr(self._env, name, None), "fetch", None) is not None

    def url(self, base: str) -> Service:
        return UrlService(base)

    def secret(self, name: str) -> Secret:
        value = getattr(self._env, name, None)
        if value is None or isinstance(value, str):
            return value
        return StoreSecret(value) if getattr(value, "get", None) is not None else None

    def time(self) -> float:
        return time.time()

    def chance(self) -> float:
        return self._random.random()

    async def together(self, works: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
        return await together(works)

    async def pause(self, seconds: float) -> None:
        await pause(seconds)

    def end_idle(self, response: Response, exchange: Exchange, seconds: float) -> None:
        end_idle(response, exchange, seconds)

    def log(self, line: dict[str, Any]) -> None:
        write_line(line)

    def region(self, kind: RegionKind) -> str:
        if kind == "global":
            return kind
        named = getattr(self._place, kind, None)
        return named if isinstance(named, str) and _REGION.fullmatch(named) else "local"

    async def health(self, timeout: float) -> dict[str, str]:
        env = self._env
        targets = {
            "auth": getattr(env, Binding.AUTH),
            "data": getattr(env, Binding.DATA),
            "cache": getattr(env, Binding.CACHE),
            "state/RateLimiter": getattr(env, Binding.RATE_LIMITER).getByName(PING),
            "state/CircuitBreaker": getattr(env, Binding.CIRCUIT_BREAKER).getByName(PING),
        }
        if self.feed is not None:
            targets["state/ChangeFeed"] = getattr(env, Binding.CHANGE_FEED).getByName(PING)
        if self.audit_log is not None:
            targets["state/AuditLog"] = getattr(env, Binding.AUDIT_LOG).getByName(PING)
        idempotency = getattr(env, Binding.IDEMPOTENCY, None)
        if idempotency is not None:
            targets["state/Idempotency"] = idempotency.getByName(PING)
        # All are asked before the first answer is waited for, and have the same time.
        asked = {name: invoke(target.ping, target) for name, target in targets.items()}
        end = time.time() + timeout
        states = {"gateway": self.signer.trouble or "ok"}
        for name, promise in asked.items():
            states[name] = await _state(name, promise, end)
        return states


async def _state(name: str, promise: Any, end: float) -> str:
    try:
        return str(await _ask(name, max(0.0, end - time.time()), lambda: promise))
    except Unavailable as failure:
        return "no answer" if failure.timed_out else "unreachable"
