"""/login, /session, /session/token, /logout: people, on pages of our own.

A login gives a cookie that only this host gets back, over TLS, out of reach of scripts and of other
sites (`__Host-`, HttpOnly, SameSite=Strict), and beside it one that our pages can read, with the
CSRF token that routes of the gateway want which take the session. For all other routes a page
exchanges it for an access token. Every change wants a request that comes from our own origin, so
that no other site can log somebody in or out.
"""

from collections.abc import Callable
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from contract import problems
from contract.names import CLIENT_ADDRESS
from contract.problems import Problem
from contract.service import JSON, ServiceRequest, ServiceResponse, decode_json, json_response
from contract.sessions import (
    CSRF_COOKIE,
    SESSION_COOKIE,
    NoSession,
    SeveralSessions,
    csrf_token,
    session_in,
)
from identity.attempts import Attempts
from identity.oauth import NO_STORE, Refused, narrowed
from identity.passwords import LONGEST, Derive, verify_hash
from identity.sessions import SESSION_LIFETIME, Session, Sessions
from identity.token_endpoint import TokenEndpoint

_ATTRIBUTES: Final = "Path=/; Secure; SameSite=Strict"


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a login."""

    account: Annotated[str, Meta(min_length=1, max_length=256)]
    password: Annotated[str, Meta(min_length=1, max_length=LONGEST)]


class Exchange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request for an access token: the scopes that it is to have, all unless some are."""

    scope: Annotated[str, Meta(max_length=4096)] = ""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its owner sees it. Times are Unix seconds."""

    account: str
    scopes: tuple[str, ...]
    expires_at: int
    csrf_token: str
    """Also in a cookie; pages of a trusted origin cannot read that one."""


_login: Final = msgspec.json.Decoder(Login)
_exchange: Final = msgspec.json.Decoder(Exchange)


class SessionEndpoint:
    """Opens sessions, exchanges them for tokens, and closes them."""

    def __init__(
        self,
        sessions: Sessions,
        attempts: Attempts,
        tokens: TokenEndpoint,
        *,
        origin: str,
        derive: Derive,
        clock: Callable[[], float],
    ) -> None:
        self._sessions = sessions
        self._attempts = attempts
        self._tokens = tokens
        self._origin = origin
        self._derive = derive
        self._clock = clock

    def log_in(self, request: ServiceRequest) -> ServiceResponse:
        self._check_origin(request)
        login = decode_json(request, _login, JSON)
        now = int(self._clock())
        name = login.account.strip().lower()
        wait = self._attempts.count(name, request.headers.get(CLIENT_ADDRESS, ""), now)
        if wait:
            raise Problem(
                problems.RATE_LIMITED,
                "There were too many attempts to log in.",
                headers={"retry-after": str(wait)},
            )
        account = self._sessions.account(name)
        known = verify_hash(
            account.password_hash if account else None, login.password, self._derive
        )
        if account is None or not known or account.disabled_at is not None:
            raise Problem(problems.INVALID_CREDENTIALS, "The account or its password is not known.")
        self._attempts.forget(name)
        self._close(request, now)
        credential = self._sessions.open(account.id, now)
        shown = Shown(
            account=account.id,
            scopes=tuple(account.scopes.split()),
            expires_at=now + SESSION_LIFETIME,
            csrf_token=csrf_token(credential),
        )
        response = json_response(shown, headers=NO_STORE)
        response.cookies = _cookies(credential, shown.csrf_token, SESSION_LIFETIME)
        return response

    def show(self, request: ServiceRequest) -> ServiceResponse:
        session = self._session(request)
        shown = Shown(
            account=session.account_id,
            scopes=tuple(session.scopes.split()),
            expires_at=session.expires_at,
            csrf_token=csrf_token(_credential(request)),
        )
        return json_response(shown, headers=NO_STORE)

    def exchange(self, request: ServiceRequest) -> ServiceResponse:
        """An access token, and the first refresh token of a family."""
        self._check_origin(request)
        wanted = decode_json(request, _exchange, JSON)
        session = self._session(request)
        now = int(self._clock())
        try:
            scopes = narrowed({"scope": wanted.scope}, tuple(session.scopes.split()))
        except Refused as refused:
            raise Problem(problems.INSUFFICIENT_SCOPE, refused.description) from None
        rotated = self._sessions.start_family(session, scopes, now)
        return json_response(self._tokens.token_of(rotated, scopes, now), headers=NO_STORE)

    def log_out(self, request: ServiceRequest) -> ServiceResponse:
        self._check_origin(request)
        self._close(request, int(self._clock()))
        return ServiceResponse(204, dict(NO_STORE), cookies=_cookies("", "", 0))

    def _close(self, request: ServiceRequest, now: int) -> None:
        """End the session that the browser has, if there is one: at a logout, and at a login, so
        that nothing from before a login is good after it."""
        session = self._sessions.find(_credential(request), now)
        if session is not None:
            self._sessions.close(session, now)

    def _session(self, request: ServiceRequest) -> Session:
        session = self._sessions.find(_credential(request), int(self._clock()))
        if session is None:
            raise Problem(problems.UNAUTHENTICATED, "There is no session. Log in at /login.")
        return session

    def _check_origin(self, request: ServiceRequest) -> None:
        """Browsers say where a request comes from; what says nothing is no browser."""
        origin = request.headers.get("origin", self._origin)
        site = request.headers.get("sec-fetch-site", "same-origin")
        if origin != self._origin or site != "same-origin":
            raise Problem(problems.CROSS_SITE)


def _credential(request: ServiceRequest) -> str:
    """The session's credential; nothing where it is missing, or there more than once."""
    try:
        return session_in(request.headers.get("cookie", "")) or ""
    except (NoSession, SeveralSessions):
        return ""


def _cookies(credential: str, token: str, max_age: int) -> tuple[str, str]:
    """The session for the browser alone, the CSRF token for its pages as well."""
    return (
        f"{SESSION_COOKIE}={credential}; Max-Age={max_age}; HttpOnly; {_ATTRIBUTES}",
        f"{CSRF_COOKIE}={token}; Max-Age={max_age}; {_ATTRIBUTES}",
    )
