"""Keeps a plan running until it is told to stop: restarts what dies, reloads what changes.

workerd that dies is started again by the host at once; a host that dies, or a workerd that cannot
stay up, is started again from here, each time after a longer pause.
"""

import queue
import time
from collections.abc import Callable
from pathlib import Path

from runtime.config import ConfigError
from runtime.host import Event, Host, HostError
from runtime.plan import Plan
from runtime.snapshot import workerd_options
from runtime.watch import Watch

_LOOK_EVERY = 0.25
"""Seconds between two looks at the files."""
_STABLE = 10.0
"""Seconds of running after which earlier crashes no longer count."""
_CRASHES = 5
"""Crashes in a row that the host may mend by itself before the pauses begin."""
_LONGEST_PAUSE = 30.0


class Rejected(Exception):
    """The sources as they are now cannot be run; the text says why."""


class Supervisor:
    """Runs what `make_plan` returns, and asks it again whenever a watched file changes.

    `make_plan` raises `Rejected` if the sources are wrong: then the last good plan keeps running.
    `say` gets each line for the terminal, `ready` the first address of the plan's first Worker.
    """

    def __init__(
        self,
        make_plan: Callable[[], Plan],
        watch: Watch,
        say: Callable[[str], None],
        ready: Callable[[Event], None],
    ) -> None:
        self._make_plan = make_plan
        self._watch = watch
        self._say = say
        self._ready = ready
        self._host: Host | None = None
        self._was_ready = False
        self._since = time.monotonic()
        self._crashes = 0

    def run(self, plan: Plan) -> None:
        """Run until an exception, such as `KeyboardInterrupt`, ends it. Leaves no process.

        Raises `HostError` if it does not start the first time: that does not mend itself.
        """
        try:
            while True:
                self._host = Host(plan, workerd_options())
                plan = self._attend(self._host, plan)
                self._host.stop()
                pause = min(_LONGEST_PAUSE, 0.5 * 2 ** max(0, self._crashes - _CRASHES))
                self._say(f"starting again in {pause:.1f} s")
                time.sleep(pause)
        finally:
            if self._host is not None:
                self._host.stop()

    def _attend(self, host: Host, plan: Plan) -> Plan:
        """Look after `host` until it cannot go on. Returns the plan that it ran last."""
        self._since = time.monotonic()
        while True:
            try:
                event = host.events.get(timeout=_LOOK_EVERY)
            except queue.Empty:
                changed = self._watch.changes()
                if changed:
                    plan = self._reload(host, plan, changed)
                continue
            if event.event == "ready":
                self._on_ready(event)
            elif event.event == "migrated":
                self._say(f"migrated {event.worker}: {event.file}")
            elif event.event == "rejected":
                self._say(f"cannot run this: {event.message}\nwaiting for the next change")
            elif event.event == "crashed":
                self._on_crash("workerd died; starting it again")
                if self._crashes > _CRASHES:
                    return plan
            elif not self._was_ready:
                raise HostError(event.message)
            else:
                self._on_crash(f"the host stopped: {event.message}")
                return plan

    def _reload(self, host: Host, plan: Plan, changed: set[Path]) -> Plan:
        names = sorted(path.name for path in changed)
        self._say(f"changed: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}")
        try:
            changed_plan = self._make_plan()
            self._since = time.monotonic()
            host.reload(changed_plan)
        except (Rejected, ConfigError, OSError) as error:  # such as a disk that is full
            self._say(f"{error}\nnot loaded: the last good one keeps running")
            return plan
        return changed_plan

    def _on_ready(self, event: Event) -> None:
        took = time.monotonic() - self._since
        if self._was_ready:
            url = next(iter(event.urls.values()))
            self._say(f"running again after {took:.1f} s: {url} (workerd {event.pid})")
        else:
            self._was_ready = True
            self._ready(event)
        self._since = time.monotonic()

    def _on_crash(self, line: str) -> None:
        now = time.monotonic()
        self._crashes = 1 if now - self._since > _STABLE else self._crashes + 1
        self._since = now
        self._say(line)
