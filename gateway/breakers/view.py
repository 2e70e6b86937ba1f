"""What an isolate knows of one breaker, what it has counted for it, and how it judges when alone.

Plain data and no waiting: it is changed in one go, and shared by all requests of the isolate. It
outlives the table that it was made for.
"""

from typing import Final, NamedTuple

from contract.breaker import (
    MAX_PROBES,
    BreakerName,
    BreakerReport,
    BreakerStatus,
    ProbeOutcome,
    status_of,
    take_report,
)
from contract.circuit_breaker import BreakerSettings, CircuitBreaker, State
from contract.outcome_window import Outcome

TELL_EVERY: Final = 5.0
"""Seconds after which an isolate that is asked for something tells what it has counted, and hears
how things stand. Failures it tells at once."""

HALF_OPEN_HOLD: Final = 1.0
"""Seconds for which a refusal holds in half-open, so that not every request asks."""

FORCED_RETRY: Final = 30.0
"""Seconds after which a client may try again where nobody can say when an operator is done."""

_PASSING: Final = (State.CLOSED, State.FORCED_CLOSED)


class Pass(NamedTuple):
    """Permission for a call. `mark` is the view's at that time."""

    mark: int
    permit: int | None = None
    local: CircuitBreaker | None = None
    """The isolate's own breaker, where it let the probe through."""


class BreakerView:
    """The breaker `name`, as far as this isolate knows."""

    def __init__(self, name: BreakerName, settings: BreakerSettings) -> None:
        self.name = name
        self.settings = settings
        self.state = State.CLOSED
        self.tell_at = 0.0
        """Unix seconds from which on the object is told even if nothing bad happened."""
        self.busy_until = 0.0
        """Unix seconds until which somebody is telling it already."""
        self.hold_until = 0.0
        """Unix seconds until which a refusal needs no further question."""
        self.local: CircuitBreaker | None = None
        """Judges while the object does not answer."""
        self._version: int | None = None
        self._mark = 0
        self._window = settings.new_window()
        self._probes: list[ProbeOutcome] = []
        self._bad = False
        self._listed = False

    @property
    def passes(self) -> bool:
        """Whether calls go out without a question."""
        return self.state in _PASSING

    @property
    def is_urgent(self) -> bool:
        """Whether there is something that the object should know at once."""
        return self._bad or bool(self._probes)

    def free_pass(self) -> Pass:
        """For a call that needs no permission."""
        return Pass(self._mark)

    def is_held(self, now: float) -> bool:
        """Whether calls are refused without a question."""
        return self.state is State.FORCED_OPEN or now < self.hold_until

    def retry_after(self, now: float) -> float:
        """Seconds until a call has a chance, as far as can be said."""
        return FORCED_RETRY if self.state is State.FORCED_OPEN else self.hold_until - now

    def note(self, given: Pass, outcome: Outcome | None, now: float, chance: float) -> None:
        """Take note of what came of a call that was let through with `given`."""
        if given.local is not None and given.permit is not None:
            given.local.settle(self.settings, now, chance, given.permit, outcome)
            if given.local is self.local:
                self.follow_local(status_of(given.local, self.settings, now), now)
        elif given.permit is not None:
            if len(self._probes) < MAX_PROBES:
                self._probes.append(ProbeOutcome(given.permit, outcome))
        elif outcome is not None and given.mark == self._mark:
            self._window.note(outcome, now)
            self._bad = self._bad or outcome is not Outcome.GOOD

    def take(self, now: float) -> BreakerReport:
        """What has to be told. It is handed out once, and gone from here."""
        report = BreakerReport(
            name=self.name,
            settings=self.settings,
            version=self._version,
            outcomes=self._window.collected(now),
            probes=tuple(self._probes),
            listed=self._listed,
        )
        self._clear()
        self._listed = False
        self.tell_at = now + TELL_EVERY
        return report

    def learn(self, status: BreakerStatus, now: float) -> None:
        """Believe what the object says, unless it was overtaken by a later answer."""
        known, self._version = self._version, max(status.version, self._version or 0)
        if known is not None and status.version < known:
            return
        self.local = None
        self._follow(status, now, missed=known is not None and status.version != known)

    def follow_local(self, status: BreakerStatus, now: float) -> None:
        """Believe the isolate's own breaker."""
        self._follow(status, now)

    def was_listed(self) -> None:
        """The directory has been told; the object hears of it next time."""
        self._listed = True
        self.tell_at = 0.0

    def alone(self, now: float) -> CircuitBreaker:
        """The isolate's own breaker, which goes on from what is known."""
        if self.local is None:
            self.local = CircuitBreaker(
                state=self.state, entered_at=now, wait=max(0.0, self.hold_until - now)
            )
        return self.local

    def judge_alone(self, report: BreakerReport, now: float, chance: float) -> None:
        """Take in a report that the object did not answer."""
        local = self.alone(now)
        for probe in report.probes:
            # The object let it through; what came of it is the best news there is.
            given = local.acquire(self.settings, now)
            if given.permit is not None:
                local.settle(self.settings, now, chance, given.permit, probe.outcome)
        told = BreakerReport(name=self.name, settings=self.settings, outcomes=report.outcomes)
        self.follow_local(take_report(local, told, now, chance), now)

    def _follow(self, status: BreakerStatus, now: float, *, missed: bool = False) -> None:
        """`missed`: transitions went by, even where they ended in the state that is known."""
        if missed or status.state is not self.state:
            self.state = status.state
            self.hold_until = 0.0
            self._mark += 1
            self._clear()
        if status.state is State.OPEN:
            self.hold_until = now + status.retry_after
        elif not status.granted:
            self.hold_until = now + min(status.retry_after, HALF_OPEN_HOLD)

    def _clear(self) -> None:
        self._window = self.settings.new_window()
        self._bad = False
        self._probes = []


class BreakerViews:
    """All views of the isolate, whichever table they were made for; bounded, oldest out first."""

    MAX_VIEWS: Final = 1000

    def __init__(self) -> None:
        self._views: dict[tuple[BreakerName, BreakerSettings], BreakerView] = {}

    def view(self, name: BreakerName, settings: BreakerSettings) -> BreakerView:
        """The view of the breaker `name` as long as it has these settings."""
        key = (name, settings)
        view = self._views.get(key)
        if view is None:
            while len(self._views) >= self.MAX_VIEWS:
                del self._views[next(iter(self._views))]
            view = self._views[key] = BreakerView(name, settings)
        return view
