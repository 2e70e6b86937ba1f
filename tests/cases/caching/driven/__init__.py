"""What a client sees of the cache, and what the origin does: cases for the whole gateway.

The table beside this folder has what the rules decide, each rule for itself. These cases go over
HTTP, through store and service, and count what the origin is asked: `steps` says how they are
written, tests/worker/test_caching_driven.py runs them.
"""

from typing import Final

from tests.cases.caching.driven import (
    freshness,
    head,
    invalidating,
    ranges,
    requests,
    stale,
    status,
    storing,
    targeted,
    updating,
    validating,
    varying,
)
from tests.cases.caching.driven.steps import Case

TOPICS: Final[dict[str, list[Case]]] = {
    "storing": storing.CASES,
    "freshness": freshness.CASES,
    "requests": requests.CASES,
    "stale": stale.CASES,
    "varying": varying.CASES,
    "validating": validating.CASES,
    "updating": updating.CASES,
    "head": head.CASES,
    "ranges": ranges.CASES,
    "invalidating": invalidating.CASES,
    "targeted": targeted.CASES,
    "status": status.CASES,
}

TWICE: Final = frozenset({"varying", "updating", "head"})
"""Topics about what is done to stored answers: they run in memory as well."""
