"""The plan that the tests in workerd share: the five Workers in development, and the caller."""

import base64
from pathlib import Path
from typing import Final

import msgspec

from runtime.plan import Plan, Worker
from runtime.project import CONFIGS, gateway_worker, service_workers

WORKERS: Final = Path(__file__).parent / "workers"

SIGNING_KEY: Final = base64.urlsafe_b64encode(bytes(range(32))).decode()
DEMO_CLIENT_SECRET: Final = "demo secret"
DEMO_API_KEY: Final = "gk_demo_0123456789abcdefghij"

AUTH: Final = "edge-gateway-auth"
DATA: Final = "edge-gateway-data"
CACHE: Final = "edge-gateway-cache"
STATE: Final = "edge-gateway-state"
KEYLESS: Final = "auth-without-key"
"""The auth Worker as somebody deployed it who forgot its secret."""
CALLER: Final = "caller"

_AUTH_VARS: Final = {
    "ENVIRONMENT": "development",
    "SIGNING_KEY": SIGNING_KEY,
    "DEMO_CLIENT_SECRET": DEMO_CLIENT_SECRET,
    "DEMO_API_KEY": DEMO_API_KEY,
}
_AUTH_DATABASE: Final = "00000000-0000-4000-8000-0000000000a0"


def shared_plan(state: Path) -> Plan:
    """Everything that the tests talk to, with its state in `state`."""
    services = tuple(
        msgspec.structs.replace(worker, vars=_AUTH_VARS)
        if worker.config == CONFIGS["auth"]
        else worker
        for worker in service_workers()
    )
    keyless = Worker(config=CONFIGS["auth"], name=KEYLESS)
    return Plan(workers=(gateway_worker(), *services, keyless, caller()), state=state)


def caller() -> Worker:
    """A JavaScript Worker that is bound to all the others."""
    return Worker(
        script=WORKERS / "caller.mjs",
        name=CALLER,
        service_bindings={"AUTH": AUTH, "DATA": DATA, "CACHE": CACHE, "KEYLESS": KEYLESS},
        options={
            "d1Databases": {"AUTH_DB": _AUTH_DATABASE},
            "durableObjects": {
                name: {"className": class_name, "scriptName": STATE, "useSQLite": True}
                for name, class_name in {
                    "RATE_LIMITER": "RateLimiter",
                    "CIRCUIT_BREAKER": "CircuitBreaker",
                }.items()
            },
        },
    )
