"""What the tests of publishing share: isolates that follow one feed, tables that leave their mark
in several parts of an answer, and somebody who publishes."""

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from cli.compile_table import compile_table, write_module
from contract.identity import gateway_name
from runtime.local import LocalRuntime
from runtime.plan import Plan, Worker
from runtime.project import CONFIGS
from tests.consumer import Operator
from tests.plan import (
    ADMIN_HOST,
    AUTH,
    IDENTITY_KEYS,
    ORIGIN,
    STATE,
    WORKERS,
    caller,
    objects_of,
    project_workers,
)

EDGES: Final = ("edge-1", "edge-2", "edge-3", "edge-4")
"""Isolates of one gateway."""
UNREACHED: Final = "edge-unreached"
"""The same, with the feed, the audit log and the auth Worker behind Workers that can fail. What the
auth Worker tells the feed goes the same way."""
UNBOUND: Final = "edge-unbound"
"""A deployment without feed and archive, and without keys to sign with who is calling."""
NEWER: Final = "edge-newer"
"""The same gateway, deployed later with another table built in."""
FAULT: Final = "fault-feed"
FAULT_AUTH: Final = "fault-auth"

MAX_AGE: Final = 2.0
"""T of all of these, in seconds."""
DEADLINE: Final = 0.3
"""Seconds that a look for another table may take at the isolate whose feed fails."""
PATIENCE: Final = 5.0
"""Seconds that a look for another table may take elsewhere: on a busy machine it still decides what
answers, and not how quick the feed is."""
BUILT_IN: Final = "built-in"

_NONE: Final[Mapping[str, str]] = {}

_TABLE: Final = """\
versions: {{ default: v1, supported: {{ v1: {{}} }} }}
services:
  origin: {{ binding: DATA, timeout: 30s }}
  breaks:
    binding: DATA
    circuit_breaker: {{ minimum_calls: 5, wait_open: 1h, wait_jitter: 0 }}
transforms:
  marked:
    request:
      headers: [{{ op: set, name: X-Sent-By, value: {marker} }}]
    response:
      headers: [{{ op: set, name: X-Marker, value: {marker} }}]
      json: [{{ op: set, path: /marker, value: {marker} }}]
rate_limits:
  writing: {{ quota: 100000, window: 1m, by: address }}
  kept: {{ quota: 60000, window: 1h, by: route, timeout: 20s, renewal_timeout: 20s }}
routes:
  - name: {marker}
    path: /marked
    methods: [GET]
    versions: [v1]
    service: origin
    upstream_path: /by/{marker}
    access: public
    transform: marked
  - {{ name: breaks, path: /breaks, methods: [GET], service: breaks, access: public }}
  - name: kept
    path: /kept
    methods: [GET]
    respond: {{ status: 204 }}
    access: public
    rate_limit: kept
  - name: private
    path: /private
    methods: [GET]
    versions: [v1]
    service: origin
    access: {{ session: true }}
  - name: stored
    path: /stored/{{id}}
    methods: [GET]
    versions: [v1]
    service: origin
    access: public
    cache: {{ ttl: 10m, tiers: [memory, edge, global], tags: ["stored:{{id}}", everything] }}
  - name: stored-in-memory
    path: /in-memory/{{id}}
    methods: [GET]
    versions: [v1]
    service: origin
    access: public
    cache: {{ ttl: 10m, tiers: [memory], tags: ["stored:{{id}}"] }}
  - name: stored-near
    path: /near/{{id}}
    methods: [GET]
    versions: [v1]
    service: origin
    access: public
    cache: {{ ttl: 10m, tiers: [edge], tags: ["stored:{{id}}"] }}
  - name: stored-far
    path: /far/{{id}}
    methods: [GET]
    versions: [v1]
    service: origin
    access: public
    cache: {{ ttl: 10m, tiers: [global], tags: ["stored:{{id}}"] }}
  - name: changed
    path: /stored/{{id}}
    methods: [PATCH]
    versions: [v1]
    service: origin
    access: public
    rate_limit: writing
  - name: changed-elsewhere
    path: /elsewhere/{{id}}
    methods: [POST]
    versions: [v1]
    service: origin
    access: public
    rate_limit: writing
    purge: ["stored:{{id}}"]
"""


def write_table(folder: Path, marker: str) -> Path:
    """A table whose answers carry `marker` in a header field, in their body and in what the service
    was asked, by its path and in a header field."""
    path = folder / f"{marker}.yaml"
    path.write_text(_TABLE.format(marker=marker), encoding="utf-8")
    return path


def compiled(folder: Path, marker: str) -> tuple[str, bytes]:
    """The id and the document of such a table."""
    document = compile_table(write_table(folder, marker))
    return hashlib.sha256(document).hexdigest(), document


