"""The one way in for operators: who asks, may he, is it written down; then the endpoint is asked.

It belongs to no version and to no table, so that no table can lock its publishers out, and answers
on the host ADMIN_HOST alone. Whoever may nothing here is not told what there is.
"""

from collections.abc import Iterable
from typing import Final

from admin.endpoint import Asked, Endpoint, Found, Registry, query_of
from admin.trail import Trail
from contract import operators
from contract.names import ADMIN_PREFIX
from contract.problems import (
    ADMIN_UNAVAILABLE,
    CONTENT_TOO_LARGE,
    INSUFFICIENT_SCOPE,
    INTERNAL_ERROR,
    MALFORMED_REQUEST,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    Problem,
)
from limiting.compile import limiter_of
from limiting.limited import Limited
from limiting.settings import RateLimitSettings
from memory import Memory
from messages import BodyBroken, BodyTooLarge, Exchange, Response, read_body
from policies.authenticate import Authenticate
from policies.rate_limit import RateLimit
from ports import AuditLog, Platform, Unavailable

_LIMIT: Final = RateLimitSettings(quota=600, window="1m", by="address")
"""Requests that an address has, whoever sends them."""
_RETRY_AFTER: Final = "5"
_REFUSALS: Final = (401, 403)


class AdminPlane:
    """Answers the host of operators."""

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        platform: Platform,
        memory: Memory,
        log: AuditLog | None,
    ) -> None:
        self._registry = Registry(endpoints)
        self._trail = Trail(log)
        self._authenticate = Authenticate((), platform.authority, memory.remembered)
        limiter = limiter_of(_LIMIT, {}, platform.limiters, memory.limits, platform.time)
        limited = Limited("admin", _LIMIT, limiter, memory.limits.penalties)
        self._limit = RateLimit([limited], platform.together)

    async def __call__(self, exchange: Exchange) -> Response:
        """Raises `Problem`."""
        if not exchange.request.path.startswith(ADMIN_PREFIX):
            raise Problem(NOT_FOUND)
        return await self._limit(exchange, self._admit)

    async def _admit(self, exchange: Exchange) -> Response:
        found = self._registry.find(exchange.request.path)
        endpoint = found.methods.get(exchange.request.method) if found is not None else None
        try:
            await self._authenticate(exchange, _passed)
            _require(exchange, endpoint)
        except Problem as problem:
            if problem.type.status in _REFUSALS:
                await self._trail.refuse(endpoint, exchange, problem)
            raise
        if found is None:
            raise Problem(NOT_FOUND)
        if endpoint is None:
            raise Problem(METHOD_NOT_ALLOWED, headers={"allow": ", ".join(found.methods)})
        asked = await _asked(exchange, endpoint, found)
        if not endpoint.is_action:
            return await _answer(endpoint, asked)
        intent = await self._trail.intend(endpoint, asked)
        try:
            response = await _answer(endpoint, asked)
        except Problem as problem:
            status, code = problem.type.status, problem.type.code
            await self._trail.conclude(endpoint, asked, intent, status, code)
            raise
        except Exception:
            status, code = INTERNAL_ERROR.status, INTERNAL_ERROR.code
            await self._trail.conclude(endpoint, asked, intent, status, code)
            raise
        await self._trail.conclude(endpoint, asked, intent, response.status)
        return response


async def _passed(exchange: Exchange) -> Response:
    return Response(204)


def _require(exchange: Exchange, endpoint: Endpoint | None) -> None:
    """Raise `Problem` unless the caller may: of what is not there, only operators are told so."""
    held = exchange.principal.scopes if exchange.principal is not None else ()
    scope = endpoint.scope if endpoint is not None else operators.ADMIN
    allowed = operators.has(held, scope) if endpoint is not None else operators.is_operator(held)
    if not allowed:
        challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
        raise Problem(
            INSUFFICIENT_SCOPE, f"Missing: {scope}.", headers={"www-authenticate": challenge}
        )


async def _asked(exchange: Exchange, endpoint: Endpoint, found: Found) -> Asked:
    """Raises `Problem`."""
    try:
        query = query_of(exchange)
    except ValueError:
        raise Problem(MALFORMED_REQUEST, "There are too many parameters in the query.") from None
    try:
        body = await read_body(exchange.request.body, endpoint.max_body)
    except BodyTooLarge:
        raise Problem(CONTENT_TOO_LARGE, f"The limit is {endpoint.max_body} bytes.") from None
    except BodyBroken:
        raise Problem(MALFORMED_REQUEST, "The body ended before it was complete.") from None
    exchange.request.body = body or None
    return Asked(exchange, found.path, query, body, {})


async def _answer(endpoint: Endpoint, asked: Asked) -> Response:
    try:
        return await endpoint.handler(asked)
    except Unavailable as failure:
        asked.exchange.log["admin"] = str(failure)
        detail = f"The {failure.dependency} does not answer."
        raise Problem(ADMIN_UNAVAILABLE, detail, headers={"retry-after": _RETRY_AFTER}) from failure
