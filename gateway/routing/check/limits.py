"""Checks of `rate_limits`: members that belong to one algorithm, and quotas that can be split."""

from collections.abc import Iterator
from typing import Final

from contract.limiting.authority import MOST_IN_FLIGHT
from limiting.settings import RateLimitSettings
from routing.check.finding import Finding, Path
from routing.table import Table
from routing.units import seconds

_SHORTEST: Final = 0.1
"""Seconds of a window."""


def check_limits(table: Table) -> Iterator[Finding]:
    """What is wrong with each limit."""
    for name, limit in table.rate_limits.items():
        at: Path = ("rate_limits", name)
        yield from _check_window(limit, at)
        yield from _check_shards(limit, at)
        if limit.burst is not None and limit.algorithm != "token_bucket":
            yield Finding((*at, "burst"), "only `algorithm: token_bucket` has one")
        if limit.fallback.fail == "closed" and limit.mode != "exact":
            yield Finding((*at, "fallback", "fail"), "only `mode: exact` may fail closed")
        if limit.algorithm == "concurrency" and limit.quota > MOST_IN_FLIGHT * limit.shards:
            yield Finding(
                (*at, "quota"),
                f"at most {MOST_IN_FLIGHT} requests in flight can be counted by each shard",
            )


def _check_window(limit: RateLimitSettings, at: Path) -> Iterator[Finding]:
    if limit.algorithm == "calendar":
        if limit.period is None:
            yield Finding(at, "a calendar needs a `period`: day or month")
        if limit.window is not None:
            yield Finding((*at, "window"), "a calendar has a `period` in place of a window")
        return
    if limit.window is None:
        yield Finding(at, "expected a `window`")
    elif seconds(limit.window) < _SHORTEST:
        yield Finding((*at, "window"), "expected at least 100ms")
    for member in ("period", "time_zone"):
        if getattr(limit, member) not in (None, "UTC"):
            yield Finding((*at, member), "only `algorithm: calendar` has one")


def _check_shards(limit: RateLimitSettings, at: Path) -> Iterator[Finding]:
    if limit.shards == 1:
        return
    if limit.mode == "exact":
        yield Finding((*at, "shards"), "with `mode: exact` one object counts, so there are none")
    elif limit.shards > min(limit.quota, limit.burst or limit.quota):
        yield Finding((*at, "shards"), "each shard needs a part of the quota, and of the burst")
