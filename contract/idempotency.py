"""Messages between the gateway and an `Idempotency` object. One object is for one idempotency key
of one caller; what they mean is in `contract.keyed_request`."""

from enum import StrEnum
from typing import Protocol

import msgspec


class Standing(StrEnum):
    """How a key stands for somebody who comes with it."""

    BEGUN = "begun"
    """It is new, or free again: the request may be sent, by this attempt alone."""
    RUNNING = "running"
    DONE = "done"
    NOT_KEPT = "not-kept"
    """The service answered, and of the answer only the status is known."""
    IN_DOUBT = "in-doubt"
    """The request may have been sent, and nobody knows what came of it."""
    OTHER = "other"
    """The key belongs to a request that is not the same."""


class End(StrEnum):
    """What came of an attempt."""

    ANSWERED = "answered"
    UNSENT = "unsent"
    """No service has got anything of it."""
    IN_DOUBT = "in-doubt"


class KeptAnswer(msgspec.Struct, frozen=True):
    """An answer as it can be given again; the body has no content coding."""

    status: int
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class BeginRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask to carry out a request. Times are in seconds from now: within `lease` its end is
    expected, and after `ttl` the key is forgotten. `attempt` is a name that no other attempt has.
    """

    attempt: str
    fingerprint: str
    lease: float
    ttl: float


class BeginAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the key stands. `wait` is what is left of the lease where it is running, in seconds;
    `status` that of an answer that was not kept."""

    standing: Standing
    wait: float = 0.0
    status: int = 0
    answer: KeptAnswer | None = None


class EndRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tell what came of `attempt`. An answer without `answer` has its `status` kept alone."""

    attempt: str
    end: End
    status: int = 0
    answer: KeptAnswer | None = None


class EndAnswer(msgspec.Struct, frozen=True):
    """Whether it counts: not where the key was forgotten meanwhile."""

    recorded: bool


class KeyStatus(msgspec.Struct, frozen=True):
    """For people and tests: whether anything is kept of the key."""

    stored: bool


class IdempotencyRpc(Protocol):
    """The RPC methods of an `Idempotency` object."""

    def begin(self, request: str) -> str: ...

    def end(self, request: str) -> str: ...

    def status(self) -> str: ...

    def ping(self) -> str: ...
