"""The plan that the tests in workerd share: the five Workers in development, and what tests add.

Beside the gateway with the public API's table there are five with the tests' own
(`tests/routes.yaml`): four isolates that share all state, and one whose every dependency is behind
a Worker that can fail.
"""

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from cli.compile_table import write_module
from runtime.host_signatures import generate
from runtime.plan import HOST, Plan, Worker
from runtime.project import CONFIGS, gateway_worker, service_workers
from tests.cases import dispatching
from tests.rotation import STEPS, deployment, secrets_of

TESTS: Final = Path(__file__).parent
WORKERS: Final = TESTS / "workers"
ROUTES: Final = TESTS / "routes.yaml"
THREE_VERSIONS: Final = TESTS.parent / "docs" / "examples" / "three-versions.yaml"

SIGNING_JWK: Final = generate("ES256", id="tests-1")
SIGNING_KEYS: Final = json.dumps({"keys": [SIGNING_JWK]})
IDENTITY_JWK: Final = generate("EdDSA", id="gateway-1")
IDENTITY_KEYS: Final = {"IDENTITY_KEYS": json.dumps({"keys": [IDENTITY_JWK]})}
"""With these a gateway signs who is calling."""
_PUBLIC: Final = {name: value for name, value in IDENTITY_JWK.items() if name != "d"}
IDENTITY_JWKS: Final = {"IDENTITY_JWKS": json.dumps({"keys": [_PUBLIC]})}
"""With these a service verifies it."""
ISSUER: Final = "https://api.test"
DEMO_CLIENT_SECRET: Final = "demo secret"
DEMO_API_KEY: Final = "gk_demo_0123456789abcdefghij"

AUTH: Final = "edge-gateway-auth"
DATA: Final = "edge-gateway-data"
CACHE: Final = "edge-gateway-cache"
STATE: Final = "edge-gateway-state"
KEYLESS: Final = "auth-without-key"
"""The auth Worker as somebody deployed it who forgot its secret."""
CACHE_WITHOUT_KV: Final = "cache-without-kv"
"""The cache Worker with a Worker of `FAULTS` in place of KV."""
CALLER: Final = "caller"
CORE: Final = "core"
JWS: Final = "jws"
"""The auth Worker's signatures alone: tests/workers/jws."""
ORIGIN: Final = "origin"
FOREIGN: Final = "foreign-issuer"
"""Somebody else who issues tokens, and publishes keys: tests/workers/issuer.mjs."""
FOREIGN_ISSUER: Final = "https://login.partner.test"
LABS: Final = ("lab-1", "lab-2", "lab-3", "lab-4")
"""Gateways with the tests' table; to each other they are further isolates of one Worker. Their auth
Worker is behind `SWITCH`."""
SWITCH: Final = "switch"
"""Says which deployment of auth answers: tests/workers/switch.mjs."""
FAULTY: Final = "lab-faulty"
"""The same, with every dependency behind one of `FAULTS`."""

DISPATCHING: Final = "dispatching"
"""A gateway with the table of tests/cases/dispatching.py, and a guard at its door."""
GUARD: Final = 200
"""Requests that it takes of one address in each hour: more than there are cases."""

VERSIONED: Final = "versioned"
"""A gateway with docs/examples/three-versions.yaml."""

FAULTS: Final = {
    "AUTH": "fault-auth",
    "DATA": "fault-data",
    "CACHE": "fault-cache",
    "CACHE_API": "fault-cache-api",
}
"""By the binding that each stands under: tests/workers/fault.mjs. There is none for the Cache API
but at `FAULTY`, whose entry puts that in its place."""
FAULTY_OBJECTS: Final = "fault-state"

PARTNER_SECRETS: Final = {
    "PARTNER_KEY": "partner key 0123456789",
    "PARTNER_PASSWORD": "partner:password",
    "PARTNER_SPARE_KEY": "partner spare key 0123456789",
}
"""What services are shown (`credentials`); the last of `LABS` lacks the last of them."""
STORED_SECRET: Final = "stored secret 0123456789"
"""What tests/workers/fault.mjs gives where it stands for a binding of a Secrets Store."""

_DEVELOPMENT: Final = {
    "ENVIRONMENT": "development",
    "ISSUER": ISSUER,
    "SIGNING_KEYS": SIGNING_KEYS,
    "DEMO_CLIENT_SECRET": DEMO_CLIENT_SECRET,
    "DEMO_API_KEY": DEMO_API_KEY,
    **IDENTITY_JWKS,
}
_AUTH_DATABASE: Final = "00000000-0000-4000-8000-0000000000a0"
_DATA_DATABASE: Final = "00000000-0000-4000-8000-0000000000da"
_OBJECTS: Final = {"RATE_LIMITER": "RateLimiter", "CIRCUIT_BREAKER": "CircuitBreaker"}
_FEED: Final = {"CHANGE_FEED": "ChangeFeed"}
_LEASES: Final = {"CACHE_LEASE": "CacheLease"}
_DIRECTORY: Final = {"BREAKER_DIRECTORY": "BreakerDirectory"}
_AUDIT: Final = {"AUDIT_LOG": "AuditLog"}
_KEYS: Final = {"IDEMPOTENCY": "Idempotency"}

