"""POST /oauth/token: the client credentials grant (RFC 6749, sections 4.4 and 5).

Errors have the form that OAuth clients expect (section 5.2), not that of a problem document.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from contract.service import FORM, ServiceRequest, ServiceResponse, json_response
from identity import demo
from identity.clients import ClientRecord, Derive, verify_secret
from identity.demo import DemoCredentials
from identity.store import Store
from identity.tokens import TokenAuthority

LIFETIME: Final = 3600
"""Seconds for which an issued token is good."""

_MAX_FIELDS: Final = 20
_NO_STORE: Final = {"cache-control": "no-store", "pragma": "no-cache"}


class _Refused(Exception):
    """An error of section 5.2: its code, and a sentence for the developer."""

    def __init__(self, code: str, description: str, *, challenge: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.description = description
        self.challenge = challenge


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int
    scope: str
    token_type: str = "Bearer"  # noqa: S105


class _Error(msgspec.Struct):
    error: str
    error_description: str


class TokenEndpoint:
    """Gives tokens to clients that know their secret."""

    def __init__(
        self,
        tokens: TokenAuthority,
        store: Store,
        credentials: DemoCredentials,
        *,
        derive: Derive,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        self._tokens = tokens
        self._store = store
        self._demo = credentials
        self._derive = derive
        self._clock = clock
        self._entropy = entropy

    def post(self, request: ServiceRequest) -> ServiceResponse:
        """Answer a token request. Raises `DatabaseUnavailable`."""
        try:
            token = self._issue(request)
        except _Refused as refused:
            fields = dict(_NO_STORE)
            if refused.challenge:
                fields["www-authenticate"] = 'Basic realm="edge-gateway", charset="UTF-8"'
            status = 401 if refused.code == "invalid_client" else 400
            return json_response(_Error(refused.code, refused.description), status, fields)
        return json_response(token, headers=_NO_STORE)

    def _issue(self, request: ServiceRequest) -> _Token:
        form = _form(request)
        grant_type = form.get("grant_type")
        if grant_type is None:
            raise _Refused("invalid_request", "The parameter grant_type is missing.")
        client_id, secret, by_header = _client_credentials(request, form)
        allowed = self._scopes_of(client_id, secret)
        if allowed is None:
            raise _Refused(
                "invalid_client", "The client or its secret is not known.", challenge=by_header
            )
        if grant_type != "client_credentials":
            raise _Refused("unsupported_grant_type", "Only client_credentials is supported.")
        scopes = tuple(form["scope"].split()) if form.get("scope") else allowed
        unknown = sorted(set(scopes).difference(allowed))
        if unknown:
            raise _Refused("invalid_scope", "The client may not have every scope it asks for.")
        token = self._tokens.issue(
            client_id,
            scopes,
            now=int(self._clock()),
            lifetime=LIFETIME,
            token_id=self._entropy(16).hex(),
        )
        return _Token(token, LIFETIME, " ".join(scopes))

    def _scopes_of(self, id: str, secret: str) -> tuple[str, ...] | None:
        """The scopes of a client that knows its secret, None for any other."""
        if self._demo.has_client(id, secret):
            return demo.SCOPES
        record: ClientRecord | None = self._store.client(id)
        known = verify_secret(record, secret, self._derive)
        return tuple(record.scopes.split()) if known and record else None


def _form(request: ServiceRequest) -> dict[str, str]:
    if request.media_type != FORM:
        raise _Refused("invalid_request", f"The body has to be {FORM}.")
    try:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise _Refused("invalid_request", "The body is not a form in UTF-8.") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise _Refused("invalid_request", "A parameter is repeated.")
    return form


def _client_credentials(request: ServiceRequest, form: dict[str, str]) -> tuple[str, str, bool]:
    """Client id, secret, and whether they came by HTTP Basic (section 2.3.1)."""
    field = request.headers.get("authorization")
    if field is None:
        if "client_id" not in form or "client_secret" not in form:
            raise _Refused("invalid_client", "Client credentials are missing.", challenge=True)
        return form["client_id"], form["client_secret"], False
    if "client_secret" in form:
        raise _Refused("invalid_request", "Send the client's credentials in one way, not in two.")
    scheme, _, encoded = field.partition(" ")
    try:
        id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        scheme = colon = ""
    if scheme.lower() != "basic" or not colon:
        raise _Refused("invalid_client", "The Authorization field is not Basic.", challenge=True)
    return unquote_plus(id), unquote_plus(secret), True
