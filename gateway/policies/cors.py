"""CORS: which pages of other origins may read the answers of a route, and ask what they ask.

The protocol is that of the Fetch standard, section 3.2. Preflights are answered at the edge, before
anything about a caller is looked at: a browser sends them without credentials.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from contract.problems import ORIGIN_NOT_ALLOWED, Problem
from messages import Exchange, Headers, Response
from pipeline import Next
from routing.table import CorsSettings
from routing.units import seconds

ORIGIN: Final = "origin"
REQUEST_METHOD: Final = "access-control-request-method"
_PREFIX: Final = "access-control-"
_VARY: Final = ("vary", "Origin")
_PREFLIGHT_VARY: Final = [
    ("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
]

_LABELS: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_MAX_ORIGIN: Final = 300
"""Characters: a scheme, a name of 253 (RFC 1035) and a port fit."""


class Origins:
    """Origins of a policy: exact ones, names below a domain, or any."""

    def __init__(self, patterns: Iterable[str]) -> None:
        texts = list(patterns)
        self.any = "*" in texts
        self._exact = frozenset(text for text in texts if "*" not in text)
        # What is before the star and behind it: `https://`, `.example.com:8443`.
        self._around = [
            (before, after)
            for before, star, after in (text.partition("*") for text in texts)
            if star and after
        ]

    def __contains__(self, origin: str) -> bool:
        if self.any or origin in self._exact:
            return True
        return len(origin) <= _MAX_ORIGIN and any(
            origin.startswith(before)
            and origin.endswith(after)
            and _LABELS.fullmatch(origin[len(before) : len(origin) - len(after)])
            for before, after in self._around
        )


class CorsRules:
    """One policy of the table, compiled; routes that name it share it."""

    def __init__(self, settings: CorsSettings) -> None:
        self._origins = Origins(settings.origins)
        common = [("access-control-allow-credentials", "true")] if settings.credentials else []
        exposed = ", ".join(settings.exposed_headers)
        self._actual = [*common]
        if exposed:
            self._actual.append(("access-control-expose-headers", exposed))
        self._preflight = [*common]
        if settings.allowed_headers:
            allowed = ", ".join(settings.allowed_headers)
            self._preflight.append(("access-control-allow-headers", allowed))
        age = str(math.ceil(seconds(settings.max_age)))
        self._preflight.append(("access-control-max-age", age))

    def allows(self, origin: str) -> bool:
        """Whether pages of `origin` may read answers."""
        return origin in self._origins

    def fields(self, origin: str | None) -> list[tuple[str, str]]:
        """Fields of the answer to a request from a page of `origin`, if it is from one.

        An answer that names an origin depends on it, and so does one that does not.
        """
        if self._origins.any:
            return [("access-control-allow-origin", "*"), *self._actual]
        if origin is None or not self.allows(origin):
            return [_VARY]
        return [_VARY, ("access-control-allow-origin", origin), *self._actual]

    def preflight_fields(self, origin: str, methods: Iterable[str]) -> list[tuple[str, str]]:
        """Fields of the answer to a preflight from an `origin` that is allowed."""
        return [
            ("access-control-allow-origin", "*" if self._origins.any else origin),
            ("access-control-allow-methods", ", ".join(methods)),
            *self._preflight,
        ]


class Cors:
    """Says in every answer of a route, problems included, who may read it.

    What the service says about that is dropped: two answers to one question would be none.
    """

    def __init__(self, rules: CorsRules) -> None:
        self._rules = rules

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        exchange.answer_fields += self._rules.fields(exchange.request.headers.get(ORIGIN))
        response = await next(exchange)
        response.headers.drop((), _PREFIX)
        return response


def is_preflight(headers: Headers) -> bool:
    """Whether an OPTIONS request with these fields asks for leave, and not what there is."""
    return ORIGIN in headers and REQUEST_METHOD in headers


def answer_preflight(
    exchange: Exchange, rules: Mapping[str, Sequence[CorsRules | None]]
) -> list[tuple[str, str]]:
    """The CORS fields of the answer to a preflight. Raises `Problem` (origin-not-allowed).

    `rules` has, by method, those of every route that may answer once the request's own fields are
    known, which a preflight does not carry. Where they differ nobody can say whose rules count, and
    the answer is no. A method or a field that is not allowed is no error: the browser reads in the
    answer what is, and refuses by itself. For an origin that is not, the standard encourages 403.
    Access-Control-Request-Private-Network is not answered, which refuses it.
    """
    headers = exchange.request.headers
    asked = headers.get(REQUEST_METHOD) or ""
    origin = headers.get(ORIGIN) or ""
    of_asked = rules.get("GET" if asked == "HEAD" else asked)
    counted = set(of_asked or (one for each in rules.values() for one in each if one))
    if counted <= {None}:
        return []  # no route here takes part in the protocol
    exchange.answer_fields += _PREFLIGHT_VARY
    (only, *others) = counted
    if only is None or others or not only.allows(origin):
        why = (
            "Routes with different CORS policies may answer this request."
            if others
            else "Pages of this origin may not call this route."
        )
        raise Problem(ORIGIN_NOT_ALLOWED, why)
    methods = sorted(method for method, each in rules.items() if set(each) == counted)
    if "GET" in methods:
        methods.insert(methods.index("GET") + 1, "HEAD")
    return only.preflight_fields(origin, methods)
