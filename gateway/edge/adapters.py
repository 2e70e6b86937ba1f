"""The platform behind the core's ports: bindings, Durable Objects, Cache API.

Bindings are looked up once for each isolate; Durable Object stubs are taken anew for each call, as
they may not outlive a request. Every failure leaves here as `Unavailable`.
"""

import time
from typing import Any

import js
import msgspec
from pyodide.ffi import JsException

from contract.auth import VerifyRequest, VerifyResponse
from contract.breaker import BreakerReport, BreakerRequest, BreakerStatus
from contract.cache import MAX_BODY, STATUS, STORED_AT, TTL
from contract.limits import LimitDecision, LimitRequest
from contract.names import PING, Binding
from edge.convert import JsStream, Origin, request_to_js, response_from_js
from edge.driver import TimedOut, within
from messages import BodyTooLarge, Request, Response, read_body
from ports import Service, Unavailable

_encode = msgspec.json.Encoder().encode
_decode_verification = msgspec.json.Decoder(VerifyResponse).decode
_decode_limit = msgspec.json.Decoder(LimitDecision).decode
_decode_breaker = msgspec.json.Decoder(BreakerStatus).decode


async def _ask(dependency: str, future: Any, timeout: float) -> Any:
    """The result of `future`; raises `Unavailable` where it fails or is late."""
    try:
        return await within(timeout, future)
    except TimedOut:
        raise Unavailable(dependency, timed_out=True) from None
    except JsException as error:
        raise Unavailable(dependency, reason=str(error)[:200]) from None


def _encoded(message: msgspec.Struct) -> str:
    return _encode(message).decode()


class BoundService:
    """A service binding, spoken to by fetch. The host name is never resolved."""

    def __init__(self, name: str, binding: Any) -> None:
        self._name = name
        self._fetch = binding.fetch.bind(binding)
        self._base = f"https://{name.lower()}.internal"

    async def send(self, request: Request, *, timeout: float) -> Response:
        return await _send(self._name, self._fetch, self._base, request, timeout)


class MissingService:
    """A binding that wrangler.toml does not declare: only the routes that lead there fail."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def send(self, request: Request, *, timeout: float) -> Response:
        raise Unavailable(self._name, reason="there is no such binding")


class UrlService:
    """A service at an absolute URL."""

    def __init__(self, base: str) -> None:
        self._base = base

    async def send(self, request: Request, *, timeout: float) -> Response:
        request.headers.remove("host")
        return await _send(self._base, js.fetch, self._base, request, timeout)


async def _send(name: str, fetch: Any, base: str, request: Request, timeout: float) -> Response:
    query = f"?{request.query}" if request.query else ""
    outgoing = request_to_js(request, f"{base}{request.path}{query}")
    return response_from_js(await _ask(name, fetch(outgoing), timeout))


class AuthWorker:
    """The auth Worker, by RPC."""

    TIMEOUT = 2.0

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def verify(self, credential: str) -> VerifyResponse:
        message = _encoded(VerifyRequest(credential=credential))
        promise = self._binding.verify(message)
        return _decode_verification(await _ask("auth", promise, self.TIMEOUT))


class RateLimiterObjects:
    """The RateLimiter objects of the state Worker."""

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    async def check(self, key: str, request: LimitRequest, *, timeout: float) -> LimitDecision:
        promise = self._namespace.getByName(key).check(_encoded(request))
        return _decode_limit(await _ask("rate limiter", promise, timeout))


class CircuitBreakerObjects:
    """The CircuitBreaker objects of the state Worker."""

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    async def report(
        self, upstream: str, report: BreakerReport, *, timeout: float
    ) -> BreakerStatus:
        promise = self._namespace.getByName(upstream).report(_encoded(report))
        return _decode_breaker(await _ask("circuit breaker", promise, timeout))

    async def acquire(
        self, upstream: str, request: BreakerRequest, *, timeout: float
    ) -> BreakerStatus:
        promise = self._namespace.getByName(upstream).acquire(_encoded(request))
        return _decode_breaker(await _ask("circuit breaker", promise, timeout))


def _every_field(_name: str) -> bool:
    """Stored responses carry what the gateway has to know in fields of its own."""
    return True


class SharedCache:
    """The Cache API of this data centre, then the cache Worker. Only the latter ever writes."""

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def lookup(self, key: str, *, timeout: float) -> Response | None:
        try:
            near = await _ask("Cache API", js.caches.default.match(key), timeout)
        except Unavailable:
            near = None
        if near is not None:
            return response_from_js(near, _every_field)
        far = await _ask("cache", self._binding.fetch(key), timeout)
        return response_from_js(far, _every_field) if far.status == 200 else None

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

    async def store(self, key: str, response: Response, *, stored_at: float, ttl: float) -> None:
        # Reading raises where the body breaks off; sent as a stream, it would seem to have ended.
        try:
            content = await read_body(response.body, MAX_BODY)
        except BodyTooLarge:
            return
        headers = response.headers
        headers.remove("content-length", "content-encoding")  # reading has undone the coding
        headers.set(STATUS, str(response.status))
        headers.set(STORED_AT, f"{stored_at:.3f}")
        headers.set(TTL, f"{ttl:g}")
        request = Request("PUT", "", headers=headers, body=content)
        await self._binding.fetch(request_to_js(request, key))


class CloudflarePlatform:
    """All adapters, made from the `env` of the isolate's first request."""

    def __init__(self, env: Any) -> None:
        self._env = env
        self.authority = AuthWorker(getattr(env, Binding.AUTH))
        self.limiters = RateLimiterObjects(getattr(env, Binding.RATE_LIMITER))
        self.breakers = CircuitBreakerObjects(getattr(env, Binding.CIRCUIT_BREAKER))
        self.store = SharedCache(getattr(env, Binding.CACHE))

    def binding(self, name: str) -> Service:
        binding = getattr(self._env, name, None)
        return MissingService(name) if binding is None else BoundService(name, binding)

    def url(self, base: str) -> Service:
        return UrlService(base)

    async def health(self, timeout: float) -> dict[str, str]:
        env = self._env
        targets = {
            "auth": getattr(env, Binding.AUTH),
            "data": getattr(env, Binding.DATA),
            "cache": getattr(env, Binding.CACHE),
            "state/RateLimiter": getattr(env, Binding.RATE_LIMITER).getByName(PING),
            "state/CircuitBreaker": getattr(env, Binding.CIRCUIT_BREAKER).getByName(PING),
        }
        # All are asked before the first answer is waited for, and have the same time.
        asked = {name: target.ping() for name, target in targets.items()}
        end = time.time() + timeout
        return {name: await _state(name, promise, end) for name, promise in asked.items()}


async def _state(name: str, promise: Any, end: float) -> str:
    try:
        return str(await _ask(name, promise, max(0.0, end - time.time())))
    except Unavailable as failure:
        return "no answer" if failure.timed_out else "unreachable"
