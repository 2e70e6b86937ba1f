"""The Workers of a run, in one workerd: the gateway with its services, its floor, its peer.

The service under test is always the JavaScript upstream, under the name of the gateway's DATA
binding, so that the time measured is the gateway's. Each Worker has an address of its own.
"""

import base64
import json
import secrets
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import jwt
from msgspec.structs import replace

from bench.targets import BARE, DISTANCE, FAR, FLOOR, HONO, HONO_FAR, LOOKING, UPSTREAM
from runtime.host_signatures import generate
from runtime.local import LocalRuntime
from runtime.plan import Plan, Worker
from runtime.project import CONFIGS, gateway_worker
from runtime.toolchain import BUILT

_HERE: Final = Path(__file__).parent
_COUNTER: Final = "bench-counting"
_LIFETIME: Final = 3600


class Running(NamedTuple):
    """Workers that answer: their addresses by name, and a token that gateway and peer accept."""

    urls: Mapping[str, str]
    token: str
    pid: int
    """The process of all of them."""
    state: Path
    """Where they keep what they store, until they are ended."""
    counter: str = _COUNTER


@contextmanager
def running(*, counting: bool) -> Iterator[Running]:
    """Start everything, with the counting tail Worker or without, and end it."""
    key = secrets.token_bytes(32)
    # Beside the project, on the disk that `make dev` writes to, and not in a /tmp made of memory.
    BUILT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILT) as folder:
        state = Path(folder)
        plan = Plan(
            workers=_workers(_base64url(key), counting=counting),
            state=state,
            log=state / "workerd.log",
        )
        with LocalRuntime(plan) as runtime:
            yield Running(runtime.urls, _token(key), runtime.workerd_pid, state)


def _workers(signing_key: str, *, counting: bool) -> tuple[Worker, ...]:
    identity = {"IDENTITY_KEYS": json.dumps({"keys": [generate("EdDSA", id="bench")]})}
    listened = {"streamingTails": [_COUNTER]} if counting else {}
    workers = (
        Worker(name=UPSTREAM, script=_HERE / "upstream" / "worker.mjs"),
        Worker(name=FLOOR, config=_HERE / "floor" / "wrangler.toml", options=listened),
        Worker(name=BARE, config=_HERE / "bare" / "wrangler.toml", options=listened),
        replace(
            gateway_worker(_HERE / "routes.yaml"),
            service_bindings={"DATA": UPSTREAM},
            vars=identity,
            options=listened,
        ),
        replace(
            gateway_worker(_HERE / "routes.yaml", name=LOOKING),
            service_bindings={"DATA": UPSTREAM},
            vars={"TABLES_MAX_AGE": "0s", **identity},
            options=listened,
        ),
        replace(
            gateway_worker(_HERE / "routes.yaml", name=FAR),
            service_bindings={"DATA": UPSTREAM},
            vars=identity,
            options={
                "durableObjects": _bound() | {"RATE_LIMITER": _object("RateLimiter", DISTANCE)},
                **listened,
            },
        ),
        Worker(config=CONFIGS["auth"], vars={"SIGNING_KEYS": _key_set(signing_key)}),
        Worker(config=CONFIGS["cache"]),
        Worker(config=CONFIGS["state"]),
        _peer(HONO, signing_key, {"LIMITER": _object("Limiter")}, listened),
        _peer(HONO_FAR, signing_key, {"LIMITER": _object("Limiter", DISTANCE)}, listened),
        Worker(
            name=DISTANCE,
            script=_HERE / "distance" / "worker.mjs",
            options={
                "durableObjects": {
                    "FAR_RATE_LIMITER": _object("RateLimiter"),
                    "FAR_LIMITER": _object("Limiter"),
                    "RATE_LIMITER": _object("RateLimiter", "edge-gateway-state"),
                    "LIMITER": _object("Limiter", HONO),
                }
            },
        ),
    )
    if not counting:
        return workers
    counter = Worker(
        name=_COUNTER,
        script=_HERE / "counting" / "worker.mjs",
        options={"compatibilityFlags": ["streaming_tail_worker", "experimental"]},
    )
    return (*workers, counter)


def _peer(
    name: str, signing_key: str, objects: Mapping[str, Any], listened: Mapping[str, Any]
) -> Worker:
    return Worker(
        name=name,
        script=_HERE / "peers" / "hono" / "worker.mjs",
        service_bindings={"DATA": UPSTREAM},
        vars={"SIGNING_KEY": signing_key, **_token_names()},
        options={"durableObjects": objects, **listened},
    )


def _bound() -> dict[str, Any]:
    """The objects that the gateway is deployed with, by their bindings."""
    settings = tomllib.loads(CONFIGS["gateway"].read_text(encoding="utf-8"))
    bindings = settings["durable_objects"]["bindings"]
    return {one["name"]: _object(one["class_name"], one["script_name"]) for one in bindings}


def _object(class_name: str, script: str | None = None) -> dict[str, Any]:
    """A class of that Worker, or of the one that is bound to it."""
    elsewhere = {"scriptName": script} if script else {}
    return {"className": class_name, "useSQLite": True, **elsewhere}


def _token_names() -> dict[str, str]:
    """ISSUER and AUDIENCE, as the auth Worker is deployed with."""
    settings = tomllib.loads(CONFIGS["auth"].read_text(encoding="utf-8"))["vars"]
    return {name: settings[name] for name in ("ISSUER", "AUDIENCE")}


def _token(key: bytes) -> str:
    """An access token (RFC 9068) that outlives the run."""
    now = int(time.time())
    names = _token_names()
    claims = {
        "iss": names["ISSUER"],
        "aud": names["AUDIENCE"],
        "sub": "bench",
        "scope": "roadmaps:read",
        "jti": secrets.token_hex(16),
        "iat": now,
        "nbf": now,
        "exp": now + _LIFETIME,
    }
    return jwt.encode(claims, key, algorithm="HS256", headers={"typ": "at+jwt"})


def _key_set(signing_key: str) -> str:
    """The one key as our auth Worker wants it: the peer has no other algorithm than HS256."""
    return json.dumps({"keys": [{"kty": "oct", "kid": "bench", "alg": "HS256", "k": signing_key}]})


def _base64url(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode().rstrip("=")
