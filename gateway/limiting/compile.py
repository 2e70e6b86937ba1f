"""From the settings of a limit to what it means, and to what a client is told of it."""

import math
from collections.abc import Callable, Mapping
from typing import Final

from contract.limiting.calendar import Offsets
from contract.limiting.limit import Limit
from limiting.limiter import Limiter, LimitMemory, Timing
from limiting.penalties import Penalty
from limiting.settings import RateLimitSettings
from ports import LimiterObjects
from routing.units import seconds

_LENGTHS: Final = {"day": 86400, "month": 31 * 86400}
"""Seconds of a period, for clients: the longest, but for days on which clocks change."""


def limit_of(settings: RateLimitSettings, zones: Mapping[str, Offsets]) -> Limit:
    """The limit. Raises `ValueError` where the table was compiled without its time zone."""
    offsets: Offsets = ()
    if settings.time_zone != "UTC":
        try:
            offsets = zones[settings.time_zone]
        except KeyError:
            raise ValueError(f"the time zone {settings.time_zone} was not compiled") from None
    return Limit(
        algorithm=settings.algorithm,
        quota=settings.quota,
        window=seconds(settings.window) if settings.window is not None else 0.0,
        burst=settings.burst or 0,
        period=settings.period or "day",
        offsets=offsets,
    )


def limiter_of(
    settings: RateLimitSettings,
    zones: Mapping[str, Offsets],
    objects: LimiterObjects,
    memory: LimitMemory,
    clock: Callable[[], float],
) -> Limiter:
    """What takes permits of the limit. Raises `ValueError` as `limit_of` does."""
    return Limiter(
        limit_of(settings, zones),
        mode=settings.mode,
        shards=settings.shards,
        timing=Timing(seconds(settings.timeout), seconds(settings.renewal_timeout)),
        share=settings.fallback.share,
        fail_closed=settings.fallback.fail == "closed",
        bans=settings.penalty is not None,
        objects=objects,
        memory=memory,
        clock=clock,
    )


def penalty_of(settings: RateLimitSettings) -> Penalty | None:
    """The penalty of the limit, in seconds."""
    penalty = settings.penalty
    if penalty is None:
        return None
    lengths = [seconds(one) for one in (penalty.within, penalty.ban, penalty.max)]
    return Penalty(penalty.refusals, *lengths)


def kind_of(settings: RateLimitSettings) -> str:
    """A part of the objects' names: what counts otherwise is counted anew."""
    if settings.algorithm == "calendar":
        return f"{settings.period}-{settings.time_zone}"
    return f"{settings.algorithm}-{settings.window}"


def policy_field(name: str, settings: RateLimitSettings) -> str:
    """The value of RateLimit-Policy (IETF httpapi draft)."""
    if settings.algorithm == "concurrency":
        return f'"{name}";q={settings.quota};qu="concurrent-requests"'
    window = _LENGTHS[settings.period or "day"]
    if settings.window is not None:
        window = math.ceil(seconds(settings.window))
    return f'"{name}";q={settings.quota};w={window}'


def in_words(name: str, settings: RateLimitSettings) -> str:
    """A sentence for whom the limit refuses."""
    allows = f"The policy {name!r} allows {settings.quota} requests"
    if settings.algorithm == "concurrency":
        return f"{allows} at a time."
    if settings.window is None:
        return f"{allows} in each {settings.period} ({settings.time_zone})."
    return f"{allows} in {seconds(settings.window):g} seconds."
