"""Checks of `rate_limits`: members that belong to one algorithm, and quotas that can be split."""

import re
from collections.abc import Iterator
from typing import Final

from contract.limiting.authority import MOST_IN_FLIGHT
from limiting.settings import COUNTED_BY, RateLimitSettings
from routing.check.finding import Finding, Path, known
from routing.limits import limits_of, named_by
from routing.table import RouteSettings, Table
from routing.units import seconds

_SHORTEST: Final = 0.1
"""Seconds of a window."""


def check_limits(table: Table) -> Iterator[Finding]:
    """What is wrong with each limit, and with what plans have in its place."""
    for name, limit in table.rate_limits.items():
        at: Path = ("rate_limits", name)
        yield from _check_window(limit, at)
        yield from _check_keys(limit, at)
        yield from _check_quota(limit, at)
        if limit.fallback.fail == "closed" and limit.mode != "exact":
            yield Finding((*at, "fallback", "fail"), "only `mode: exact` may fail closed")
        for plan in limit.tiers.plans if limit.tiers is not None else ():
            at_plan: Path = (*at, "tiers", "plans", plan)
            yield from _check_quota(limit.of_plan(plan), at_plan)


def _check_quota(limit: RateLimitSettings, at: Path) -> Iterator[Finding]:
    yield from _check_shards(limit, at)
    if limit.burst is not None and limit.algorithm != "token_bucket":
        yield Finding((*at, "burst"), "only `algorithm: token_bucket` has one")
    if limit.algorithm == "concurrency" and limit.quota > MOST_IN_FLIGHT * limit.shards:
        yield Finding(
            (*at, "quota"),
            f"at most {MOST_IN_FLIGHT} requests in flight can be counted by each shard",
        )


def check_limits_of(table: Table, route: RouteSettings, at: Path) -> Iterator[Finding]:
    """What is wrong with the limits of a route."""
    at_limit: Path = (*at, "rate_limit")
    own = named_by(route)
    for position, name in enumerate(own):
        at_name = at_limit if isinstance(route.rate_limit, str) else (*at_limit, position)
        yield from known(name, table.rate_limits, "rate limit", at_name)
        if name in own[:position]:
            yield Finding(at_name, f"`{name}` is named twice")
    names = [name for name in limits_of(table, route) if name in table.rate_limits]
    if not names:
        if route.cost != 1:
            yield Finding((*at, "cost"), "the route has no limit")
        if route.cost_header is not None:
            yield Finding((*at, "cost_header"), "the route has no limit")
    if route.cost == 1:
        return
    for name in names:
        limit = table.rate_limits[name]
        smallest = min(map(_at_once, _each_plan(limit)))
        if limit.algorithm != "concurrency" and route.cost > smallest:
            yield Finding(
                (*at, "cost"), f"`{name}` never admits that: it has {smallest} at once, by shard"
            )


def _each_plan(limit: RateLimitSettings) -> list[RateLimitSettings]:
    """The limit itself, and as each plan has it."""
    plans = limit.tiers.plans if limit.tiers is not None else {}
    return [limit, *[limit.of_plan(plan) for plan in plans]]


def _at_once(limit: RateLimitSettings) -> int:
    return (limit.burst or limit.quota) // limit.shards


def _check_keys(limit: RateLimitSettings, at: Path) -> Iterator[Finding]:
    if isinstance(limit.by, str) and re.search(COUNTED_BY, limit.by) is None:
        words = "address, network, subject, api_key, route, claim:NAME or header:NAME"
        yield Finding((*at, "by"), f"expected {words}")
    for position, word in enumerate(limit.by if not isinstance(limit.by, str) else ()):
        if word == "route":
            yield Finding((*at, "by", position), "`route` counts everybody: it stands alone")
        if word in limit.by[:position]:
            yield Finding((*at, "by", position), f"`{word}` is named twice")
    if limit.penalty is None:
        return
    if limit.by == "route":
        yield Finding((*at, "penalty"), "`by: route` counts everybody, who would be banned")
    if not limit.enforce:
        yield Finding((*at, "penalty"), "a limit with `enforce: false` refuses nobody")
    if seconds(limit.penalty.max) < seconds(limit.penalty.ban):
        yield Finding((*at, "penalty", "max"), "expected at least `ban`")


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
