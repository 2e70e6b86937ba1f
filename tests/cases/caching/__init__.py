"""What a shared cache does, as a table: every case names the section that it follows.

Everything here is data that JSON can carry; `running` says how it is written, and runs it, the same
under CPython and in workerd.
"""

from typing import Any, Final

from tests.cases.caching import (
    codings,
    conditions,
    freshness,
    invalidating,
    parsing,
    ranges,
    requests,
    stale,
    statuses,
    storing,
    updating,
    varying,
)

TOPICS: Final[dict[str, list[tuple[Any, ...]]]] = {
    "parsing": parsing.CASES,
    "storing": storing.CASES,
    "freshness": freshness.CASES,
    "requests": requests.CASES,
    "stale": stale.CASES,
    "varying": varying.CASES,
    "codings": codings.CASES,
    "conditions": conditions.CASES,
    "ranges": ranges.CASES,
    "updating": updating.CASES,
    "invalidating": invalidating.CASES,
    "statuses": statuses.CASES,
}
"""By topic: tuples of a section, what is given, and last what comes of it."""
