"""The demo client and the demo API key, which exist where ENVIRONMENT is `development` only."""

import hmac
from typing import Final

import msgspec

from identity import api_keys
from identity.api_keys import ApiKeyRecord
from identity.grants import Grants

CLIENT_ID: Final = "demo"
SCOPES: Final = ("roadmaps:read", "roadmaps:write", "keys:admin", "tokens:introspect")
GRANTS: Final = Grants(roles=("demo",), claims={"plan": "demo", "tenant": "demo"})


class DemoCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """What the developer's `.dev.vars` says; an empty text switches that one off."""

    client_secret: str = ""
    api_key: str = ""

    def has_client(self, id: str, secret: str) -> bool:
        """Whether this is the demo client with its secret."""
        expected = self.client_secret.encode()
        return bool(expected) and id == CLIENT_ID and hmac.compare_digest(secret.encode(), expected)

    def key_record(self, id: str) -> ApiKeyRecord | None:
        """The record of the demo API key, as if it stood in the database."""
        if not self.api_key or id != CLIENT_ID:
            return None
        return ApiKeyRecord(
            id=CLIENT_ID,
            secret_digest=api_keys.parse(self.api_key).digest(),
            owner_id=CLIENT_ID,
            name="demo",
            scopes=" ".join(SCOPES),
            roles=" ".join(GRANTS.roles),
            claims=msgspec.json.encode(GRANTS.claims).decode(),
            created_at=0,
        )


def demo_credentials(environment: str, *, client_secret: str, api_key: str) -> DemoCredentials:
    """The credentials, or none at all outside development, whatever the variables say."""
    if environment != "development":
        return DemoCredentials()
    return DemoCredentials(client_secret=client_secret, api_key=api_key)
