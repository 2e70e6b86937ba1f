"""Circuit breaker: when calls to an upstream are cut off, and how it is found to be back.

Words and meaning follow resilience4j. The state machine is plain data: it has no clock and no
randomness, `now` (Unix seconds) and `chance` (from [0, 1)) are handed in.

    closed ──a rate reaches its threshold──▶ open ──wait over──▶ half-open ──probes good──▶ closed
                                              ▲                      │
                                              └──too many probes bad─┘

From any state an operator forces it open or closed, until it is set to judge by itself again.
"""

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from contract.outcome_window import CountWindow, Outcome, Outcomes, Tally, TimeWindow, Window

MAX_EVENTS: Final = 20
_MAX_OPENINGS: Final = 32
"""From here on the wait grows no more, however long its longest is."""


class State(StrEnum):
    """The states; resilience4j calls the last one disabled."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"
    FORCED_OPEN = "forced-open"
    FORCED_CLOSED = "forced-closed"


class Mode(StrEnum):
    """What an operator wants of a breaker."""

    OPEN = "open"
    CLOSED = "closed"
    AUTO = "auto"
    """It judges by itself; one that is open tries at once."""


class BreakerSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When to open, how long to wait, how to find out whether the upstream is back."""

    failure_rate_threshold: float = 50.0
    """Percent of calls in the window that have to fail for the breaker to open."""

    slow_call_rate_threshold: float = 100.0
    """The same for calls that were slow. Which ones are is up to those who report them."""

    minimum_calls: int = 5
    """Calls that have to be in the window before a rate is judged."""

    window: int = 20
    """How many of the last calls count, where `window_time` is 0."""

    window_time: float = 0.0
    """Seconds; the calls that ended in this time count."""

    wait_open: float = 10.0
    """Seconds that the breaker stays open before it lets probes through."""

    max_wait_open: float = 300.0
    """Seconds up to which that wait grows; never less than `wait_open`."""

    wait_multiplier: float = 2.0
    """By how much the wait grows each time that the breaker opens anew."""

    wait_jitter: float = 10.0
    """Percent by which a wait is longer at most, left to chance."""

    reset_after: float = 60.0
    """Seconds for which the breaker has to stay closed, and no less than it last waited, until the
    next wait is a first one again."""

    probes: int = 1
    """Calls let through in half-open, judged by the thresholds above."""

    probe_timeout: float = 30.0
    """Seconds after which a probe that never reported gives its place back."""

    def new_window(self) -> Window:
        """An empty one of the kind that these settings want."""
        if self.window_time:
            return TimeWindow(span=self.window_time)
        return CountWindow(size=self.window)

    def fits(self, window: Window) -> bool:
        """Whether `window` is of that kind."""
        if isinstance(window, TimeWindow):
            return window.span == self.window_time
        return not self.window_time and window.size == self.window


class Event(msgspec.Struct, frozen=True, array_like=True):
    """A transition, and why."""

    at: float
    version: int
    before: State
    after: State
    reason: str


class Permission(NamedTuple):
    """Whether a call may go out; `permit` is the number of a probe, whose outcome is waited for."""

    granted: bool
    permit: int | None = None


_GO: Final = Permission(True)
_STOP: Final = Permission(False)


