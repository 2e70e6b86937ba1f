"""Who fetches for all is killed, or the object is in which the others wait: they are answered all
the same, and the service is not asked by all where that can be helped.

Two workerds share the objects: Miniflare's registry lets one call the Durable Objects of the other,
over a connection that breaks when either is killed. `pytest -s` shows what clients saw.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import pytest

from cli.compile_table import write_module
from runtime.local import LocalRuntime
from runtime.plan import HOST, Plan, Worker
from runtime.project import CONFIGS
from tests.consumer import Consumer, unique
from tests.eventually import eventually

HERE: Final = "gateway-here"
"""The gateway in the workerd that has the objects and the cache Worker."""
THERE: Final = "gateway-there"
"""The one in the other, which has nothing else."""

CLIENTS: Final = 50
LEASE: Final = 2.0
WAIT: Final = 12.0
"""Seconds, of the route."""
PATIENCE: Final = 4.0
"""Seconds beyond a lease that a busy machine may take to answer them all."""
HOST_FIELD: Final = {"host": "led.test"}

_TABLE: Final = """\
versions: {{ default: v1, supported: {{ v1: {{}} }} }}
services:
  origin: {{ url: "http://{host}:{port}", allow_ip: true, timeout: 30s }}
routes:
  - name: led
    path: /led/{{id}}
    methods: [GET]
    service: origin
    access: public
    cache: {{ ttl: 1m, tiers: [global], single_flight: {{ wait: {wait:g}s, lease: {lease:g}s }} }}
