"""One run of the Miniflare host (host.mjs) and of its workerd: start, listen, reload, stop."""

import contextlib
import json
import os
import queue
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Literal

import msgspec

from runtime.config import ConfigError, read_config
from runtime.plan import HOST, Plan, Worker
from runtime.pyodide import local_flags
from runtime.toolchain import BUILT, ROOT, node, workerd
from runtime.vendor import vendor

_GRACE = 5.0
"""Seconds that the host gets to end by itself before it is killed."""

_WRAPPER = """\
#!/bin/sh
# Stands in for workerd: notes its process id and adds the options that Miniflare has no word for.
echo $$ > {pid_file}
command=$1
shift
exec {workerd} "$command" {options} "$@"{output}
"""


class HostError(Exception):
    """The Workers could not be started, or did not come back; the text says why."""


class Event(msgspec.Struct, frozen=True):
    """What the host reports.

    `ready` (with `urls` by Worker name, and `pid` of workerd) after the start, a reload, or a crash
    that was mended; `crashed` when workerd died; `rejected` when a reload failed and nothing
    answers until the next one; `migrated` for each D1 migration; `failed` before the host gives
    up; `ended` when it is gone.
    """

    event: Literal["ready", "crashed", "rejected", "migrated", "failed", "ended"]
    urls: Mapping[str, str] = {}
    pid: int = 0
    message: str = ""
    worker: str = ""
    binding: str = ""
    file: str = ""


class Host:
    """A running host. Whoever made it reads `events` and calls `stop` in the end."""

    def __init__(self, plan: Plan, options: tuple[str, ...], output: IO[str] | None = None) -> None:
        """Start it and return at once.

        `options` are added to `workerd serve`. What Workers print goes to the file `output`, or to
        our own stdout and stderr.
        """
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        (BUILT / "run").mkdir(parents=True, exist_ok=True)
        _remove_left_over(BUILT / "run")
        self._folder = Path(tempfile.mkdtemp(dir=BUILT / "run", prefix=f"{os.getpid()}-"))
        self._pid_file = self._folder / "workerd.pid"
        self._write_plan(plan)
        self._write_wrapper(options, plan.log)
        reader, writer = os.pipe()
        script = Path(__file__).with_name("host.mjs")
        self._process = subprocess.Popen(
            [str(node()), str(script), str(self._folder / "plan.json"), str(writer)],
            pass_fds=[writer],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            text=True,
            cwd=ROOT,
            env={
                **os.environ,
                "MINIFLARE_WORKERD_PATH": str(self._folder / "workerd"),
                "WRANGLER_LOG": "warn",
                "WRANGLER_SEND_METRICS": "false",
            },
            # Ctrl-C in a terminal reaches only us, and we end the host in order.
            start_new_session=True,
        )
        os.close(writer)
        threading.Thread(target=self._read_events, args=(reader,), daemon=True).start()

    def wait_ready(self, timeout: float) -> Event:
        """Wait for the next `ready`. Raises `HostError` if it fails or does not come in time."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                event = self.events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise HostError(f"the Workers are not ready after {timeout:.0f} s") from None
            if event.event == "ready":
                return event
            if event.event in {"failed", "rejected", "ended"}:
                raise HostError(event.message or "the host ended")

    def reload(self, plan: Plan) -> None:
        """Read all code again and run `plan`; `ready` or `rejected` follows."""
        self._write_plan(plan)
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write("reload\n")
                self._process.stdin.flush()

    def stop(self) -> None:
        """End the host and workerd. Nothing of them is left when this returns."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._kill_workerd()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """The process id of the Node host."""
        return self._process.pid

    def _kill_workerd(self) -> None:
        """A Durable Object that hangs can hold workerd, and it outlives a host that was killed."""
        try:
            pid = int(self._pid_file.read_text(encoding="ascii"))
            # The id may be somebody else's by now; the session is the one that we started.
            if os.getsid(pid) == self._process.pid:
                os.kill(pid, signal.SIGKILL)
        except (OSError, ValueError):
            return

    def _read_events(self, descriptor: int) -> None:
        decoder = msgspec.json.Decoder(Event)
        with os.fdopen(descriptor, "rb") as pipe:
            for line in pipe:
                self.events.put(decoder.decode(line))
        self._process.wait()
        self.events.put(Event("ended", message=f"the host ended ({self._process.returncode})"))

    def _write_plan(self, plan: Plan) -> None:
        document = {
            "host": HOST,
            "state": str(plan.state.resolve()) if plan.state else None,
            "registry": str(plan.registry.resolve()) if plan.registry else None,
            "devVars": plan.dev_vars,
            "pythonFlags": local_flags(),
            "pidFile": str(self._pid_file),
            "workers": [_entry(worker) for worker in plan.workers],
        }
        (self._folder / "plan.json").write_text(json.dumps(document), encoding="utf-8")

    def _write_wrapper(self, options: tuple[str, ...], log: Path | None) -> None:
        wrapper = self._folder / "workerd"
        output = "" if log is None else f" >> {shlex.quote(str(log))} 2>&1"
        wrapper.write_text(
            _WRAPPER.format(
                pid_file=shlex.quote(str(self._pid_file)),
                workerd=shlex.quote(str(workerd())),
                options=shlex.join(options),
                output=output,
            ),
            encoding="utf-8",
        )
        wrapper.chmod(0o755)


def _remove_left_over(runs: Path) -> None:
    """Remove the folders of runs whose process was killed before it could."""
    for folder in runs.iterdir():
        owner = folder.name.partition("-")[0]
        try:
            os.kill(int(owner), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (PermissionError, ValueError):
            continue


def _entry(worker: Worker) -> dict[str, Any]:
    """A Worker in the words of host.mjs, its python_modules/ filled."""
    entry: dict[str, Any] = {
        "name": worker.name,
        "serviceBindings": dict(worker.service_bindings),
        "vars": dict(worker.vars),
        "modules": {name: str(path.resolve()) for name, path in worker.modules.items()},
        "port": worker.port,
        "options": dict(worker.options),
    }
    if worker.config is not None:
        config = read_config(worker.config)
        if not {"name", "main"} <= config.keys():
            raise ConfigError(f"{worker.config}: `name` and `main` are needed")
        if config["main"].endswith(".py"):
            vendor(worker.config.parent)
        return {
            **entry,
            "config": str(worker.config.resolve()),
            "name": worker.name or config["name"],
        }
    if worker.script is None:
        raise HostError("a Worker of the plan has neither `config` nor `script`")
    return {
        **entry,
        "script": str(worker.script.resolve()),
        "name": worker.name or worker.script.stem,
    }
