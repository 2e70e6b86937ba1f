"""Circuit breaker: closed, open, half-open, decided by the failure rate of the last calls.

Words and meaning follow resilience4j's count-based breaker. The state machine is plain data: it has
no clock, `now` (Unix seconds) is handed in, and every transition is one method.

    closed ──failure rate ≥ threshold──▶ open ──wait over──▶ half-open ──all probes good──▶ closed
                                          ▲                      │
                                          └────one probe bad─────┘
"""

from enum import StrEnum

import msgspec


class State(StrEnum):
    """The three states."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class BreakerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When to open, how long to wait, how to find out whether the upstream is back."""

    failure_rate_threshold: float = 50.0
    """Percent of failures among the last `window` calls at which the breaker opens."""

    minimum_calls: int = 5
    """Calls that have to be seen before a rate is judged."""

    window: int = 20
    """How many of the last calls count."""

    wait_open: float = 10.0
    """Seconds that the breaker stays open before it lets probes through."""

    probes: int = 1
    """Calls let through in half-open; all have to succeed for the breaker to close."""

    probe_timeout: float = 30.0
    """Seconds after which a probe that never reported gives its place back."""


class CircuitBreaker(msgspec.Struct):
    """State of one breaker. `outcomes` holds the last calls in closed, oldest first."""

    state: State = State.CLOSED
    version: int = 0
    outcomes: list[bool] = []
    opened_at: float = 0.0
    probes_out: list[float] = []
    """When each unanswered probe was let through."""
    probes_good: int = 0

    def acquire(self, settings: BreakerSettings, now: float) -> bool:
        """Whether a call may go out now. In half-open a `True` takes one of the probe places."""
        if self.state is State.OPEN and now >= self.opened_at + settings.wait_open:
            self._half_open()
        if self.state is State.CLOSED:
            return True
        if self.state is State.OPEN:
            return False
        self.probes_out = [at for at in self.probes_out if now < at + settings.probe_timeout]
        if not self._has_place(settings):
            return False
        self.probes_out.append(now)
        return True

    def record(
        self, settings: BreakerSettings, now: float, *, successes: int, failures: int, probe: bool
    ) -> None:
        """Take in outcomes, successes first. Late ones of another state do not count."""
        if self.state is State.HALF_OPEN and probe:
            self._record_probe(settings, now, good=failures == 0)
        elif self.state is State.CLOSED and not probe:
            keep = settings.window
            self.outcomes += [True] * min(successes, keep) + [False] * min(failures, keep)
            del self.outcomes[:-keep]
            if self._failure_rate(settings) >= settings.failure_rate_threshold:
                self._open(now)

    def retry_after(self, settings: BreakerSettings, now: float) -> float:
        """Seconds until a call has a chance; 0 when it has one now."""
        if self.state is State.OPEN:
            return max(0.0, self.opened_at + settings.wait_open - now)
        if self.state is State.HALF_OPEN and self.probes_out and not self._has_place(settings):
            return max(0.0, min(self.probes_out) + settings.probe_timeout - now)
        return 0.0

    def _record_probe(self, settings: BreakerSettings, now: float, *, good: bool) -> None:
        if not self.probes_out:
            return  # It was given up, or went out in an earlier half-open.
        self.probes_out.pop(0)
        if not good:
            self._open(now)
            return
        self.probes_good += 1
        if self.probes_good >= settings.probes:
            self._close()

    def _has_place(self, settings: BreakerSettings) -> bool:
        return len(self.probes_out) + self.probes_good < settings.probes

    def _failure_rate(self, settings: BreakerSettings) -> float:
        if len(self.outcomes) < settings.minimum_calls:
            return 0.0
        return 100.0 * self.outcomes.count(False) / len(self.outcomes)

    def _open(self, now: float) -> None:
        self._enter(State.OPEN)
        self.opened_at = now

    def _half_open(self) -> None:
        self._enter(State.HALF_OPEN)

    def _close(self) -> None:
        self._enter(State.CLOSED)

    def _enter(self, state: State) -> None:
        self.state = state
        self.version += 1
        self.outcomes = []
        self.probes_out = []
        self.probes_good = 0