"""


class Origin(ThreadingHTTPServer):
    """The service: it keeps the first request for each path until it is let go, and answers the
    others at once. It runs in neither workerd."""

    daemon_threads = True
    request_queue_size = 2 * CLIENTS

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.asked: dict[str, list[float]] = {}
        """When, by path."""
        self.let_go = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Origin

    def do_GET(self) -> None:
        asked = self.server.asked.setdefault(self.path, [])
        asked.append(time.monotonic())
        if len(asked) == 1:
            self.server.let_go.wait()
        body = b"answered"
        with suppress(OSError):  # whoever asked may be gone
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        return None


class Pair(NamedTuple):
    origin: Origin
    here: LocalRuntime
    there: LocalRuntime


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    with Origin() as origin:
        threading.Thread(target=origin.serve_forever, daemon=True).start()
        module = _compiled(folder, origin.server_address[1])
        registry = folder / "registry"

        def gateway(name: str) -> Worker:
            return Worker(
                config=CONFIGS["gateway"], name=name, modules={"compiled_routes.py": module}
            )

        services = [Worker(config=CONFIGS[name]) for name in ("cache", "state")]
        here = Plan(workers=(gateway(HERE), *services), state=folder / "here", registry=registry)
        there = Plan(workers=(gateway(THERE),), state=folder / "there", registry=registry)
        with LocalRuntime(here) as first, LocalRuntime(there) as second:
            yield Pair(origin, first, second)
        origin.let_go.set()
        origin.shutdown()


def _compiled(folder: Path, port: int) -> Path:
    table = folder / "routes.yaml"
    text = _TABLE.format(host=HOST, port=port, wait=WAIT, lease=LEASE)
    table.write_text(text, encoding="utf-8")
    module = folder / "compiled_routes.py"
    write_module(table, module)
    return module


class Clients:
    """Some that ask for the same at once, and when each was answered."""

    def __init__(self, runtime: LocalRuntime, gateway: str, path: str, number: int) -> None:
        self._pool = ThreadPoolExecutor(number)
        self._url = runtime.url(gateway)
        self._asked: list[Future[tuple[httpx.Response, float]]] = [
            self._pool.submit(self._ask, path) for _ in range(number)
        ]

    def _ask(self, path: str) -> tuple[httpx.Response, float]:
        with Consumer(self._url, HOST_FIELD) as consumer:
            return consumer.get(path), time.monotonic()

    def answers(self) -> list[tuple[httpx.Response, float]]:
        found = [one.result() for one in self._asked]
        self._pool.shutdown()
        return found


def told(answers: list[tuple[httpx.Response, float]]) -> set[tuple[int, str]]:
    return {(answer.status_code, answer.text) for answer, _ in answers}


def collapsed(answers: list[tuple[httpx.Response, float]]) -> int:
    return sum("collapsed" in answer.headers["cache-status"] for answer, _ in answers)


def test_the_objects_are_shared_between_processes(pair: Pair) -> None:
    """Else the others would show nothing."""
    path = f"/led/{unique('shared')}"
    leads = Clients(pair.there, THERE, path, 1)
    eventually(lambda: path in pair.origin.asked)
    others = Clients(pair.here, HERE, path, 5)
    pair.origin.let_go.set()
    assert told(leads.answers()) == told(others.answers()) == {(200, "answered")}
    assert len(pair.origin.asked[path]) == 1
    pair.origin.let_go.clear()


def test_the_next_one_leads_when_the_process_of_the_one_that_does_is_killed(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/led/{unique('killed')}"
    with ThreadPoolExecutor(1) as pool:
        leads = pool.submit(_ask_once, pair.there.url(THERE), path)
        eventually(lambda: path in pair.origin.asked)
        others = Clients(pair.here, HERE, path, CLIENTS)
        pair.there.kill_workerd()
        killed = time.monotonic()
        assert leads.result() is None
    answers = others.answers()
    assert told(answers) == {(200, "answered")}
    first, *more = pair.origin.asked[path]
    assert len(more) == 1, "one takes over, and nobody else asks"
    assert LEASE - 0.5 <= more[0] - first <= LEASE + PATIENCE
    took = sorted(at - killed for _, at in answers)
    assert took[-1] <= LEASE + PATIENCE
    # Who came only after the answer was stored has a hit, and nothing to wait for.
    assert collapsed(answers) > 0
    with capsys.disabled():
        print(
            f"\nthe process of who leads was killed: the next one asked the service"
            f" {more[0] - first:.2f} s after it (lease {LEASE:g} s); {CLIENTS} clients were"
            f" answered {took[0]:.2f} to {took[-1]:.2f} s after the kill,"
            f" {collapsed(answers)} from the store"
        )
    pair.there.wait_ready()


def test_who_waits_in_an_object_whose_process_is_killed_goes_to_the_service(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"/led/{unique('lost')}"
    leads = Clients(pair.there, THERE, path, 1)
    eventually(lambda: path in pair.origin.asked)
    others = Clients(pair.there, THERE, path, CLIENTS)
    pair.here.kill_workerd()
    killed = time.monotonic()
    answers = others.answers()
    assert told(answers) == {(200, "answered")}
    took = sorted(at - killed for _, at in answers)
    assert took[-1] <= PATIENCE, "nobody waits for an object that is gone"
    pair.origin.let_go.set()
    assert told(leads.answers()) == {(200, "answered")}
    asked = len(pair.origin.asked[path])
    with capsys.disabled():
        print(
            f"\nthe process of the object was killed: {CLIENTS} clients were answered"
            f" {took[0]:.2f} to {took[-1]:.2f} s after that, with {asked} calls to the service"
        )
    pair.origin.let_go.clear()
    # It is back, and so is one fetch for all.
    pair.here.wait_ready()
    again = f"/led/{unique('back')}"

    def is_shared() -> bool:
        path = f"{again}-{time.monotonic()}"
        leads = Clients(pair.there, THERE, path, 1)
        eventually(lambda: path in pair.origin.asked)
        others = Clients(pair.here, HERE, path, 5)
        pair.origin.let_go.set()
        others.answers()
        leads.answers()
        pair.origin.let_go.clear()
        return len(pair.origin.asked[path]) == 1

    eventually(is_shared, timeout=60)


def _ask_once(url: str, path: str) -> httpx.Response | None:
    """None where the connection broke off."""
    with Consumer(url, HOST_FIELD) as consumer:
        try:
            return consumer.get(path)
        except httpx.TransportError:
            return None
