"""What the table can say of retries: which requests are sent again, and how many at most."""

from typing import Annotated

from msgspec import Meta, field

from breakers.settings import Result
from ends.settings import BoundedSize
from routing.units import Duration, PositiveDuration
from settings import Settings


class BackoffSettings(Settings, frozen=True, kw_only=True):
    """The wait before a retry: left to chance, up to a bound that doubles each time."""

    base: Duration = "25ms"
    """That bound before the first retry."""
    max: Duration = "1s"
    """What it never exceeds."""


class RetriesSettings(Settings, frozen=True, kw_only=True):
    """A request that may be repeated is sent again where the service fails."""

    attempts: Annotated[int, Meta(ge=1, le=5)] = 2
    """Retries, beside the first try."""
    on: Annotated[tuple[Result, ...], Meta(min_length=1)] = (
        "connection",
        "timeout",
        "502",
        "503",
        "504",
    )
    """What is worth another try."""
    backoff: BackoffSettings = field(default_factory=BackoffSettings)
    per_try_timeout: PositiveDuration | None = None
    """How long each try may take until the answer's header fields."""
    max_buffered_body: BoundedSize = "64KiB"
    """A request with a larger body, or one that does not say its size, is sent once."""


class RetryBudgetSettings(Settings, frozen=True, kw_only=True):
    """How many retries an isolate may send to a service, lest they add to what ails it."""

    percent: Annotated[float, Meta(ge=0, le=100)] = 20.0
    """Retries, as a share of the requests that may be repeated."""
    min_per_second: Annotated[float, Meta(ge=0, le=1000)] = 3.0
    """Retries that there are at any rate, where there are few requests."""
