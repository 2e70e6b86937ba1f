"""Authorize: what a verified caller has to be, beyond the scopes that authenticate asks for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from contract.auth import Principal
from contract.problems import ACCESS_DENIED, INSUFFICIENT_SCOPE, INTERNAL_ERROR, Problem
from messages import Exchange, Response
from pipeline import Next
from routing.conditions import Condition
from routing.table import AccessSettings, RoleSettings

_MAX_TEXTS: Final = 64
"""Values of a claim that are looked at."""


class Roles:
    """The permissions of each role, those that it inherits among them."""

    def __init__(self, roles: Mapping[str, RoleSettings]) -> None:
        self._granted = {name: frozenset(_permissions(name, roles, set())) for name in roles}

    def granted(self, names: Iterable[str]) -> frozenset[str]:
        """The permissions of a caller with these roles; a role that is not known gives none."""
        found = [self._granted[name] for name in names if name in self._granted]
        return frozenset().union(*found)


def _permissions(name: str, roles: Mapping[str, RoleSettings], seen: set[str]) -> set[str]:
    if name in seen or name not in roles:
        return set()
    seen.add(name)
    found = set(roles[name].permissions)
    for parent in roles[name].inherits:
        found |= _permissions(parent, roles, seen)
    return found


class Authorize:
    """Any of some scopes, permissions by role, conditions on claims: all that the route gives."""

    def __init__(self, access: AccessSettings, roles: Roles) -> None:
        self._any_scopes = frozenset(access.any_scopes)
        self._permissions = frozenset(access.permissions)
        self._any_permissions = frozenset(access.any_permissions)
        self._claims = [Condition(name, condition) for name, condition in access.claims.items()]
        self._roles = roles

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        principal = exchange.principal
        if principal is None:  # the pipeline was put together wrongly
            raise Problem(INTERNAL_ERROR)
        self._check(principal)
        return await next(exchange)

    def _check(self, principal: Principal) -> None:
        if self._any_scopes and self._any_scopes.isdisjoint(principal.scopes):
            scope = " ".join(sorted(self._any_scopes))
            challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
            detail = f"One of these is missing: {', '.join(sorted(self._any_scopes))}."
            raise Problem(INSUFFICIENT_SCOPE, detail, headers={"www-authenticate": challenge})
        if self._permissions or self._any_permissions:
            self._check_permissions(self._roles.granted(principal.roles))
        for condition in self._claims:
            if not _holds(condition, principal):
                # What it has to be is nobody's business who is not let in.
                raise Problem(
                    ACCESS_DENIED, f"The caller's claim {condition.name} is not what is asked for."
                )

    def _check_permissions(self, granted: frozenset[str]) -> None:
        missing = self._permissions - granted
        if missing:
            listed = ", ".join(sorted(missing))
            raise Problem(ACCESS_DENIED, f"The caller's roles do not give: {listed}.")
        if self._any_permissions and granted.isdisjoint(self._any_permissions):
            listed = ", ".join(sorted(self._any_permissions))
            raise Problem(ACCESS_DENIED, f"The caller's roles give none of: {listed}.")


def claim_texts(principal: Principal, name: str) -> Sequence[str]:
    """The values of a claim as texts: integers in digits, true and false by name, each value of a
    list. Objects and fractions have none."""
    value = _claim(principal, name)
    values = value if isinstance(value, (list, tuple)) else (value,)
    return [text for one in values[:_MAX_TEXTS] if (text := _text(one)) is not None]


def _holds(condition: Condition, principal: Principal) -> bool:
    if condition.present is not None:
        # An object has no text, but is there.
        return (_claim(principal, condition.name) is not None) is condition.present
    return condition.holds(claim_texts(principal, condition.name))


def _claim(principal: Principal, name: str) -> Any:
    match name:
        case "sub":
            return principal.subject
        case "kind":
            return principal.kind.value
        case "scope":
            return principal.scopes or None
        case "roles":
            return principal.roles or None
        case _:
            return principal.claims.get(name)


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    return None
