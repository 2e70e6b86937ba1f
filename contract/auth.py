"""Messages between the gateway and the auth Worker."""

from enum import StrEnum
from typing import Any, Final, Protocol

import msgspec

API_KEY_PREFIX: Final = "gk_"
"""What an API key begins with; any other bearer credential is a token."""


class CredentialKind(StrEnum):
    """How a caller identified itself."""

    TOKEN = "token"  # noqa: S105
    API_KEY = "api_key"
    SESSION = "session"


class Principal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A verified caller. Times are Unix seconds; `expires_at` bounds every use of this value."""

    subject: str
    kind: CredentialKind
    scopes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    """Names of roles of the gateway's table, which says what permissions they give."""
    claims: dict[str, Any] = msgspec.field(default_factory=dict)
    """Further claims that routes may set conditions on."""
    issued_at: int = 0
    expires_at: int = 0
    credential_id: str = ""
    family: str = ""
    """What it is revoked together with: the claim `sid` of a person's tokens."""


class VerifyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Ask whether `credential` is good: as it came after `Bearer`, or as the cookie of a session.

    Where it came from decides what it can be, so that none is good in the place of another.
    """

    credential: str
    session: bool = False


class VerifyResponse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A principal, or the reason why there is none (a sentence without secrets)."""

    principal: Principal | None = None
    reason: str = ""


class AuthRpc(Protocol):
    """The RPC methods of the auth Worker. Arguments and results are JSON of the Structs above."""

    async def verify(self, request: str) -> str: ...

    async def ping(self) -> str: ...
