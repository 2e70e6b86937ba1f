"""The platform behind the core's ports, made of what is bound to the Worker.

Bindings are looked up once for each isolate. Every failure of an adapter is `Unavailable`.
"""

import os
import random
import re
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import js
import msgspec
from pyodide.ffi import jsnull

from caching.leases import PatientLeases
from caching.tiers import SharedTiers
from contract.auth import VerifyRequest, VerifyResponse
from contract.log_line import log_line
from contract.names import IDENTITY_SECRET, OBJECTS, PING, Binding
from edge.asking import ask, encoded, read
from edge.driver import invoke, pause, promising, together
from edge.idle import end_idle
from edge.objects import (
    AuditLogObject,
    CacheLeaseObjects,
    CacheStatisticsObject,
    ChangeFeedObject,
    CircuitBreakerObjects,
    IdempotencyKeyObjects,
    RateLimiterObjects,
)
from edge.services import BoundService, MissingService, UrlService
from edge.shared_cache import CacheApi, CacheWorker, duplicate
from edge.signing import WebCryptoSigner
from messages import Exchange, Response
from ports import RegionKind, Secret, Service, Unavailable

_all = promising(js.Promise.all, js.Promise, listed=True)
_encode = msgspec.json.Encoder().encode
_decode_verification = msgspec.json.Decoder(VerifyResponse).decode

_REGION = re.compile(r"[A-Za-z0-9-]{1,20}")


def write_line(line: dict[str, Any]) -> None:
    """Write one JSON object into the log."""
    js.console.log(log_line(line))


class AuthWorker:
    """The auth Worker, by RPC."""

    TIMEOUT = 2.0

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def verify(self, credential: str, *, session: bool = False) -> VerifyResponse:
        request = VerifyRequest(credential=credential, session=session)
        auth, message = self._binding, encoded(request)
        answer = await ask("auth", self.TIMEOUT, invoke, auth.verify, auth, message)
        return read("auth", _decode_verification, answer)


class KvTables:
    """Published tables in KV: `table/<id>`."""

    PREFIX = "table/"

    def __init__(self, namespace: Any) -> None:
        self._get = promising(namespace.get, namespace)
        self._put = promising(namespace.put, namespace)

    async def get(self, id: str, *, timeout: float) -> bytes | None:
        text = await ask("table archive", timeout, self._get, self.PREFIX + id)
        return None if text is jsnull else str(text).encode()

    async def put(
        self, id: str, document: bytes, metadata: Mapping[str, Any], *, timeout: float
    ) -> None:
        options = js.JSON.parse(_encode({"metadata": metadata}).decode())
        done = self._put(self.PREFIX + id, document.decode(), options)
        # A put gives undefined, which is what a late answer is told by; a list of it is none.
        await ask("table archive", timeout, _all, done)


class StoreSecret:
    """A secret of the account's Secrets Store, by its binding. `get` rejects where it is gone."""

    TIMEOUT = 1.0

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    async def get(self) -> str:
        binding = self._binding
        return str(await ask("secrets store", self.TIMEOUT, invoke, binding.get, binding))


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
        self.limiters = RateLimiterObjects(getattr(env, Binding.RATE_LIMITER, None))
        self.breakers = CircuitBreakerObjects(
            getattr(env, Binding.CIRCUIT_BREAKER, None),
            getattr(env, Binding.BREAKER_DIRECTORY, None),
        )
        keys = getattr(env, IDENTITY_SECRET, None)
        self.signer = WebCryptoSigner(keys, getattr(env, "ENVIRONMENT", None))
        self.idempotency = IdempotencyKeyObjects(getattr(env, Binding.IDEMPOTENCY, None))
        cache = CacheWorker(getattr(env, Binding.CACHE))
        self.store = SharedTiers(CacheApi(), cache, time.time, duplicate)
        self.cache_counts = CacheStatisticsObject(getattr(env, Binding.CACHE_STATISTICS, None))
        leases = CacheLeaseObjects(getattr(env, Binding.CACHE_LEASE, None))
        self.leases = PatientLeases(leases, time.time)
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
        }
        for binding, name in OBJECTS.items():
            namespace = getattr(env, binding, None)
            if namespace is not None:
                targets[f"state/{name}"] = namespace.getByName(PING)
        # All are asked before the first answer is waited for, and have the same time.
        asked = {name: invoke(target.ping, target) for name, target in targets.items()}
        end = time.time() + timeout
        states = {"gateway": self.signer.trouble or "ok"}
        for name, promise in asked.items():
            states[name] = await _state(name, promise, end)
        return states


async def _state(name: str, promise: Any, end: float) -> str:
    try:
        return str(await ask(name, max(0.0, end - time.time()), lambda: promise))
    except Unavailable as failure:
        return "no answer" if failure.timed_out else "unreachable"
