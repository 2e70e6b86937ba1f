"""What a service's `circuit_breaker` can say. The words are resilience4j's."""

from typing import Annotated, Literal

from msgspec import Meta

from contract.circuit_breaker import BreakerSettings
from routing.units import Duration, PositiveDuration, seconds
from settings import Settings

_PROBE_TIMEOUT = 30.0

Percent = Annotated[float, Meta(gt=0, le=100)]
Result = Annotated[
    str,
    Meta(
        pattern=r"^([1-5]xx|[1-5][0-9]{2}|timeout|connection)$",
        description="A status (503), a class of them (5xx), `timeout`: no answer in time, or "
        "`connection`: no answer at all.",
    ),
]


class CircuitBreakerSettings(Settings, frozen=True, kw_only=True):
    """When calls to a service are cut off, and how it is found to be back."""

    sliding_window_type: Literal["count_based", "time_based"] = "count_based"
    window: Annotated[int, Meta(ge=1, le=1000)] = 20
    """How many of the last calls count, in a window that is count_based."""
    window_time: PositiveDuration = "10s"
    """Of which time the calls count, in a window that is time_based."""
    minimum_calls: Annotated[int, Meta(ge=1, le=1000)] = 5
    """Calls that have to be in the window before it judges."""
    failure_rate_threshold: Percent = 50.0
    """Percent of calls that have to fail."""
    slow_call_rate_threshold: Percent = 100.0
    """Percent of calls that have to be slow."""
    slow_call_duration_threshold: PositiveDuration | None = None
    """From here on a call is slow, to the header fields of its answer; without it none is."""
    record: tuple[Result, ...] = ("5xx", "timeout", "connection")
    """What is a failure."""
    ignore: tuple[Result, ...] = ()
    """What counts as nothing at all."""
    wait_open: PositiveDuration = "10s"
    """How long it stays open before it tries again."""
    max_wait_open: PositiveDuration = "5m"
    """Up to where that wait grows while the service comes and goes."""
    wait_multiplier: Annotated[float, Meta(ge=1, le=10)] = 2.0
    """By how much it grows each time."""
    wait_jitter: Annotated[float, Meta(ge=0, le=100)] = 10.0
    """Percent by which it is longer at most, left to chance."""
    reset_after: Duration = "1m"
    """How long it has to stay closed until the next wait is as short as the first."""
    probes: Annotated[int, Meta(ge=1, le=100)] = 1
    """Calls let through to find out, over all isolates of a region."""
    region: Literal["colo", "continent", "global"] = "colo"
    """What has a breaker of its own: each data centre, each continent, or the world."""
    scope: Literal["service", "route"] = "service"
    """Whether all routes to the service share it, or each route has one of its own."""


def compiled(settings: CircuitBreakerSettings, timeout: str) -> BreakerSettings:
    """The same for the state machine; `timeout` is that of the service."""
    timed = settings.sliding_window_type == "time_based"
    return BreakerSettings(
        failure_rate_threshold=settings.failure_rate_threshold,
        slow_call_rate_threshold=settings.slow_call_rate_threshold,
        # A window that cannot hold as many would never be judged.
        minimum_calls=settings.minimum_calls
        if timed
        else min(settings.minimum_calls, settings.window),
        window=settings.window,
        window_time=seconds(settings.window_time) if timed else 0.0,
        wait_open=seconds(settings.wait_open),
        max_wait_open=seconds(settings.max_wait_open),
        wait_multiplier=settings.wait_multiplier,
        wait_jitter=settings.wait_jitter,
        reset_after=seconds(settings.reset_after),
        probes=settings.probes,
        # A probe that is still on its way keeps its place.
        probe_timeout=max(_PROBE_TIMEOUT, 2 * seconds(timeout)),
    )


class Results:
    """Which results of a call are failures, and which count as nothing."""

    __slots__ = ("_ignored", "_recorded")

    def __init__(self, settings: CircuitBreakerSettings) -> None:
        self._recorded = expanded(settings.record)
        self._ignored = expanded(settings.ignore)

    def failed(self, result: int | str) -> bool | None:
        """Whether a status, `timeout` or `connection` is a failure; None: it does not count."""
        return None if result in self._ignored else result in self._recorded


def expanded(results: tuple[str, ...]) -> frozenset[int | str]:
    """Every single result that `results` mean."""
    found: set[int | str] = set()
    for one in results:
        if one.endswith("xx"):
            found.update(range(int(one[0]) * 100, int(one[0]) * 100 + 100))
        else:
            found.add(int(one) if one.isdigit() else one)
    return frozenset(found)
