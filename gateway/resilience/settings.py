"""What the table can say of services that fail or are slow, beside their circuit breakers: retries,
bulkheads, fallbacks, faults on purpose; and of an isolate that has too much to do."""

from typing import Annotated

from msgspec import Meta, field

from breakers.settings import Percent, Result
from ends.settings import BoundedSize, RespondSettings
from routing.texts import FieldName, Name, UpstreamPath
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


class BulkheadSettings(Settings, frozen=True, kw_only=True):
    """How many requests of an isolate a service gets at once."""

    max_in_flight: Annotated[int, Meta(ge=1, le=10_000)] = 50
    """Requests that wait for the header fields of their answers."""
    queue: Annotated[int, Meta(ge=0, le=1000)] = 20
    """Requests that wait for a place."""
    wait: PositiveDuration = "100ms"
    """How long they do at most."""


class ServiceFallbackSettings(Settings, frozen=True, kw_only=True):
    """What answers where the service fails: exactly one of `respond` and `service`."""

    on: Annotated[tuple[Result, ...], Meta(min_length=1)] = ("5xx", "timeout", "connection")
    """What is a failure. A service that is not asked at all, as its breaker is open or its
    bulkhead full, always is."""
    respond: RespondSettings | None = None
    """An answer of the table."""
    service: Name | None = None
    """Another service, for requests that may be repeated."""
    upstream_path: UpstreamPath | None = None
    """Path at that service; the route's own where it is missing."""


class LoadSheddingSettings(Settings, frozen=True, kw_only=True):
    """From how many requests on, all in all, an isolate refuses those that matter less."""

    max_in_flight: Annotated[int, Meta(ge=1, le=100_000)]
    """Where even critical ones are refused."""
    default: Percent = 90.0
    """Percent of that where those without a priority are."""
    sheddable: Percent = 60.0
    """Percent of that where sheddable ones are."""


class DelaySettings(Settings, frozen=True, kw_only=True):
    """The service seems slow."""

    time: PositiveDuration
    percent: Percent = 100.0
    """Of how many calls."""


class AbortSettings(Settings, frozen=True, kw_only=True):
    """The service seems to answer with an error, and is not asked."""

    status: Annotated[int, Meta(ge=400, le=599)]
    percent: Percent = 100.0
    """Of how many calls."""


class FaultsSettings(Settings, frozen=True, kw_only=True):
    """Faults on purpose, for tests and game days; never in production."""

    delay: DelaySettings | None = None
    abort: AbortSettings | None = None
    header: FieldName | None = None
    """Only requests that have this field get them."""
