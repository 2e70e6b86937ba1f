"""POST /oauth/revoke (RFC 7009) and POST /oauth/introspect (RFC 7662)."""

from collections.abc import Callable
from typing import Any, Final

from contract.service import ServiceRequest, ServiceResponse
from identity import handle, oauth
from identity.claims import Claims
from identity.oauth import ClientAuthentication, Form, Refused
from identity.sessions import REFRESH_PREFIX, Sessions
from identity.token_endpoint import FIRST_PARTY
from identity.tokens import InvalidCredential, TokenAuthority

SCOPE: Final = "tokens:introspect"
"""What a client needs to ask about tokens: they may be anybody's."""

_INACTIVE: Final = {"active": False}


class RevocationEndpoint:
    """Ends tokens before their time, and tells whether they have ended."""

    def __init__(
        self,
        tokens: TokenAuthority,
        clients: ClientAuthentication,
        sessions: Sessions,
        clock: Callable[[], float],
    ) -> None:
        self._tokens = tokens
        self._clients = clients
        self._sessions = sessions
        self._clock = clock

    def revoke(self, request: ServiceRequest) -> ServiceResponse:
        """Answer 200 whether or not the token was good (RFC 7009, section 2.2).

        Tokens of people are ended by whoever holds them, as our pages have no secret of their own;
        those of a client by that client. Raises `DatabaseUnavailable`, as the next one does.
        """

        def end(form: Form) -> None:
            token = _token(form)
            now = int(self._clock())
            shown = handle.parse(REFRESH_PREFIX, token)
            if shown is not None:
                if self._sessions.family(shown.id) is not None:
                    self._sessions.end_family(shown.id, now)
                return
            known = self._claims(token)
            if known is None:
                return  # it has ended already, or never was one
            client = FIRST_PARTY
            if known.client_id != FIRST_PARTY:
                client = self._clients(request, form).id
            if known.jti and known.client_id == client:
                self._sessions.revoke_token(known.jti, int(known.exp or 0) + 60, now)

        return oauth.answer(end, request)

    def introspect(self, request: ServiceRequest) -> ServiceResponse:
        """What there is to know of a token that is good; of any other, that it is not."""

        def tell(form: Form) -> Any:
            client = self._clients(request, form)
            if SCOPE not in client.scopes:
                raise Refused("unauthorized_client", f"The client lacks the scope {SCOPE}.")
            token = _token(form)
            shown = handle.parse(REFRESH_PREFIX, token)
            if shown is not None:
                family = self._sessions.family(shown.id)
                now = self._clock()
                if family is None or family.revoked_at is not None or family.expires_at <= now:
                    return _INACTIVE
                if not shown.matches(family.secret_digest):
                    return _INACTIVE
                return {
                    "active": True,
                    "scope": family.scopes,
                    "client_id": FIRST_PARTY,
                    "sub": family.account_id,
                    "exp": family.expires_at,
                    "iat": family.created_at,
                }
            known = self._claims(token)
            if known is None or self._sessions.is_revoked(known.jti, known.sid):
                return _INACTIVE
            return {
                "active": True,
                "scope": known.scope,
                "client_id": known.client_id,
                "token_type": "Bearer",
                "sub": known.sub,
                "iss": known.iss,
                "aud": known.aud,
                "exp": known.exp,
                "iat": known.iat,
                "nbf": known.nbf,
                "jti": known.jti,
            }

        return oauth.answer(tell, request)

    def _claims(self, token: str) -> Claims | None:
        try:
            return self._tokens.claims(token, self._clock())
        except InvalidCredential:
            return None


def _token(form: Form) -> str:
    token = form.get("token")
    if not token:
        raise Refused("invalid_request", "The parameter token is missing.")
    return token
