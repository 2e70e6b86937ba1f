"""Checks of who may call: roles without circles, permissions that some role gives, networks."""

from collections.abc import Iterator
from difflib import get_close_matches
from ipaddress import ip_network

from contract.sessions import CSRF_COOKIE
from routing.check.finding import Finding, Path, known
from routing.sessions import needs_csrf, takes_session
from routing.table import AccessSettings, CsrfSettings, NetworkSettings, RouteSettings, Table


def check_roles(table: Table) -> Iterator[Finding]:
    """What is wrong with the roles."""
    for name, role in table.roles.items():
        for position, parent in enumerate(role.inherits):
            place: Path = ("roles", name, "inherits", position)
            yield from known(parent, table.roles, "role", place)
            if parent == name or name in _above(table, parent):
                yield Finding(place, f"`{name}` would inherit from itself")


def _above(table: Table, name: str) -> set[str]:
    """The roles from which `name` inherits, near and far."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        role = table.roles.get(waiting.pop())
        for parent in role.inherits if role else ():
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return seen


def check_access(table: Table, route: RouteSettings, at: Path) -> Iterator[Finding]:
    """What is wrong with what a route asks of callers, but for conditions on claims."""
    access = route.access
    if isinstance(access, AccessSettings):
        if access == AccessSettings():
            yield Finding(
                (*at, "access"),
                "expected something that callers need; for any verified caller say `authenticated`",
            )
        granted = {one for role in table.roles.values() for one in role.permissions}
        for member in ("permissions", "any_permissions"):
            for position, permission in enumerate(getattr(access, member)):
                if permission not in granted:
                    close = get_close_matches(permission, sorted(granted), n=1)
                    hint = f"; did you mean `{close[0]}`?" if close else ""
                    yield Finding(
                        (*at, "access", member, position),
                        f"no role has the permission `{permission}`{hint}",
                    )
    yield from _check_csrf(route, at)
    if route.network is not None:
        yield from _check_network(route.network, (*at, "network"))


def _check_csrf(route: RouteSettings, at: Path) -> Iterator[Finding]:
    here: Path = (*at, "csrf")
    if needs_csrf(route):
        if route.csrf is False:
            yield Finding(here, "a route that takes sessions cannot be without it: leave it out")
    elif route.csrf and route.methods == ("GET",):
        yield Finding(here, "GET changes nothing: there is nothing to protect")
    if not isinstance(route.csrf, CsrfSettings):
        return
    if "*" in route.csrf.trusted_origins:
        place = (*here, "trusted_origins", route.csrf.trusted_origins.index("*"))
        yield Finding(place, "any page would be trusted: expected the origins of pages of yours")
    if takes_session(route) and route.csrf.cookie != CSRF_COOKIE:
        place = (*here, "cookie")
        yield Finding(place, f"a login gives the cookie `{CSRF_COOKIE}`: leave it out")


def _check_network(network: NetworkSettings, at: Path) -> Iterator[Finding]:
    if network == NetworkSettings():
        yield Finding(at, "expected networks or countries that are allowed or denied")
    for member in ("allow", "deny"):
        for position, text in enumerate(getattr(network, member)):
            try:
                ip_network(text)
            except ValueError:
                yield Finding((*at, member, position), f"expected {_meant(text)}, found `{text}`")
    for position, country in enumerate(network.allow_countries):
        if country in network.deny_countries:
            place: Path = (*at, "allow_countries", position)
            yield Finding(place, f"`{country}` is allowed and denied")


def _meant(text: str) -> str:
    try:
        return f"`{ip_network(text, strict=False)}`"
    except ValueError:
        return "an address or network such as 192.0.2.0/24 or 2001:db8::/32"
