"""An API consumer: calls a gateway and holds every answer to what all answers have to keep to."""

import itertools
import re
import secrets
import time
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from contract.names import INTERNAL_PREFIX, REQUEST_ID
from contract.problems import MEDIA_TYPE, registry
from identity.grants import Grants
from identity.tokens import TokenAuthority, parse_signing_keys
from runtime.host_signatures import HostSignatures
from tests.plan import (
    ADMIN_HOST,
    DEMO_API_KEY,
    DEMO_CLIENT_SECRET,
    IDENTITY_JWK,
    ISSUER,
    PARTNER_SECRETS,
    SIGNING_JWK,
    SIGNING_KEYS,
    STORED_SECRET,
)

SCOPES: Final = ("roadmaps:read", "roadmaps:write", "keys:admin")

SECRETS: Final = {
    SIGNING_JWK["d"],
    IDENTITY_JWK["d"],
    DEMO_CLIENT_SECRET,
    DEMO_API_KEY,
    STORED_SECRET,
    *PARTNER_SECRETS.values(),
}
"""All that was used in this run and must not stand in any log line."""

_authority = TokenAuthority(
    parse_signing_keys(SIGNING_KEYS), HostSignatures(), issuer=ISSUER, audience="public-api"
)
_numbers = itertools.count(1)


def unique(name: str) -> str:
    """A name that nothing else in this run has: subjects and records do not meet."""
    return f"{name}-{next(_numbers)}"


def mint(
    subject: str = "",
    scopes: tuple[str, ...] = SCOPES,
    *,
    age: int = 0,
    roles: tuple[str, ...] = (),
    **claims: Any,
) -> str:
    """A token of an hour, issued `age` seconds ago, for a subject of its own unless given."""
    token = _authority.issue(
        subject or unique("subject"),
        scopes,
        now=int(time.time()) - age,
        lifetime=3600,
        token_id=secrets.token_hex(8),
        grants=Grants(roles, claims),
    )
    SECRETS.add(token)
    return token


def bearer(credential: str) -> dict[str, str]:
    """The header field that carries `credential`."""
    return {"authorization": f"Bearer {credential}"}


def address() -> dict[str, str]:
    """The field by which Cloudflare names the client, with an address of its own."""
    number = next(_numbers)
    return {"cf-connecting-ip": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}


def operators(url: str) -> dict[str, str]:
    """The field by which a request to `url` gets to the host of operators there."""
    return {"host": f"{ADMIN_HOST}:{urlsplit(url).port}"}


def admin_url(url: str) -> str:
    """The address of operators at the gateway at `url`, as they would give it to a command."""
    return f"http://{operators(url)['host']}"


class Consumer(httpx.Client):
    """A client of one gateway. What it gets by `request`, `get`, `post`, … is looked over."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        fields = {**address(), **(headers or {})}
        super().__init__(base_url=url, headers=fields, timeout=30, trust_env=False)

    def request(self, *arguments: Any, **options: Any) -> httpx.Response:
        response = super().request(*arguments, **options)
        assert_well_formed(response)
        return response


class Operator(Consumer):
    """Somebody at the host of operators of the gateway at `url`, with a token for `scopes`."""

    def __init__(
        self, url: str, *scopes: str, subject: str = "", headers: dict[str, str] | None = None
    ) -> None:
        self.token = mint(subject, scopes or ("gateway:admin",))
        super().__init__(url, {**operators(url), **bearer(self.token), **(headers or {})})


def assert_well_formed(response: httpx.Response) -> None:
    """What holds for every answer of the gateway, whatever was asked."""
    assert re.fullmatch("[0-9a-f]{32}", response.headers[REQUEST_ID])
    assert "Traceback" not in response.text
    assert not [name for name in response.headers if name.startswith(INTERNAL_PREFIX)]
    if response.headers.get("content-type") == MEDIA_TYPE and response.content:
        problem = response.json()
        known = registry()[problem["code"]]
        assert problem["type"] == known.uri
        assert problem["title"] == known.title
        assert problem["status"] == known.status == response.status_code
        assert problem["category"] == known.category
        assert problem["retryable"] == known.retryable
        assert len(problem["detail"]) > 10
        assert problem["request_id"] == response.headers[REQUEST_ID]


def problem(response: httpx.Response, status: int, code: str) -> Any:
    """The problem document in `response`, which has to be that of `code`."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.headers["cache-control"] == "no-store"
    document = response.json()
    assert document["code"] == code
    return document
