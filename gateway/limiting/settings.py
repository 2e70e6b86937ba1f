"""The settings of `rate_limits`: quotas by name, which routes share."""

from typing import Annotated, Final, Literal

from msgspec import Meta, field
from msgspec.structs import replace

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


COUNTED_BY: Final = (
    r"^(address|network|subject|api_key|route"
    r"|claim:[A-Za-z0-9_.:/-]{1,100}|header:[A-Za-z0-9-]{1,100})$"
)
CountedBy = Annotated[
    str,
    Meta(
        pattern=COUNTED_BY,
        description="address, network, subject, api_key, route, claim:NAME or header:NAME.",
    ),
]


class AddressGuardSettings(Settings, frozen=True, kw_only=True):
    """How many requests an address has in each isolate, before anything else is done for them."""

    quota: Annotated[int, Meta(ge=1, le=1_000_000)]
    window: PositiveDuration


class PenaltySettings(Settings, frozen=True, kw_only=True):
    """Who is refused so many times is banned for a while, each time for twice as long."""

    refusals: Annotated[int, Meta(ge=2, le=1_000_000)]
    within: PositiveDuration = "1m"
    ban: PositiveDuration = "1m"
    max: PositiveDuration = "1h"
    """The longest ban; after this time without one the next is as short as the first."""


class TierSettings(Settings, frozen=True, kw_only=True):
    """What a plan has in place of the limit's own quota and burst."""

    quota: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    burst: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None


class TiersSettings(Settings, frozen=True, kw_only=True):
    """Quotas by the plan of the caller, which is a claim."""

    claim: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:/-]{1,100}$")] = "plan"
    plans: Annotated[
        dict[Annotated[str, Meta(max_length=100)], TierSettings], Meta(min_length=1, max_length=16)
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
    by: str | Annotated[tuple[CountedBy, ...], Meta(min_length=2, max_length=4)]
    """Whose requests are counted together: of one address, caller, tenant; or everybody's. A word
    by itself is checked for the same pattern later (beside a tuple it breaks msgspec's memory)."""
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
    tiers: TiersSettings | None = None
    """Other quotas for callers with a plan; the others have the one above."""
    every_route: bool = False
    """Whether all routes have it, beside what they name themselves."""
    enforce: bool = True
    """`false` only tells, in header fields and the log, and refuses nobody."""
    penalty: PenaltySettings | None = None
    """A ban for who keeps hitting the limit."""

    def of_plan(self, plan: str) -> "RateLimitSettings":
        """The limit as callers with `plan`, one of its `tiers`, have it."""
        if self.tiers is None:
            raise ValueError("the limit has no plans")
        tier = self.tiers.plans[plan]
        return replace(self, quota=tier.quota, burst=tier.burst or self.burst, tiers=None)
