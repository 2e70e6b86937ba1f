"""Workers in a real workerd for the length of a `with` block: for tests and measurements."""

import os
import re
import signal
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from runtime.host import Event, Host, HostError
from runtime.plan import Plan
from runtime.snapshot import workerd_options

START_TIMEOUT = 120.0
"""Seconds until Workers must be ready; a first start without a snapshot takes up to 15."""


class LocalRuntime:
    """Runs a plan::

        with LocalRuntime(project_plan()) as local:
            httpx.get(local.url("edge-gateway") + "/healthz")

    Every Worker has an address of its own. A workerd that dies is started again by itself, with the
    same state if the plan names a folder; addresses with port 0 may then differ: ask `url` again.
    """

    def __init__(self, plan: Plan, *, options: tuple[str, ...] | None = None) -> None:
        """`options` are added to `workerd serve`; default: those that load our Python quickly."""
        self._plan = plan
        self._options = options
        self._host: Host | None = None
        self._state = Event("ended")
        self._output = tempfile.NamedTemporaryFile(  # noqa: SIM115
            mode="w+", encoding="utf-8", errors="replace", suffix=".log"
        )

    def __enter__(self) -> Self:
        options = workerd_options() if self._options is None else self._options
        self._host = Host(self._plan, options, output=self._output)
        try:
            self.wait_ready(START_TIMEOUT)
        except BaseException as error:
            if isinstance(error, HostError):
                error.add_note("\n".join(self.log_lines()[-40:]))
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._host is not None:
            self._host.stop()
            self._host = None
        self._output.close()

    def url(self, worker: str) -> str:
        """The address of a Worker by its name, without a slash at the end."""
        return self._state.urls[worker]

    @property
    def urls(self) -> dict[str, str]:
        """The addresses of all Workers by their names."""
        return dict(self._state.urls)

    @property
    def workerd_pid(self) -> int:
        """The process id of the workerd that runs now."""
        return self._state.pid

    def kill_workerd(self) -> None:
        """Kill workerd as a crash would. It comes back by itself: `wait_ready`."""
        os.kill(self._state.pid, signal.SIGKILL)

    def wait_ready(self, timeout: float = START_TIMEOUT) -> None:
        """Wait until the Workers answer again. Raises `HostError`."""
        self._state = self._running.wait_ready(timeout)

    def reload(self, plan: Plan | None = None) -> None:
        """Run the code as it is on disk now, under another plan if given; wait until it answers."""
        self._plan = plan or self._plan
        self._running.reload(self._plan)
        self.wait_ready()

    def log_lines(self) -> list[str]:
        """Everything that the Workers and workerd have printed so far."""
        return Path(self._output.name).read_text(encoding="utf-8", errors="replace").splitlines()

    def wait_for_log(self, pattern: str, timeout: float = 5.0, start: int = 0) -> str:
        """The first line from number `start` on that matches, once it is there.

        Raises `TimeoutError` with the last lines if none comes in `timeout` seconds.
        """
        expression = re.compile(pattern)
        deadline = time.monotonic() + timeout
        while True:
            lines = self.log_lines()[start:]
            for line in lines:
                if expression.search(line):
                    return line
            if time.monotonic() > deadline:
                raise TimeoutError(f"no line matches {pattern!r}; the last: {lines[-5:]}")
            time.sleep(0.02)

    @property
    def _running(self) -> Host:
        if self._host is None:
            raise HostError("this runtime is not running")
        return self._host
