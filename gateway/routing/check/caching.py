"""Checks of what a route says of stored answers: its key, and the tags that it bears and purges."""

from collections.abc import Iterator, Sequence

from caching.invalidation import SAFE
from caching.tags import CLAIMS, PLACE
from routing.check.finding import Finding, Path, known
from routing.table import RouteSettings
from routing.units import seconds
from transforms.templates import PROTECTED_FIELDS


def check_cache(route: RouteSettings, parameters: Sequence[str], at: Path) -> Iterator[Finding]:
    """`parameters` are those of the route's path."""
    if route.purge and SAFE.issuperset(route.methods):
        yield Finding((*at, "purge"), "none of the route's methods changes anything")
    yield from _check_tags(route.purge, parameters, (*at, "purge"))
    cache = route.cache
    if cache is None:
        return
    yield from _check_tags(cache.tags, parameters, (*at, "cache", "tags"))
    flight = cache.single_flight
    if flight is not None and seconds(flight.lease or "0s") > seconds(flight.wait):
        message = "the next one has to go while others still wait: at most `wait`"
        yield Finding((*at, "cache", "single_flight", "lease"), message)
    key = (*at, "cache", "key")
    if cache.key.claim is not None and route.access == "public":
        yield Finding((*key, "claim"), "nobody is known on a route with `access: public`")
    for position, name in enumerate(cache.key.headers):
        if name.lower() in PROTECTED_FIELDS:
            yield Finding((*key, "headers", position), "a credential is no part of a key")


def _check_tags(templates: Sequence[str], parameters: Sequence[str], at: Path) -> Iterator[Finding]:
    for position, template in enumerate(templates):
        for of_claim, name in PLACE.findall(template):
            if of_claim:
                yield from known(name, tuple(CLAIMS), "claim", (*at, position))
            else:
                yield from known(name, parameters, "parameter", (*at, position))
