"""`gateway dev`: everything running on this machine, kept running, reloaded on every change."""

import argparse
import fcntl
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cli.bindings import declared_bindings, require_services
from cli.check import render
from cli.compile_table import TableErrors, load_table
from cli.examples import examples
from cli.include import TableFiles
from cli.options import add_environment
from runtime.config import ConfigError
from runtime.dev_vars import make_dev_vars
from runtime.host import Event, HostError
from runtime.plan import HOST, Plan
from runtime.project import CONFIGS, GATEWAY, ROUTES, STATE, project_plan
from runtime.supervisor import Rejected, Supervisor
from runtime.toolchain import ROOT
from runtime.watch import Watch


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("dev", help="run everything on this machine")
    parser.add_argument("--port", type=int, default=8787, help="of the gateway (default: 8787)")
    parser.add_argument("--routes", type=Path, default=ROUTES, metavar="FILE")
    add_environment(parser)
    parser.add_argument("--state", type=Path, default=STATE, metavar="FOLDER")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    def plan() -> Plan:
        try:
            require_services(CONFIGS["gateway"], CONFIGS.values())
            bindings = declared_bindings(CONFIGS["gateway"])
            load_table(options.routes, bindings, environment=options.environment)
            return project_plan(
                options.routes,
                port=options.port,
                state=options.state,
                dev_vars=True,
                environment=options.environment,
            )
        except TableErrors as wrong:
            raise Rejected(render(wrong.errors)) from None
        except ConfigError as wrong:
            raise Rejected(str(wrong)) from None

    logging.basicConfig(format="%(message)s", level=logging.INFO, handlers=[_Terminal()])
    with ExitStack() as stack:
        try:
            first = plan()
            _require_free(options.port)
            _take_state(options.state, stack)
        except (Rejected, _Refused) as error:
            print(error, file=sys.stderr)
            return 1
        for path in make_dev_vars():
            _say(f"made {path.relative_to(ROOT)} with new secrets")
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            ready = partial(_ready, routes=options.routes)
            Supervisor(plan, _watch(options.routes), _say, ready).run(first)
        except KeyboardInterrupt:
            _say("stopped")
        except HostError as error:
            print(f"not started: {error}", file=sys.stderr)
            return 1
    return 0


def _ready(event: Event, routes: Path) -> None:
    url = event.urls[GATEWAY]
    _say(f"ready {url}")
    if routes.resolve() == ROUTES:  # the examples are requests for that table
        for example in examples(url):
            _say(example)


def _watch(routes: Path) -> Watch:
    folders = {path.parent for path in CONFIGS.values() if path.parent != ROOT}
    return Watch(_WatchedFiles(routes), (ROOT / "gateway", ROOT / "contract", *folders))


class _WatchedFiles:
    """The table with all its files, and what the gateway is configured by."""

    def __init__(self, routes: Path) -> None:
        self._table = TableFiles(routes)

    def __iter__(self) -> Iterator[Path]:
        yield from self._table
        yield from (CONFIGS["gateway"], ROOT / ".dev.vars")


class _Refused(Exception):
    """It makes no sense to start."""


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        # As workerd does it: a connection of before that lingers is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise _Refused(f"port {port} cannot be used ({error}); choose one with PORT=") from None


def _take_state(folder: Path, stack: ExitStack) -> None:
    """Hold the state folder: two workerds on the same databases would harm each other."""
    folder.mkdir(parents=True, exist_ok=True)
    file = stack.enter_context((folder / ".lock").open("w"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _Refused(f"{folder} is in use by another run; choose one with STATE=") from None


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM ends us as Ctrl-C does."""
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(line, flush=True)


class _Terminal(logging.Handler):
    """What the runtime has to say about steps that take time."""

    def emit(self, record: logging.LogRecord) -> None:
        _say(self.format(record))
