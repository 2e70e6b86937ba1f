"""What is measured: which Worker, which path, with a token or not, and what has to come back."""

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from runtime.project import GATEWAY

UPSTREAM: Final = "bench-upstream"
FLOOR: Final = "bench-floor"
BARE: Final = "bench-bare"
LOOKING: Final = "bench-looking"
"""The gateway, looking for another table before each answer: what one look costs."""
HONO: Final = "bench-hono"
DISTANCE: Final = "bench-distance"
FAR: Final = "bench-far"
"""The gateway, whose limiter objects are 10 ms away."""
HONO_FAR: Final = "bench-hono-far"
"""The peer, likewise."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table. What has to come back is checked before anything is timed."""

    name: str
    worker: str
    path: str
    token: bool = False
    fields: tuple[str, ...] = ()
    """Header fields that the answer must have."""
    members: tuple[str, ...] = ("title", "milestones")
    """Members that the JSON answer must have."""
    counted: int = 20
    """Requests whose calls are counted; more where only some make any."""
    peer: str | None = None
    """The target that does the same by other means."""


def _routes(worker: str, name: str, peer: str | None = None) -> list[Target]:
    """The routes of routes.yaml at `worker`."""
    base = ("x-request-id",)
    limit = (*base, "ratelimit", "ratelimit-policy")
    lifecycle = (*limit, "deprecation", "sunset", "link")
    v1 = ("name", "owner_id", "milestones")
    targets = [
        Target(name="public", worker=worker, path="/v2/open/rm_1", fields=base),
        Target(
            name="authenticated",
            worker=worker,
            path="/v2/authenticated/rm_1",
            token=True,
            fields=base,
        ),
        Target(name="auth+limit", worker=worker, path="/v2/limited/rm_1", token=True, fields=limit),
        Target(
            name="auth+limit+transform",
            worker=worker,
            path="/v1/limited/rm_1",
            token=True,
            fields=lifecycle,
            members=v1,
        ),
        Target(
            name="cache-hit",
            worker=worker,
            path="/v2/cacheable/rm_1",
            fields=(*base, "age", "cache-status"),
        ),
    ]
    return [
        replace(
            target, name=f"{name}/{target.name}", peer=f"{peer}/{target.name}" if peer else None
        )
        for target in targets
    ]


TARGETS: Final = (
    Target(name="js", worker=UPSTREAM, path="/v2/open/rm_1"),
    Target(name="floor", worker=FLOOR, path="/v2/open/rm_1"),
    Target(name="bare", worker=BARE, path="/v2/open/rm_1", fields=("x-request-id",)),
    *_routes(GATEWAY, "gateway", peer="hono"),
    Target(
        name="gateway/public+look",
        worker=LOOKING,
        path="/v2/open/rm_1",
        fields=("x-request-id",),
    ),
    *_routes(HONO, "hono"),
    # Beside the peer's hit, which is one of the Cache API.
    Target(
        name="gateway/memory-hit",
        worker=GATEWAY,
        path="/v2/remembered/rm_1",
        fields=("x-request-id", "age", "cache-status"),
        peer="hono/cache-hit",
    ),
    # Permits come in leases: how many calls that takes is in the table of calls.
    Target(
        name="gateway/auth+leased",
        worker=GATEWAY,
        path="/v2/leased/rm_1",
        token=True,
        fields=("x-request-id", "ratelimit", "ratelimit-policy"),
        peer="gateway/auth+limit",
        counted=200,
    ),
    *(
        Target(
            name=f"{name}+10ms",
            worker=worker,
            path=path,
            token=True,
            fields=("x-request-id", "ratelimit", "ratelimit-policy"),
            peer=peer,
            counted=200,
        )
        for name, worker, path, peer in (
            ("gateway/auth+leased", FAR, "/v2/leased/rm_1", "hono/auth+limit+10ms"),
            ("gateway/auth+limit", FAR, "/v2/limited/rm_1", "hono/auth+limit+10ms"),
            ("hono/auth+limit", HONO_FAR, "/v2/limited/rm_1", None),
        )
    ),
    # The answer of 1 kB is read and checked; otherwise the same as gateway/public.
    Target(
        name="gateway/validated",
        worker=GATEWAY,
        path="/v2/validated/rm_1",
        fields=("x-request-id",),
        peer="gateway/public",
    ),
)


def headers_for(target: Target, token: str) -> Mapping[str, str]:
    """The request's header fields."""
    return {"Authorization": f"Bearer {token}"} if target.token else {}
