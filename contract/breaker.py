"""Messages between the gateway and the `CircuitBreaker` objects, and the directory of these.

One object holds one upstream as one region sees it. What an isolate tells it are durations, never
times: the only clock that counts is the object's.
"""

from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Meta

from contract.circuit_breaker import (
    BreakerSettings,
    CircuitBreaker,
    Event,
    Mode,
    Permission,
    State,
)
from contract.outcome_window import Outcome, Outcomes, Tally

DIRECTORY: Final = "directory"
"""The name of the one `BreakerDirectory` object."""

MAX_PROBES: Final = 100

Reason = Annotated[str, Meta(min_length=1, max_length=200)]
Upstream = Annotated[
    str, Meta(pattern=r"^[a-z][a-z0-9-]{0,62}(/[a-z][a-z0-9-]{0,62})?$", max_length=130)
]
"""A service, or a service and the route that has a breaker of its own."""
Region = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,20}$")]
"""A data centre (FRA), a continent (EU), `global`, or `local` where Cloudflare says nothing."""


class BreakerName(msgspec.Struct, frozen=True, order=True):
    """Whose breaker it is."""

    upstream: Upstream
    region: Region

    @property
    def object(self) -> str:
        """The name of its object."""
        return f"{self.upstream}@{self.region}"


class ProbeOutcome(msgspec.Struct, frozen=True, array_like=True):
    """What came of the call that was let through with `permit`; None: nothing that counts."""

    permit: int
    outcome: Outcome | None


class BreakerReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an isolate has collected since it last told; or nothing, to hear how things stand.

    It is sent once. Where no answer comes it may have been counted, so it is not sent again.
    """

    name: BreakerName
    settings: BreakerSettings
    version: int | None = None
    """The version under which the outcomes were collected, where the isolate has heard of one:
    those from before a transition do not count after it."""
    outcomes: Outcomes = Outcomes()
    probes: Annotated[tuple[ProbeOutcome, ...], Meta(max_length=MAX_PROBES)] = ()
    listed: bool = False
    """The directory was told of this breaker."""


class BreakerRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for permission to call while the breaker is not known to be closed."""

    name: BreakerName
    settings: BreakerSettings


class BreakerStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the object says. `version` grows with each transition; `retry_after` is in seconds and
    counts from this answer; `granted` and `permit` answer a `BreakerRequest`."""

    state: State
    version: int
    retry_after: float = 0.0
    granted: bool = True
    permit: int | None = None
    listed: bool = True
    """Whether the directory knows of this breaker, as far as the object was told."""


class ForceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's word."""

    name: BreakerName
    mode: Mode
    reason: Reason
    by: Annotated[str, Meta(max_length=100)]


class BreakerDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that people may want to know of a breaker."""

    state: State
    version: int
    since: float = 0.0
    """Unix seconds; 0 where it never had another state."""
    retry_after: float = 0.0
    openings: int = 0
    seen: Tally = msgspec.field(default_factory=Tally)
    """What is in the window, in closed; the probes that were answered, in half-open."""
    events: tuple[Event, ...] = ()
    """The latest transitions, the newest first."""


class CircuitBreakerRpc(Protocol):
    """The RPC methods of a `CircuitBreaker` object."""

    def report(self, report: str) -> str: ...

    def acquire(self, request: str) -> str: ...

    def force(self, request: str) -> str: ...

    def show(self) -> str: ...

    def ping(self) -> str: ...


def take_report(
    breaker: CircuitBreaker, report: BreakerReport, now: float, chance: float
) -> BreakerStatus:
    """Let `breaker` take in a report: what the object does, and an isolate that is left alone."""
    if report.version is None or report.version == breaker.version:
        breaker.record(report.settings, now, chance, report.outcomes)
    for probe in report.probes:
        breaker.settle(report.settings, now, chance, probe.permit, probe.outcome)
    return status_of(breaker, report.settings, now)


def status_of(
    breaker: CircuitBreaker,
    settings: BreakerSettings,
    now: float,
    permission: Permission | None = None,
) -> BreakerStatus:
    """What to say of `breaker`, and of a permission where one was asked for."""
    granted, permit = permission if permission is not None else (True, None)
    return BreakerStatus(
        state=breaker.state,
        version=breaker.version,
        retry_after=breaker.retry_after(settings, now),
        granted=granted,
        permit=permit,
    )


def details_of(breaker: CircuitBreaker, now: float) -> BreakerDetails:
    """All about `breaker` at `now`."""
    closed, probing = breaker.state is State.CLOSED, breaker.state is State.HALF_OPEN
    waits = breaker.entered_at + breaker.wait - now if breaker.state is State.OPEN else 0.0
    return BreakerDetails(
        state=breaker.state,
        version=breaker.version,
        since=breaker.entered_at,
        retry_after=max(0.0, waits),
        openings=breaker.openings,
        seen=breaker.window.tally(now) if closed else breaker.probed if probing else Tally(),
        events=tuple(reversed(breaker.events)),
    )
