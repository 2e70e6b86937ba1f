"""Times the matcher with few and with many routes; the same code under CPython and in workerd."""

import gc
import random
from collections.abc import Sequence
from itertools import cycle, islice
from statistics import median
from time import perf_counter
from typing import Final

import msgspec

from routing.match import Asked, Matcher, RouteMatch
from routing.table import Table

FEW: Final = 10
MANY: Final = 10_000
ROUNDS: Final = 15
BATCH: Final = 5000
"""Look-ups that are timed at once: enough for workerd's clock, which counts milliseconds."""

_ROUTES: Final = (
    # What each resource has.
    ("list", "GET", ""),
    ("create", "POST", ""),
    ("one", "GET", "/{id:int}"),
    ("change", "PATCH", "/{id:int}"),
    ("parts", "GET", "/{id:int}/parts/{part}"),
)


class Timed(msgspec.Struct, kw_only=True):
    """What one runtime needs. Ratios are many routes to few."""

    few_us: float
    """Microseconds for a look-up with `FEW` routes."""
    many_us: float
    """The same requests with `MANY` routes."""
    ratio: float
    ratio_any: float
    """The same where the requests go to all of the routes alike, so that none is in a cache."""
    decode_ms: float
    """Milliseconds to decode the compiled table of `MANY` routes."""
    index_ms: float
    """To enter its routes into a matcher."""
    first_ms: float
    """The first look-up, which shares out the routes at the root."""


def compiled_table(count: int) -> bytes:
    """A table of `count` routes as it travels to the edge."""
    routes = [
        {
            "name": f"{action}-{number}",
            "path": f"/area{number % 50}/resource{number}{rest}",
            "methods": [method],
            "service": "data",
            "access": {"scopes": ["records:read"]},
        }
        for number in range(count // len(_ROUTES))
        for action, method, rest in _ROUTES
    ]
    table = {
        "versions": {"default": "v1", "supported": {"v1": {}}},
        "services": {"data": {"binding": "DATA"}},
        "routes": routes,
    }
    return msgspec.json.encode(msgspec.convert(table, Table))


def measure() -> Timed:
    """Build both, then look up in turns, so that whatever else happens befalls both."""
    few, _ = _load(FEW)
    many, (decode, index, first) = _load(MANY)
    gc.collect()
    generator = random.Random(1)  # noqa: S311
    same, hot, spread = [], [], []
    for _ in range(ROUNDS):
        batch = list(islice(cycle(range(FEW)), BATCH))
        same.append(_time(few, batch))
        hot.append(_time(many, batch))
        spread.append(_time(many, [generator.randrange(MANY) for _ in range(BATCH)]))
    return Timed(
        few_us=median(same) * 1e6,
        many_us=median(hot) * 1e6,
        ratio=median(hot) / median(same),
        ratio_any=median(spread) / median(same),
        decode_ms=decode * 1e3,
        index_ms=index * 1e3,
        first_ms=first * 1e3,
    )


def _load(count: int) -> tuple[Matcher[str], tuple[float, float, float]]:
    """The matcher, and the seconds for decoding, entering and the first look-up."""
    data = compiled_table(count)
    start = perf_counter()
    table = msgspec.json.decode(data, type=Table)
    decoded = perf_counter()
    matcher: Matcher[str] = Matcher()
    for route in table.routes:
        matcher.add(RouteMatch.of(route), route.name)
    entered = perf_counter()
    _look_up(matcher, [_asked(0)])
    found = perf_counter()
    # All routes have been asked for, as in a gateway that has run for a while.
    _look_up(matcher, [_asked(number) for number in range(count)])
    return matcher, (decoded - start, entered - decoded, found - entered)


def _time(matcher: Matcher[str], routes: Sequence[int]) -> float:
    """Seconds for a look-up of one of `routes`, by their numbers."""
    asked = [_asked(number) for number in routes]
    start = perf_counter()
    _look_up(matcher, asked)
    return (perf_counter() - start) / len(asked)


def _look_up(matcher: Matcher[str], several: Sequence[Asked]) -> None:
    for asked in several:
        if matcher.find(asked) is None:
            raise AssertionError(f"no route for {asked.path}")


def _asked(route: int) -> Asked:
    """A request for a route of the table, by its number."""
    number, kind = divmod(route, len(_ROUTES))
    _, method, rest = _ROUTES[kind]
    path = f"/area{number % 50}/resource{number}{rest}"
    path = path.replace("{id:int}", "4711").replace("{part}", "x1")
    return Asked(method, "api.example.com", path)
