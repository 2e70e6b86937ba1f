"""Aggregate: the end of a route whose answer is put together from those of several services.

All parts are asked at the same time. One that is needed and fails makes the whole answer a problem
that names it; one that is optional becomes null, and the answer says so: in `errors`, and in the
field X-Partial-Result. The status is 200 then as well: what 207 says is WebDAV's (RFC 4918).
"""

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from caching.request import CacheRequest
from caching.settings import CacheRules
from caching.storing import Refusal, store
from contract.names import IDENTITY
from contract.problems import (
    UPSTREAM_INVALID,
    UPSTREAM_NOT_CONFIGURED,
    UPSTREAM_TIMEOUT,
    UPSTREAM_UNREACHABLE,
    Problem,
)
from ends.forwarding import forwarded_fields
from identities import Identities
from messages import (
    BodyBroken,
    BodyTooLarge,
    Exchange,
    Headers,
    Request,
    Response,
    discard,
    read_body,
)
from pipeline import Policy, compose
from ports import Service, Together, Unavailable, Unconfigured
from transforms.documents import NotJson, decode, is_json
from transforms.target import Target
from transforms.templates import RequestValues, Scope

PARTIAL: Final = "x-partial-result"
"""Names the parts that are missing."""
ERRORS: Final = "errors"
"""Member of the answer that says why."""

_OF_THE_WHOLE: Final = frozenset(
    {
        "accept",
        "content-encoding",
        "content-length",
        "content-type",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "range",
    }
)
"""Fields of the request that mean the answer as a whole, or a body."""


class Part(NamedTuple):
    """A member of the answer. `guards` stand before its service: breaker and bulkhead."""

    name: str
    service_name: str
    service: Service
    audience: str
    target: Target
    optional: bool
    timeout: float
    guards: Sequence[Policy]


class _Asked(NamedTuple):
    """What came of a part: its document as it was sent, or the problem that it made."""

    content: bytes
    response: Response | None
    problem: Problem | None


class Aggregate:
    """Asks all `parts`, each of which may answer with `max_body` bytes."""

    def __init__(
        self, parts: Sequence[Part], max_body: int, *, together: Together, identities: Identities
    ) -> None:
        self._parts = parts
        self._max_body = max_body
        self._together = together
        self._identities = identities
        self._names = sorted(
            {
                name
                for part in parts
                for source, name in part.target.template.placeholders
                if source == "header"
            }
        )

    async def __call__(self, exchange: Exchange) -> Response:
        scope = Scope(RequestValues(exchange, self._names))
        fields = [field for field in exchange.request.headers if field[0] not in _OF_THE_WHOLE]
        fields += [("accept", "application/json"), *forwarded_fields(exchange)]
        exchange.log["service"] = ", ".join(part.service_name for part in self._parts)
        # All paths first: one that cannot be refuses the request before any service is asked.
        paths = [part.target.fill(scope, exchange.parameters) for part in self._parts]
        asked: list[_Asked] = await self._together(
            [
                self._ask(part, exchange, Request("GET", path, headers=Headers(fields)))
                for part, path in zip(self._parts, paths, strict=True)
            ]
        )
        return self._merged(exchange, asked)

    async def _ask(self, part: Part, exchange: Exchange, request: Request) -> _Asked:
        content = b""

        async def call(exchange: Exchange) -> Response:
            nonlocal content
            response, content = await self._call(part, exchange, request)
            return response

        try:
            response = await compose(part.guards, call)(exchange)
            if not 200 <= response.status < 300:
                told = f"The part {part.name!r} was answered with the status {response.status}."
                raise Problem(UPSTREAM_INVALID, told)
            if not is_json(response.headers):
                raise Problem(UPSTREAM_INVALID, f"The part {part.name!r} is not JSON.")
            decode(content)
        except NotJson as error:
            problem = Problem(UPSTREAM_INVALID, f"The part {part.name!r}: {error}")
            return _Asked(b"", None, problem)
        except Problem as problem:
            return _Asked(b"", None, problem)
        return _Asked(content, response, None)

    async def _call(
        self, part: Part, exchange: Exchange, request: Request
    ) -> tuple[Response, bytes]:
        """The answer and its body, within the part's time. Raises `Problem`."""
        if exchange.principal is not None:
            identity = self._identities.field(exchange, exchange.principal, part.audience)
            request.headers.add(IDENTITY, await identity)
        try:
            response = await part.service.send(request, timeout=part.timeout, total=part.timeout)
            if not 200 <= response.status < 300 or not is_json(response.headers):
                await discard(response.body)
                return response, b""
            return response, await read_body(response.body, self._max_body)
        except BodyTooLarge:
            limit = f"The part {part.name!r} is larger than {self._max_body} bytes."
            raise Problem(UPSTREAM_INVALID, limit) from None
        except (Unavailable, BodyBroken) as failure:
            exchange.log["upstream_error"] = f"{part.name}: {failure}"
            if isinstance(failure, Unconfigured):
                told = f"The gateway is not set up for the service of the part {part.name!r}."
                raise Problem(UPSTREAM_NOT_CONFIGURED, told) from None
            if failure.timed_out:
                told = f"The part {part.name!r} was not there in {part.timeout:g} s."
                raise Problem(UPSTREAM_TIMEOUT, told) from None
            told = f"The service of the part {part.name!r} cannot be reached."
            raise Problem(UPSTREAM_UNREACHABLE, told) from None

    def _merged(self, exchange: Exchange, asked: Sequence[_Asked]) -> Response:
        """The parts in one document. Raises the `Problem` of a part that is needed."""
        document: dict[str, Any] = {}
        errors: list[dict[str, str]] = []
        for part, one in zip(self._parts, asked, strict=True):
            problem = one.problem
            if problem is None:
                document[part.name] = msgspec.Raw(one.content)
                continue
            if not part.optional:
                exchange.log["part"] = part.name
                problem.extensions["part"] = part.name
                raise problem
            document[part.name] = None
            errors.append(
                {"part": part.name, "code": problem.type.code, "detail": problem.detail or ""}
            )
        headers = Headers([("content-type", "application/json")])
        if errors:
            missing = ", ".join(error["part"] for error in errors)
            exchange.log["missing_parts"] = missing
            headers.add(PARTIAL, missing)
            headers.add("cache-control", "no-store")
            document[ERRORS] = errors
        else:
            lifetime = self._lifetime(exchange.request, asked, exchange.now)
            if lifetime < math.inf:
                fresh = f"max-age={int(lifetime)}" if lifetime >= 1 else "no-store"
                headers.add("cache-control", fresh)
        return Response(200, headers, msgspec.json.encode(document))

    def _lifetime(self, request: Request, asked: Sequence[_Asked], now: float) -> float:
        """Seconds for which all parts are fresh; infinite where none of them says anything."""
        asked_for = CacheRequest("GET", request.headers)
        return min(
            _fresh_for(asked_for, one.response, now) for one in asked if one.response is not None
        )


_RULES: Final = CacheRules(default_ttl=math.inf, max_ttl=math.inf)


def _fresh_for(request: CacheRequest, part: Response, now: float) -> float:
    """Seconds for which a part may be used again by everybody; infinite where it does not say.

    0 for one that varies, which the whole would have to say, or that has to be validated.
    """
    kept = store(request, part, _RULES, request_time=now, response_time=now)
    if isinstance(kept, Refusal) or kept.facts.vary or kept.facts.validate:
        return 0.0
    return max(0.0, kept.facts.lifetime - kept.facts.initial_age)
