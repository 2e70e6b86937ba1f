"""CSRF: a request that changes something by a cookie has to come from a page of ours.

Two independent signs, both of which have to be there: where the browser says that the request comes
from (Sec-Fetch-Site, Origin), and a secret that only a page of ours can read. Where the cookie is a
session of ours, the secret is what follows from it (`contract.sessions`); where it is a service's
own business, that of another cookie (double submit).
"""

from collections.abc import Iterator
from hmac import compare_digest
from typing import Final

from contract.problems import CSRF_REFUSED, Problem
from contract.sessions import csrf_token
from messages import Exchange, Request, Response
from pipeline import Next
from policies.cors import Origins
from policies.credentials import session_of
from routing.table import CsrfSettings

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, section 9.2.1)."""

_LEAST: Final = 16
_MOST: Final = 256
"""Characters of a token; shorter ones can be guessed."""


class Csrf:
    """For cookies of a service. Requests without cookies pass: nobody else's browser can add to
    them what they show."""

    def __init__(self, settings: CsrfSettings) -> None:
        self._source = _Source(settings)
        self._cookie = settings.cookie
        self._header = settings.header.lower()
        self._spelled = settings.header

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        request = exchange.request
        if request.method not in _SAFE and "cookie" in request.headers:
            self._source.check(request)
            self._check_token(request)
        return await next(exchange)

    def _check_token(self, request: Request) -> None:
        cookies = [value for name, value in _cookies(request) if name == self._cookie]
        tokens = request.headers.get_all(self._header)
        if len(cookies) != 1 or len(tokens) != 1 or not _LEAST <= len(cookies[0]) <= _MOST:
            raise _refused(f"Send what the cookie {self._cookie} has in {self._spelled} as well.")
        if not compare_digest(cookies[0].encode(), tokens[0].encode()):
            raise _refused(f"{self._spelled} is not what the cookie {self._cookie} has.")


class SessionCsrf:
    """For sessions of ours. Other credentials pass, and what has none is refused by authenticate.

    The token is made of the session, so no cookie has to be compared: one that somebody has planted
    is never looked at.
    """

    def __init__(self, settings: CsrfSettings) -> None:
        self._source = _Source(settings)
        self._cookie = settings.cookie
        self._header = settings.header.lower()
        self._spelled = settings.header

    async def __call__(self, exchange: Exchange, next: Next) -> Response:
        request = exchange.request
        changes = request.method not in _SAFE
        # With Authorization there are two credentials, which authenticate refuses.
        if (changes or exchange.upgrade) and "authorization" not in request.headers:
            session = session_of(request.headers)
            if session is not None:
                self._source.check(request)
                # A page cannot give a WebSocket fields of its own (RFC 6455, section 10.2).
                if changes:
                    self._check_token(request, session)
        return await next(exchange)

    def _check_token(self, request: Request, session: str) -> None:
        tokens = request.headers.get_all(self._header)
        if len(tokens) != 1:
            raise _refused(f"Send what the cookie {self._cookie} has in {self._spelled} as well.")
        if not compare_digest(csrf_token(session).encode(), tokens[0].encode()):
            raise _refused(f"{self._spelled} does not belong to this session.")


class _Source:
    """Where the browser says that a request comes from; one that says nothing does not pass."""

    def __init__(self, settings: CsrfSettings) -> None:
        self._trusted = Origins(settings.trusted_origins)

    def check(self, request: Request) -> None:
        """Raises `Problem` where it is no page of ours."""
        origins = request.headers.get_all("origin")
        sites = request.headers.get_all("sec-fetch-site")
        if not origins and not sites:
            raise _refused("Neither Origin nor Sec-Fetch-Site says where it comes from.")
        ours = f"{request.scheme}://{request.host.lower()}"
        trusted = len(origins) == 1 and origins[0] in self._trusted
        if origins and not trusted and origins != [ours]:
            raise _refused("It comes from a page of another origin.")
        # `none`: the person did it by hand, from the address bar or a bookmark.
        if sites and not trusted and sites not in (["same-origin"], ["none"]):
            raise _refused("It comes from another site.")


def _cookies(request: Request) -> Iterator[tuple[str, str]]:
    for field in request.headers.get_all("cookie"):
        for pair in field.split(";"):
            name, _, value = pair.partition("=")
            yield name.strip(" \t"), value.strip(" \t")


def _refused(detail: str) -> Problem:
    return Problem(CSRF_REFUSED, detail)
