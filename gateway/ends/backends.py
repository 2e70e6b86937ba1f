"""Backends: the end of a route whose requests several services share, such as a canary release."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from ends.choice import Choice
from ends.edits import HeaderEdit
from messages import Exchange, Headers, Response
from pipeline import Next

_MAX_COOKIE: Final = 128
"""Characters; a longer value is none of ours."""


class Backend(NamedTuple):
    """One of them. `handle` sends to its service, behind the service's breaker."""

    name: str
    weight: int
    handle: Next
    edit: HeaderEdit


class Sticky(NamedTuple):
    """What a client is known by; `max_age` is the cookie's, in seconds."""

    by: Literal["header", "cookie", "subject", "address"]
    name: str
    max_age: int


class Backends:
    """Sends each request to one of `backends`, a retry to another; the log line says which."""

    def __init__(self, route: str, backends: Sequence[Backend], sticky: Sticky | None) -> None:
        self._backends = backends
        self._choice = Choice(
            route, [one.name for one in backends], [one.weight for one in backends]
        )
        self._sticky = sticky
        self._by = sticky.by if sticky is not None else "chance"

    async def __call__(self, exchange: Exchange) -> Response:
        known, cookie = None, None
        if self._sticky is not None:
            known = _known_by(self._sticky, exchange)
            if known is None and self._sticky.by == "cookie":
                known = f"{int(exchange.chance * (1 << 53)):014x}"
                cookie = _cookie(self._sticky, known)
        if exchange.tried:
            position = self._choice.at_random(exchange.chance, exchange.tried)
        elif known is None:
            position = self._choice.at_random(exchange.chance)
        else:
            position = self._choice.for_client(known)
        exchange.tried += (position,)
        backend = self._backends[position]
        exchange.log["backend"] = backend.name
        exchange.log["chosen_by"] = "chance" if known is None or cookie else self._by
        edit_answer = backend.edit(exchange)
        response = await backend.handle(exchange)
        edit_answer(response.headers)
        if cookie is not None:
            response.headers.add("set-cookie", cookie)
        return response


def _known_by(sticky: Sticky, exchange: Exchange) -> str | None:
    """What the client is known by; None for one that says nothing of itself."""
    if sticky.by == "subject":
        return exchange.principal.subject if exchange.principal is not None else None
    if sticky.by == "address":
        return exchange.client_address
    if sticky.by == "header":
        return exchange.request.headers.get(sticky.name) or None
    return _cookie_value(exchange.request.headers, sticky.name)


def _cookie_value(headers: Headers, name: str) -> str | None:
    """The value of the first cookie called `name` (RFC 6265, section 5.4)."""
    for field in headers.get_all("cookie"):
        for pair in field.split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name and 0 < len(value) <= _MAX_COOKIE:
                return value
    return None


def _cookie(sticky: Sticky, value: str) -> str:
    kept = f"Path=/; Max-Age={sticky.max_age}; Secure; HttpOnly; SameSite=Lax"
    return f"{sticky.name}={value}; {kept}"