class CircuitBreaker(msgspec.Struct):
    """State of one breaker."""

    state: State = State.CLOSED
    version: int = 0
    """Grows with each transition."""
    entered_at: float = 0.0
    wait: float = 0.0
    """Seconds that it last had to stay open."""
    openings: int = 0
    """How often it opened without having been closed for long in between."""
    window: Window = msgspec.field(default_factory=CountWindow)
    """Outcomes in closed."""
    permits: dict[int, float] = {}
    """When each probe was let through that has not been answered yet."""
    last_permit: int = 0
    probed: Tally = msgspec.field(default_factory=Tally)
    """Probes of this half-open that were answered."""
    events: list[Event] = []
    """The latest transitions, the oldest first."""

    def acquire(self, settings: BreakerSettings, now: float) -> Permission:
        """Whether a call may go out now. In half-open it takes one of the places for probes."""
        if self.state is State.OPEN:
            self.entered_at = min(self.entered_at, now)  # a clock that stepped back
            if now >= self.entered_at + self.wait:
                self._half_open(now, "the wait is over")
        if self.state in (State.CLOSED, State.FORCED_CLOSED):
            return _GO
        if self.state is not State.HALF_OPEN:
            return _STOP
        self.permits = {
            permit: at for permit, at in self.permits.items() if now < at + settings.probe_timeout
        }
        if not self._has_place(settings):
            return _STOP
        self.last_permit += 1
        self.permits[self.last_permit] = now
        return Permission(True, self.last_permit)

    def record(
        self, settings: BreakerSettings, now: float, chance: float, outcomes: Outcomes
    ) -> None:
        """Take in outcomes of calls that were no probes. They only count in closed."""
        if self.state is not State.CLOSED:
            return
        if not settings.fits(self.window):
            self.window = settings.new_window()
        self.window.add(outcomes, now)
        tally = self.window.tally(now)
        if tally.calls < settings.minimum_calls:
            return
        reason = _too_bad(settings, tally, tally.calls, "calls")
        if reason:
            self._open(settings, now, chance, reason)

    def settle(
        self,
        settings: BreakerSettings,
        now: float,
        chance: float,
        permit: int,
        outcome: Outcome | None,
    ) -> None:
        """Take in what came of a probe; None: nothing that counts, and its place is free again."""
        if self.permits.pop(permit, None) is None:
            return  # It was given up, or went out in an earlier half-open.
        if outcome is None:
            return
        self.probed.note(outcome)
        reason = _too_bad(settings, self.probed, settings.probes, "probes")
        if reason:
            self._open(settings, now, chance, reason)
        elif self.probed.calls >= settings.probes:
            self._close(now, f"{self.probed.calls} of {settings.probes} probes came back")

    def force(self, mode: Mode, now: float, reason: str) -> None:
        """Do as an operator says."""
        match mode:
            case Mode.OPEN if self.state is not State.FORCED_OPEN:
                self._enter(State.FORCED_OPEN, now, reason)
            case Mode.CLOSED if self.state is not State.FORCED_CLOSED:
                self._enter(State.FORCED_CLOSED, now, reason)
            case Mode.AUTO if self.state is State.FORCED_CLOSED:
                self._close(now, reason)
            case Mode.AUTO if self.state in (State.OPEN, State.FORCED_OPEN):
                self._half_open(now, reason)

    def retry_after(self, settings: BreakerSettings, now: float) -> float:
        """Seconds until a call has a chance; 0 when it has one now, or when nobody can say."""
        if self.state is State.OPEN:
            return max(0.0, min(self.entered_at, now) + self.wait - now)
        if self.state is State.HALF_OPEN and self.permits and not self._has_place(settings):
            return max(0.0, min(self.permits.values()) + settings.probe_timeout - now)
        return 0.0

    def _has_place(self, settings: BreakerSettings) -> bool:
        return len(self.permits) + self.probed.calls < settings.probes

    def _open(self, settings: BreakerSettings, now: float, chance: float, reason: str) -> None:
        steady_after = max(settings.reset_after, self.wait)
        steady = self.state is State.CLOSED and now >= self.entered_at + steady_after
        self.openings = 1 if steady else min(self.openings + 1, _MAX_OPENINGS)
        grown = settings.wait_open * settings.wait_multiplier ** (self.openings - 1)
        longest = max(settings.wait_open, settings.max_wait_open)
        self.wait = min(grown, longest) * (1 + chance * settings.wait_jitter / 100)
        self._enter(State.OPEN, now, reason)

    def _half_open(self, now: float, reason: str) -> None:
        self._enter(State.HALF_OPEN, now, reason)

    def _close(self, now: float, reason: str) -> None:
        self._enter(State.CLOSED, now, reason)

    def _enter(self, state: State, now: float, reason: str) -> None:
        self.version += 1
        self.events = [
            *self.events[1 - MAX_EVENTS :],
            Event(now, self.version, self.state, state, reason),
        ]
        self.state = state
        self.entered_at = now
        self.window = CountWindow()
        self.permits = {}
        self.probed = Tally()


def _too_bad(settings: BreakerSettings, tally: Tally, of: int, what: str) -> str:
    """Which rate is not below its threshold; empty where both are."""
    if tally.failures and 100.0 * tally.failures / of >= settings.failure_rate_threshold:
        return f"{tally.failures} of {of} {what} failed"
    if tally.slow and 100.0 * tally.slow / of >= settings.slow_call_rate_threshold:
        return f"{tally.slow} of {of} {what} were slow"
    return ""
