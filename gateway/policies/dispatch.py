"""Dispatch: the end of every pipeline. Sends the request to its service and cleans the answer.

Fields that belong to one connection (RFC 9110, section 7.6.1) and fields of the gateway's own do
not pass to a service (`take_in`) nor from one (`without_inside_fields`, applied by the
edge where it reads them). A Location in the service's own words is put in the client's.
"""

from collections.abc import Callable, Sequence
from typing import Final

from contract.names import (
    DEADLINE,
    IDENTITY,
    INTERNAL_PREFIX,
    REQUEST_ID,
    TRACEPARENT,
    TRACESTATE,
)
from contract.problems import (
    MALFORMED_REQUEST,
    REQUEST_TIMEOUT,
    UPSTREAM_NOT_CONFIGURED,
    UPSTREAM_TIMEOUT,
    UPSTREAM_UNREACHABLE,
    Problem,
)
from ends.forwarding import forwarded_fields
from identities import Identities
from messages import HOP_BY_HOP, OF_SERVERS, Exchange, Response, without
from pipeline import NeverSent
from ports import Service, Unavailable, Unconfigured, Unsent
from routing.paths import PathTemplate
from transforms.entity_tags import unmark_if_match

_FROM_PROXIES: Final = frozenset(
    {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"}
)
"""What a client claims about the way here; nobody vouches for it."""

_OTHER_REQUESTS: Final = frozenset(
    {
        *("x-original-url", "x-rewrite-url", "x-original-host", "x-host"),
        *("x-forwarded-server", "x-forwarded-prefix", "x-forwarded-port", "x-forwarded-scheme"),
        *("x-http-method", "x-http-method-override", "x-method-override"),
    }
)
"""By which some services take a request for another one than was matched and cached here."""

_FROM_OUTSIDE: Final = HOP_BY_HOP | _FROM_PROXIES | _OTHER_REQUESTS | {"via", REQUEST_ID}
_OF_THE_TRACE: Final = _FROM_OUTSIDE | {TRACEPARENT}
_OF_ANOTHER_TRACE: Final = _OF_THE_TRACE | {TRACESTATE}
_FROM_SERVICES: Final = HOP_BY_HOP | OF_SERVERS

_WITH_LOCATION: Final = frozenset({201, 202, 300, 301, 302, 303, 307, 308})
"""Status codes with which Location names a resource (RFC 9110, section 10.2.2); with others it
means nothing, and the fields of the answer need not be read."""

Clock = Callable[[], float]
"""Unix seconds."""
PublicLocation = Callable[[Exchange, str, str], str]
"""Turns a path at the service of this name into the one under which the client reaches it."""


class Dispatch:
    """Sends to `service`, at the path that `upstream_path` gives; where that is None, as it is.

    A verified caller is named in `Gateway-Identity`, signed for `audience` alone.
    """

    def __init__(
        self,
        service_name: str,
        service: Service,
        upstream_path: PathTemplate | None,
        *,
        timeout: float,
        public_location: PublicLocation,
        audience: str,
        identities: Identities,
        total: float | None = None,
        clock: Clock | None = None,
        host: str | None = None,
        tells_deadline: bool = False,
        has_own_path: bool = False,
    ) -> None:
        """`total`: seconds from the arrival of a request to the end of its answer, by `clock`.
        `tells_deadline`: the service hears how long it is waited for. `has_own_path`: whatever a
        policy has decided of the path is for other services."""
        self._service_name = service_name
        self._service = service
        self._upstream_path = upstream_path
        self._timeout = timeout
        self._public_location = public_location
        self._audience = audience
        self._identities = identities
        self._total = total
        self._clock = clock
        self._host = host
        self._tells_deadline = tells_deadline
        self._has_own_path = has_own_path

    async def __call__(self, exchange: Exchange) -> Response:
        request = exchange.request
        request.path = self._path(exchange)
        unmark_if_match(request.headers, exchange.version.name if exchange.version else None)
        request.headers.extend(forwarded_fields(exchange))
        if exchange.principal is not None:
            identity = await self._identities.field(exchange, exchange.principal, self._audience)
            request.headers.add(IDENTITY, identity)
        if exchange.upgrade:
            request.headers.add("upgrade", "websocket")
        exchange.log["service"] = self._service_name
        left = self._total if self._clock is None else self._left(exchange, self._clock())
        if self._tells_deadline:
            allowed = self._timeout if left is None else min(self._timeout, left)
            request.headers.set(DEADLINE, str(int(allowed * 1000)))
        exchange.sends += 1
        try:
            response = await self._service.send(
                request, timeout=self._timeout, total=left, host=self._host
            )
        except Unavailable as failure:
            exchange.log["upstream_error"] = str(failure)
            if isinstance(failure, Unconfigured):
                exchange.sends -= 1
            raise self._problem(failure, left) from None
        if response.status in _WITH_LOCATION:
            location = response.headers.get("location")
            if location is not None:
                response.headers.set(
                    "location", self._public_location(exchange, self._service_name, location)
                )
        return response

    def _problem(self, failure: Unavailable, left: float | None) -> Problem:
        """What the client is told of a `failure`, where there were `left` seconds for the call."""
        name = self._service_name
        if isinstance(failure, Unconfigured):
            return Problem(
                UPSTREAM_NOT_CONFIGURED, f"The gateway is not set up for the service {name!r}."
            )
        if isinstance(failure, Unsent):
            if failure.timed_out:
                return Problem(REQUEST_TIMEOUT)
            return Problem(MALFORMED_REQUEST, "The body ends before it is complete.")
        if failure.timed_out:
            allowed = self._timeout if left is None else min(self._timeout, left)
            told = f"The service {name!r} did not answer in {allowed:.3g} s."
            return Problem(UPSTREAM_TIMEOUT, told)
        return Problem(UPSTREAM_UNREACHABLE, f"The service {name!r} cannot be reached.")

    def _left(self, exchange: Exchange, now: float) -> float | None:
        """Seconds of `total` that are left. Raises `Problem` where there are none."""
        if self._total is None:
            return None
        left = self._total - (now - exchange.now)
        if left <= 0:
            raise NeverSent(UPSTREAM_TIMEOUT, f"The time of {self._total:g} s was over too soon.")
        return left

    def _path(self, exchange: Exchange) -> str:
        if exchange.upstream_path is not None and not self._has_own_path:
            return exchange.upstream_path
        if self._upstream_path is None:
            return exchange.request.path
        path = self._upstream_path.fill(exchange.parameters)
        if exchange.rest:
            return exchange.rest if path == "/" else path + exchange.rest
        return path


def take_in(exchange: Exchange) -> None:
    """Remove from the request what a client may not tell a service: identity, hops, one
    connection's fields; and put in what the gateway says of it, its id and its trace."""
    headers, came, trace = exchange.request.headers, exchange.came, exchange.trace
    told = [(REQUEST_ID, exchange.request_id)]
    unwanted = _FROM_OUTSIDE
    if trace is not None:
        told.append((TRACEPARENT, trace.parent))
        unwanted = _OF_THE_TRACE if trace.goes_on else _OF_ANOTHER_TRACE
    connection = came.get("connection")
    if connection is not None:
        unwanted |= _named_in(connection)
    aliases = [name for name in came if "_" in name and _is_alias(name, unwanted)]
    if aliases:
        unwanted = unwanted.union(aliases)
    headers.drop(unwanted, INTERNAL_PREFIX)
    headers.extend(told)


def _is_alias(name: str, unwanted: frozenset[str]) -> bool:
    """Whether servers that make variables of names (RFC 3875, section 4.1.18) would take a field
    for one of `unwanted`, or for one of ours."""
    known = name.replace("_", "-")
    return known in unwanted or known.startswith(INTERNAL_PREFIX)


def _named_in(connection: str) -> frozenset[str]:
    """The fields that belong to one connection, as the field of that name says."""
    return frozenset(name.strip().lower() for name in connection.split(","))


def without_inside_fields(fields: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The fields of a service's answer that go out to the client."""
    unwanted = _FROM_SERVICES
    for name, value in fields:
        if name == "connection":
            unwanted |= _named_in(value)
    return without(fields, unwanted, INTERNAL_PREFIX)
