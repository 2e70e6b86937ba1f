"""What the OAuth endpoints have in common: their form, their errors, who the client is.

Errors have the form that OAuth clients expect (RFC 6749, section 5.2), not that of a problem.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from contract.service import FORM, ServiceRequest, ServiceResponse, json_response
from identity import demo
from identity.clients import verify_secret
from identity.demo import DemoCredentials
from identity.grants import NONE, Grants, stored
from identity.passwords import Derive
from identity.store import Store

NO_STORE: Final = {"cache-control": "no-store", "pragma": "no-cache"}
_MAX_FIELDS: Final = 20

Form = dict[str, str]


class Refused(Exception):
    """An error of section 5.2: its code, and a sentence for the developer."""

    def __init__(self, code: str, description: str, *, challenge: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.description = description
        self.challenge = challenge


class Client(NamedTuple):
    """A client that has shown its secret."""

    id: str
    scopes: tuple[str, ...]
    grants: Grants = NONE


class _Error(msgspec.Struct):
    error: str
    error_description: str


def answer(handle: Callable[[Form], Any], request: ServiceRequest) -> ServiceResponse:
    """What `handle` makes of the form, as JSON; None is an empty answer. Never to be stored."""
    try:
        content = handle(_form(request))
    except Refused as refused:
        fields = dict(NO_STORE)
        if refused.challenge:
            fields["www-authenticate"] = 'Basic realm="edge-gateway", charset="UTF-8"'
        status = 401 if refused.code == "invalid_client" else 400
        return json_response(_Error(refused.code, refused.description), status, fields)
    if content is None:
        return ServiceResponse(200, dict(NO_STORE))
    return json_response(content, headers=NO_STORE)


class ClientAuthentication:
    """Knows clients by their secret, in the Authorization field or in the form."""

    def __init__(self, store: Store, credentials: DemoCredentials, derive: Derive) -> None:
        self._store = store
        self._demo = credentials
        self._derive = derive

    def __call__(self, request: ServiceRequest, form: Form) -> Client:
        """The client that sends `request`. Raises `Refused` and `DatabaseUnavailable`."""
        id, secret, by_header = _client_credentials(request, form)
        client = self._client(id, secret)
        if client is None:
            raise Refused(
                "invalid_client", "The client or its secret is not known.", challenge=by_header
            )
        return client

    def _client(self, id: str, secret: str) -> Client | None:
        """A client that knows its secret, None for any other."""
        if self._demo.has_client(id, secret):
            return Client(id, demo.SCOPES, demo.GRANTS)
        record = self._store.client(id)
        known = verify_secret(record, secret, self._derive)
        if not known or record is None:
            return None
        return Client(id, tuple(record.scopes.split()), stored(record.roles, record.claims))


def narrowed(form: Form, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes that are asked for, all that are allowed unless some are. Raises `Refused`."""
    scopes = tuple(form["scope"].split()) if form.get("scope") else allowed
    if set(scopes).difference(allowed):
        raise Refused("invalid_scope", "The client may not have every scope it asks for.")
    return scopes


def _form(request: ServiceRequest) -> Form:
    if request.media_type != FORM:
        raise Refused("invalid_request", f"The body has to be {FORM}.")
    try:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise Refused("invalid_request", "The body is not a form in UTF-8.") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise Refused("invalid_request", "A parameter is repeated.")
    return form


def _client_credentials(request: ServiceRequest, form: Form) -> tuple[str, str, bool]:
    """Client id, secret, and whether they came by HTTP Basic (section 2.3.1)."""
    field = request.headers.get("authorization")
    if field is None:
        if "client_id" not in form or "client_secret" not in form:
            raise Refused("invalid_client", "Client credentials are missing.", challenge=True)
        return form["client_id"], form["client_secret"], False
    if "client_secret" in form:
        raise Refused("invalid_request", "Send the client's credentials in one way, not in two.")
    scheme, _, encoded = field.partition(" ")
    try:
        id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        scheme = colon = ""
    if scheme.lower() != "basic" or not colon:
        raise Refused("invalid_client", "The Authorization field is not Basic.", challenge=True)
    return unquote_plus(id), unquote_plus(secret), True
