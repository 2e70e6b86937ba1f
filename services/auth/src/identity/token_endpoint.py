"""POST /oauth/token: a client's own token (RFC 6749, section 4.4), and what refreshes a person's.

There is no password grant (RFC 9700, section 2.4): people log in at `/login`.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from contract.service import Log, ServiceRequest, ServiceResponse
from identity import oauth
from identity.grants import stored
from identity.oauth import ClientAuthentication, Form, Refused, narrowed
from identity.sessions import ACCESS_LIFETIME, Reused, Rotated, Sessions
from identity.tokens import TokenAuthority

LIFETIME: Final = 3600
"""Seconds for which a client's token is good."""

FIRST_PARTY: Final = "first-party"
"""The client that people's tokens are for: our own pages, which can keep no secret."""


class Token(msgspec.Struct, omit_defaults=True):
    """A successful answer (section 5.1)."""

    access_token: str
    expires_in: int
    scope: str
    token_type: str
    refresh_token: str = ""


class TokenEndpoint:
    """Gives tokens to clients that know their secret, and to holders of a refresh token."""

    def __init__(
        self,
        tokens: TokenAuthority,
        clients: ClientAuthentication,
        sessions: Sessions,
        *,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
        log: Log,
    ) -> None:
        self._tokens = tokens
        self._clients = clients
        self._sessions = sessions
        self._clock = clock
        self._entropy = entropy
        self._log = log

    def post(self, request: ServiceRequest) -> ServiceResponse:
        """Answer a token request. Raises `DatabaseUnavailable`."""

        def issue(form: Form) -> Any:
            grant_type = form.get("grant_type")
            if grant_type is None:
                raise Refused("invalid_request", "The parameter grant_type is missing.")
            if grant_type == "refresh_token":
                return self._refresh(request, form)
            client = self._clients(request, form)
            if grant_type != "client_credentials":
                known = "client_credentials and refresh_token"
                raise Refused("unsupported_grant_type", f"Only {known} are supported.")
            scopes = narrowed(form, client.scopes)
            token = self._tokens.issue(
                client.id,
                scopes,
                now=int(self._clock()),
                lifetime=LIFETIME,
                token_id=self._entropy(16).hex(),
                grants=client.grants,
            )
            return Token(token, LIFETIME, " ".join(scopes), "Bearer")

        return oauth.answer(issue, request)

    def token_of(self, rotated: Rotated, scopes: tuple[str, ...], now: int) -> Token:
        """An access token of the family's account, with the refresh token that follows it."""
        family = rotated.family
        token = self._tokens.issue(
            family.account_id,
            scopes,
            now=now,
            lifetime=ACCESS_LIFETIME,
            token_id=self._entropy(16).hex(),
            client_id=FIRST_PARTY,
            session_id=family.token_session,
            grants=stored(family.account_roles, family.account_claims),
        )
        return Token(token, ACCESS_LIFETIME, " ".join(scopes), "Bearer", rotated.token)

    def _refresh(self, request: ServiceRequest, form: Form) -> Token:
        if "authorization" in request.headers or form.get("client_id", FIRST_PARTY) != FIRST_PARTY:
            raise Refused("invalid_grant", "The refresh token was not issued to this client.")
        token, now = form.get("refresh_token", ""), int(self._clock())
        asked: tuple[str, ...] | None = None
        if form.get("scope"):
            # Before it is used up: a client that asks for too much has to be able to ask again.
            promised = self._sessions.promised(token)
            asked = narrowed(form, promised) if promised is not None else None
        try:
            rotated = self._sessions.rotate(token, now)
        except Reused as reused:
            self._log(
                {
                    "level": "warning",
                    "event": "refresh_token_reused",
                    "subject": reused.account_id,
                    "generation": reused.generation,
                }
            )
            rotated = None
        if rotated is None:
            raise Refused("invalid_grant", "The refresh token is unknown, used, or expired.")
        granted = rotated.family.granted()
        scopes = granted if asked is None else tuple(one for one in asked if one in granted)
        return self.token_of(rotated, scopes, now)
