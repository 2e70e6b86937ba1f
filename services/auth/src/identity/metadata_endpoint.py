"""/.well-known: what others need to know of this issuer (RFC 8414), and the keys it signs with."""

from typing import Any, Final
from urllib.parse import urlsplit

from contract import problems
from contract.problems import Problem
from contract.service import ServiceRequest, ServiceResponse, json_response
from identity.tokens import TokenAuthority

MAX_AGE: Final = 300
"""Seconds for which a reader may keep either: a new key is to wait that long for its use."""

_FIELDS: Final = {"cache-control": f"public, max-age={MAX_AGE}"}
_CLIENT_METHODS: Final = ["client_secret_basic", "client_secret_post"]


class MetadataEndpoint:
    """Answers from what was put together at construction."""

    def __init__(self, tokens: TokenAuthority) -> None:
        self._keys = tokens.published()
        self._metadata = _metadata(tokens.issuer)

    def keys(self, _request: ServiceRequest) -> ServiceResponse:
        return json_response(self._keys, headers=_FIELDS)

    def metadata(self, _request: ServiceRequest) -> ServiceResponse:
        """Raises `Problem` where ISSUER is a name and no address that could have metadata."""
        if self._metadata is None:
            raise Problem(problems.NOT_FOUND)
        return json_response(self._metadata, headers=_FIELDS)


def _metadata(issuer: str) -> dict[str, Any] | None:
    parts = urlsplit(issuer)
    if parts.scheme not in ("https", "http") or parts.path or parts.query:
        return None
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials", "refresh_token"],
        "token_endpoint_auth_methods_supported": _CLIENT_METHODS,
    }