ADMIN_HOST: Final = "admin.localhost"
"""On which the gateways answer operators, at the port of each."""
_STAGING: Final = {"ENVIRONMENT": "staging"}
"""Where faults can be injected, as in the last of `LABS`."""
_OPERATED: Final = {"ADMIN_HOST": ADMIN_HOST}


def project_workers(foreign: str = "") -> tuple[Worker, ...]:
    """The five Workers, set up for development; with the foreign issuer at that address."""
    variables: Mapping[Path | None, Mapping[str, str]] = {
        CONFIGS["auth"]: _DEVELOPMENT | _issuers(foreign),
        CONFIGS["data"]: IDENTITY_JWKS,
        CONFIGS["state"]: {"LIMITER_SHORTEST_IDLE": "1"},
    }
    return (
        msgspec.structs.replace(gateway_worker(), vars=_OPERATED | IDENTITY_KEYS),
        *(
            msgspec.structs.replace(worker, vars=variables.get(worker.config, {}))
            for worker in service_workers()
        ),
    )


def signing(gateway: Worker) -> Worker:
    """This gateway with the keys by which services know who is calling."""
    return msgspec.structs.replace(gateway, vars={**gateway.vars, **IDENTITY_KEYS})


def shared_plan(state: Path) -> Plan:
    """Everything that the tests talk to, with its state in `state`."""
    port, issuer_port = _free_port(), _free_port()
    table = {"compiled_routes.py": _compiled(state, f"{HOST}:{port}")}
    config = CONFIGS["gateway"]
    bound = {"ORIGIN": ORIGIN, "STORED_KEY": FAULTS["DATA"]}
    switched = {**bound, "AUTH": SWITCH}
    bare = {name: value for name, value in PARTNER_SECRETS.items() if name != "PARTNER_SPARE_KEY"}
    bare |= _STAGING
    labs = [
        Worker(
            config=config,
            name=name,
            modules=table,
            service_bindings=switched,
            vars=_OPERATED | IDENTITY_KEYS | (bare if name == LABS[-1] else PARTNER_SECRETS),
        )
        for name in LABS
    ]
    faulty = Worker(
        config=config,
        name=FAULTY,
        modules={
            **table,
            "worker.py": WORKERS / "faulty_cache_api" / "worker.py",
            "gateway_worker.py": config.parent / "gateway" / "worker.py",
        },
        vars=PARTNER_SECRETS | _OPERATED,
        service_bindings={**bound, **FAULTS},
        options={
            "durableObjects": {
                **objects_of(FAULTY_OBJECTS, {**_OBJECTS, **_AUDIT, **_LEASES, **_KEYS}),
                **objects_of(STATE, {**_FEED, **_DIRECTORY}),
            }
        },
    )
    workers = (
        *project_workers(f"http://{HOST}:{issuer_port}"),
        *labs,
        *rotation_workers(f"http://{HOST}:{issuer_port}"),
        signing(faulty),
        signing(gateway_worker(THREE_VERSIONS, name=VERSIONED)),
        Worker(
            config=config,
            name=DISPATCHING,
            modules={"compiled_routes.py": _compiled_cases(state)},
            service_bindings=bound,
            vars=IDENTITY_KEYS,
        ),
        *fault_workers(),
        Worker(script=WORKERS / "origin.mjs", name=ORIGIN, port=port),
        Worker(script=WORKERS / "issuer.mjs", name=FOREIGN, port=issuer_port),
        Worker(config=CONFIGS["auth"], name=KEYLESS),
        Worker(
            config=CONFIGS["cache"],
            name=CACHE_WITHOUT_KV,
            service_bindings={"CACHE_KV": FAULTS["DATA"]},
            options={"kvNamespaces": {}},
        ),
        caller(),
        core_worker(),
        jws_worker(),
    )
    return Plan(workers=workers, state=state)


def rotation_workers(foreign: str) -> tuple[Worker, ...]:
    """The auth Worker with each secret of a rotation, and what says which of them answers."""
    settings = _DEVELOPMENT | _issuers(foreign)
    secrets = secrets_of(SIGNING_KEYS)
    deployments = (
        Worker(
            config=CONFIGS["auth"],
            name=deployment(step),
            vars={**settings, "SIGNING_KEYS": secrets[step]},
        )
        for step in STEPS
    )
    bindings = {"AUTH": AUTH} | {step: deployment(step) for step in STEPS}
    switch = Worker(script=WORKERS / "switch.mjs", name=SWITCH, service_bindings=bindings)
    return (*deployments, switch)


