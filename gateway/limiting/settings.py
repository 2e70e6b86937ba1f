"""The settings of `rate_limits`: quotas by name, which routes share."""

from typing import Annotated, Literal

from msgspec import Meta, field

from contract.limiting.limit import Algorithm, Period
from routing.units import PositiveDuration
from settings import Settings

ZoneName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$",
        description="A time zone by its name in the IANA database such as Europe/Berlin, or UTC.",
    ),
]


class FallbackSettings(Settings, frozen=True, kw_only=True):
    """What happens while the limiter object does not answer."""

    share: Annotated[float, Meta(gt=0, le=1)] = 0.25
    """The part of the quota that each isolate then admits by itself; at least one request."""
    fail: Literal["open", "closed"] = "open"
    """`closed` answers 503 instead; for `mode: exact`."""


class RateLimitSettings(Settings, frozen=True, kw_only=True):
    """A quota. Routes that name the same limit share it."""

    quota: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    window: PositiveDuration | None = None
    """How long a window is; for `concurrency`, after what time a request no longer counts."""
    by: Literal["address", "subject", "route"]
    """Whose requests are counted together: a client address, a verified caller, or everybody's."""
    algorithm: Algorithm = "sliding_window"
    burst: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    """How many at once, for `token_bucket`; by default the quota."""
    period: Period | None = None
    """For `calendar`, in place of a window."""
    time_zone: ZoneName = "UTC"
    """Whose days and months, for `calendar`."""
    mode: Literal["leased", "exact"] = "leased"
    """Whether an isolate may hold permits in advance, or asks for each request."""
    shards: Annotated[int, Meta(ge=1, le=64)] = 1
    """Objects that each have a part of the quota, for a key that is too busy for one."""
    timeout: PositiveDuration = "500ms"
    """How long to wait for the limiter object before the isolate limits by itself."""
    renewal_timeout: PositiveDuration = "50ms"
    """The same, for a request that comes between two leases."""
    fallback: FallbackSettings = field(default_factory=FallbackSettings)
