"""Checks of what routes say of idempotency keys."""

from collections.abc import Iterator
from typing import Final

from idempotency.settings import IdempotencySettings
from routing.check.finding import Finding, Path
from routing.table import RouteSettings, Table
from routing.units import seconds, size_in_bytes

_MAX_BODY: Final = 1 << 20
"""Of a kept answer: an object keeps no larger values."""
_MAX_TTL: Final = 30 * 86_400.0


def check_idempotency(table: Table) -> Iterator[Finding]:
    """What is wrong with the idempotency of each route."""
    for position, route in enumerate(table.routes):
        if route.idempotency is not False:
            yield from _check(route, ("routes", position, "idempotency"))


def _check(route: RouteSettings, at: Path) -> Iterator[Finding]:
    if route.methods == ("GET",):
        yield Finding(at, "only requests that change something have a key, and none does here")
    if route.service is None and not route.backends:
        yield Finding(at, "the route calls no `service` and no `backends`, so nothing takes effect")
    if route.fallback is not None:
        yield Finding(at, "what is kept is the service's answer, so the route has no `fallback`")
    if route.websocket:
        yield Finding(at, "a WebSocket cannot be given again")
    if route.max_body == "unlimited":
        yield Finding(at, "bodies of requests with a key are read, so `max_body` has to be a size")
    settings = route.idempotency
    if not isinstance(settings, IdempotencySettings):
        return
    if settings.required and settings.when_unavailable == "send":
        yield Finding(
            (*at, "when_unavailable"), "what is `required` is not left out: expected `refuse`"
        )
    if size_in_bytes(settings.max_body) > _MAX_BODY:
        yield Finding((*at, "max_body"), "answers of up to 1MiB can be kept")
    if seconds(settings.ttl) > _MAX_TTL:
        yield Finding((*at, "ttl"), "keys can be remembered for 30 days (720h)")