def _issuers(foreign: str) -> dict[str, str]:
    return {"TRUSTED_ISSUERS": _trusted(foreign)} if foreign else {}


def _trusted(foreign: str) -> str:
    issuer = {
        "name": "partner",
        "issuer": FOREIGN_ISSUER,
        "audience": "public-api",
        "keys": f"{foreign}/keys",
        "scopes": ["roadmaps:read"],
        "roles_claim": "groups",
        "roles": {"their-editors": "editor"},
        "claims": ["plan"],
    }
    return json.dumps([issuer])


def caller() -> Worker:
    """A JavaScript Worker that is bound to all the others."""
    return Worker(
        script=WORKERS / "caller.mjs",
        name=CALLER,
        service_bindings={"AUTH": AUTH, "DATA": DATA, "CACHE": CACHE, "KEYLESS": KEYLESS},
        options={
            "d1Databases": {"AUTH_DB": _AUTH_DATABASE, "DATA_DB": _DATA_DATABASE},
            "durableObjects": objects_of(
                STATE, {**_OBJECTS, **_FEED, **_AUDIT, **_DIRECTORY, **_LEASES, **_KEYS}
            ),
        },
    )


def fault_workers() -> tuple[Worker, ...]:
    """The Workers that fail when they are told to, and otherwise pass on to the real ones."""
    script = WORKERS / "fault.mjs"
    real = {"AUTH": AUTH, "DATA": DATA, "CACHE": CACHE}
    own = {
        f"FAULTY_{name}": {"className": class_name, "useSQLite": True}
        for name, class_name in {**_OBJECTS, **_AUDIT, **_LEASES, **_KEYS}.items()
    }
    objects = {
        "durableObjects": {**own, **objects_of(STATE, {**_OBJECTS, **_AUDIT, **_LEASES, **_KEYS})}
    }
    return (
        *(
            Worker(
                script=script,
                name=fault,
                service_bindings={"TARGET": real[binding]} if binding in real else {},
            )
            for binding, fault in FAULTS.items()
        ),
        Worker(script=script, name=FAULTY_OBJECTS, options=objects),
    )


def core_worker() -> Worker:
    """A Python Worker that has the gateway's pure modules beside its own, and the tests' cases."""
    gateway = CONFIGS["gateway"].parent / "gateway"
    impure = {gateway / "worker.py", gateway / "compiled_routes.py", *(gateway / "edge").iterdir()}
    pure = [path for path in gateway.rglob("*.py") if path not in impure]
    cases = [TESTS / "__init__.py", *(TESTS / "cases").rglob("*.py")]
    return Worker(
        config=WORKERS / "core" / "wrangler.toml",
        name=CORE,
        modules={
            **{path.relative_to(gateway).as_posix(): path for path in pure},
            **{path.relative_to(TESTS.parent).as_posix(): path for path in cases},
        },
    )


def jws_worker() -> Worker:
    """A Python Worker that has the auth Worker's module for claims beside its own."""
    auth = CONFIGS["auth"].parent / "src"
    paths = [auth / "identity" / f"{name}.py" for name in ("__init__", "claims")]
    cases = [TESTS / "__init__.py", TESTS / "cases" / "__init__.py", TESTS / "cases" / "judging.py"]
    return Worker(
        config=WORKERS / "jws" / "wrangler.toml",
        name=JWS,
        modules={
            **{path.relative_to(auth).as_posix(): path for path in paths},
            **{path.relative_to(TESTS.parent).as_posix(): path for path in cases},
        },
    )


def objects_of(worker: str, classes: Mapping[str, str] = _OBJECTS) -> dict[str, Any]:
    """Miniflare's option that binds object classes of `worker`: by default limiter and breaker."""
    return {
        name: {"className": class_name, "scriptName": worker, "useSQLite": True}
        for name, class_name in classes.items()
    }


def _compiled(folder: Path, origin: str) -> Path:
    """The tests' table as a module in `folder`, for an origin at this host and port."""
    table = folder / "routes.yaml"
    text = ROUTES.read_text(encoding="utf-8").replace("origin.invalid", origin)
    table.write_text(text, encoding="utf-8")
    module = folder / "compiled_routes.py"
    write_module(table, module, environment="test")
    return module


def _compiled_cases(folder: Path) -> Path:
    """The table of the cases of dispatching, with a guard; JSON is YAML as well."""
    table = folder / "dispatching.yaml"
    guarded = {**dispatching.TABLE, "address_guard": {"quota": GUARD, "window": "1h"}}
    table.write_bytes(msgspec.json.encode(guarded))
    module = folder / "dispatching" / "compiled_routes.py"
    module.parent.mkdir(exist_ok=True)
    write_module(table, module)
    return module


def _free_port() -> int:
    """A port for the origin, which the table has to name before anything runs."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