def publishing_plan(state: Path) -> Plan:
    """The Workers that these tests talk to."""
    settings = {
        "ENVIRONMENT": "development",
        "ADMIN_HOST": ADMIN_HOST,
        "TABLES_MAX_AGE": f"{MAX_AGE:g}s",
        "TABLES_DEADLINE": f"{PATIENCE:g}s",
    }
    impatient = {"TABLES_DEADLINE": f"{DEADLINE * 1000:g}ms"}

    def edge(
        name: str,
        marker: str = BUILT_IN,
        bindings: Mapping[str, str] = _NONE,
        more: Mapping[str, str] = _NONE,
        **options: Any,
    ) -> Worker:
        module = state / f"compiled_{marker}.py"
        write_module(write_table(state, marker), module)
        return Worker(
            config=CONFIGS["gateway"],
            name=name,
            vars={**settings, **IDENTITY_KEYS, **more},
            modules={"compiled_routes.py": module},
            service_bindings={"DATA": ORIGIN, **bindings},
            options=options,
        )

    feed, audit = {"CHANGE_FEED": "ChangeFeed"}, {"AUDIT_LOG": "AuditLog"}
    fault = Worker(
        script=WORKERS / "fault.mjs",
        name=FAULT,
        options={
            "durableObjects": {
                "FAULTY_FEED": {"className": "ChangeFeed", "useSQLite": True},
                "FAULTY_AUDIT": {"className": "AuditLog", "useSQLite": True},
                **objects_of(STATE, {**feed, **audit}),
            }
        },
    )
    unbound = {**objects_of(STATE), **objects_of(STATE, audit)}
    unreached = {**objects_of(STATE), **objects_of(FAULT, {**feed, **audit})}
    calling = caller()
    calling = msgspec.structs.replace(
        calling,
        service_bindings={},
        options={
            "d1Databases": calling.options["d1Databases"],
            "durableObjects": objects_of(STATE, {**feed, "RATE_LIMITER": "RateLimiter"}),
            "kvNamespaces": {
                "TABLES": "0000000000000000000000000007ab1e",
                "CACHE_KV": "0000000000000000000000000000ca4e",
            },
        },
    )
    # All in one environment: services take the word of its gateway alone.
    environment = settings["ENVIRONMENT"]
    in_development = {"ENVIRONMENT": environment, "IDENTITY_ISSUER": gateway_name(environment)}
    workers = (
        *(
            msgspec.structs.replace(
                worker,
                options={"durableObjects": objects_of(FAULT, feed)}
                if worker.config == CONFIGS["auth"]
                else worker.options,
                vars={**worker.vars, **in_development},
            )
            for worker in project_workers()
        ),
        *(edge(name) for name in EDGES),
        edge(UNREACHED, bindings={"AUTH": FAULT_AUTH}, more=impatient, durableObjects=unreached),
        msgspec.structs.replace(
            edge(UNBOUND, durableObjects=unbound, kvNamespaces={}), vars=settings
        ),
        edge(NEWER, "newer"),
        fault,
        Worker(script=WORKERS / "fault.mjs", name=FAULT_AUTH, service_bindings={"TARGET": AUTH}),
        calling,
        Worker(script=WORKERS / "origin.mjs", name=ORIGIN),
    )
    return Plan(workers=workers, state=state)


def marks(response: httpx.Response) -> set[str]:
    """The marks in all parts of an answer of `/marked`."""
    body = response.json()
    return {
        response.headers["x-marker"],
        body["marker"],
        body["headers"]["x-sent-by"],
        body["path"].removeprefix("/by/"),
    }


class Publisher:
    """Somebody with a token that allows to publish, at one of the isolates."""

    def __init__(self, runtime: LocalRuntime, edge: str = EDGES[0], author: str = "ada") -> None:
        self.client = Operator(runtime.url(edge), "gateway:publish", subject=author)
        self.author = author

    def status(self) -> Any:
        response = self.client.get("/-/tables")
        assert response.status_code == 200, response.text
        return response.json()

    @property
    def sequence(self) -> int:
        pointer = self.status()["pointer"]
        return int(pointer["sequence"]) if pointer else 0

    def put(self, id: str, document: bytes) -> httpx.Response:
        return self.client.put(f"/-/tables/{id}", content=document)

    def move(self, current: str, expected: int | None = None, **more: Any) -> httpx.Response:
        """Have the pointer moved, as one who has seen `expected`, by default what stands."""
        seen = self.sequence if expected is None else expected
        body = {"expected": seen, "current": current, "author": self.author, **more}
        return self.client.post("/-/tables/pointer", json=body)

    def publish(self, id: str, document: bytes, **more: Any) -> float:
        """Put and point at it; the Unix time at which that was accepted."""
        stored = self.put(id, document)
        assert stored.status_code == 201, stored.text
        moved = self.move(id, **more)
        assert moved.status_code == 201, moved.text
        return time.time()

    def close(self) -> None:
        self.client.close()
