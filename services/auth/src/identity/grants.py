"""What a caller is beyond its scopes: roles, and further claims such as a plan or a tenant.

They come from the database or from a token, and go into tokens and to the gateway. All of it is
bounded here; what does not fit is refused and never left out, since a claim that is missing can be
worth as much as one that is there.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta

from contract.jose.strict_json import decode_object

MAX_ROLES: Final = 16
MAX_CLAIMS: Final = 16
MAX_VALUES: Final = 16
"""Of one claim that is a list."""
MAX_BYTES: Final = 1024
"""Of all further claims together, as JSON."""

RESERVED: Final = frozenset(
    {
        *("iss", "aud", "sub", "exp", "nbf", "iat", "jti", "sid", "client_id", "scope", "scp"),
        *("roles", "kind", "azp", "act", "cnf", "nonce", "auth_time", "acr", "amr"),
    }
)
"""Claims that mean something of their own: no further claim has one of these names."""

Role = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
ClaimName = Annotated[str, Meta(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]{1,128}$")]
Text = Annotated[str, Meta(max_length=256)]
Integer = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
Value = Text | Integer | bool
Claims = Annotated[
    dict[ClaimName, Value | Annotated[list[Value], Meta(max_length=MAX_VALUES)]],
    Meta(max_length=MAX_CLAIMS),
]
Roles = Annotated[tuple[Role, ...], Meta(max_length=MAX_ROLES)]


class InvalidGrants(ValueError):
    """Roles or claims that are too many, too large, or of another kind. The text says which."""


class Grants(NamedTuple):
    """Names of roles of the gateway's table; and claims by name: texts, integers, true and false,
    and lists of them."""

    roles: tuple[str, ...] = ()
    claims: Mapping[str, Any] = {}


NONE: Final = Grants()


def checked(roles: Iterable[Any], claims: Mapping[str, Any]) -> Grants:
    """Raises `InvalidGrants`."""
    try:
        once = tuple(dict.fromkeys(msgspec.convert(tuple(roles), Roles)))
        known: dict[str, Any] = msgspec.convert(dict(claims), Claims)
    except (msgspec.ValidationError, TypeError) as error:
        raise InvalidGrants(f"Roles or claims are not usable: {error}.") from None
    reserved = RESERVED.intersection(known)
    if reserved:
        raise InvalidGrants(f"A further claim cannot be called {', '.join(sorted(reserved))}.")
    if len(msgspec.json.encode(known)) > MAX_BYTES:
        raise InvalidGrants(f"Further claims have at most {MAX_BYTES} bytes together.")
    return Grants(once, known)


def stored(roles: str, claims: str) -> Grants:
    """From two columns: roles separated by spaces, and a JSON object. Raises `InvalidGrants`."""
    if not roles and claims == "{}":
        return NONE
    try:
        return checked(roles.split(), decode_object(claims.encode()))
    except InvalidGrants:
        raise
    except (ValueError, RecursionError) as error:
        raise InvalidGrants(f"Stored claims are not usable: {error}.") from None


def of_own_token(payload: bytes) -> Grants:
    """What a token of ours says: all that we put in. Raises `InvalidGrants`."""
    members = decode_object(payload)
    further = {name: value for name, value in members.items() if name not in RESERVED}
    return checked(_listed(members.get("roles")), further)


def of_foreign_token(
    payload: bytes, *, claims: Collection[str], roles_claim: str, roles: Mapping[str, str]
) -> Grants:
    """What a token of somebody else's may say: those of `claims` that it has, and of the roles in
    `roles_claim` those that `roles` knows, under the name that we have for them.

    Raises `InvalidGrants`.
    """
    if not claims and not roles:
        return NONE
    members = decode_object(payload)
    ours = [
        roles[role]
        for role in _listed(members.get(roles_claim))
        if isinstance(role, str) and role in roles
    ]
    return checked(
        dict.fromkeys(ours),
        {name: members[name] for name in claims if members.get(name) is not None},
    )


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
