"""Services believe the gateway's signature alone: whoever reaches one past it is nobody there."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from contract.auth import CredentialKind, Principal
from contract.identity import encode_identity, identity_of
from contract.jose.jwk import parse_key
from contract.names import IDENTITY
from runtime.local import LocalRuntime
from tests.consumer import Consumer, bearer, mint, problem, unique
from tests.identified import GATEWAY, KEY, caller_in, identified, sign
from tests.plan import AUTH, DATA, IDENTITY_JWK
from tests.signed_tokens import key


@pytest.fixture(params=[(DATA, "DATA", "/roadmaps"), (AUTH, "AUTH", "/keys")], ids=["data", "auth"])
def service(request: Any, runtime: LocalRuntime) -> Iterator[tuple[httpx.Client, str, str]]:
    """A client past the gateway, the service's name, and a path of it."""
    worker, name, path = request.param
    with httpx.Client(base_url=runtime.url(worker), timeout=20, trust_env=False) as client:
        yield client, name, path


def payload(audience: str, *, age: int = 0, issuer: str = GATEWAY) -> bytes:
    now = int(time.time()) - age
    caller = Principal(
        subject="root", kind=CredentialKind.TOKEN, scopes=("keys:admin",), expires_at=now + 300
    )
    return encode_identity(identity_of(caller, issuer=issuer, audience=audience, now=now))


def unsigned(audience: str) -> str:
    header, content, _ = sign(payload(audience)).split(".")
    return f"{header}.{content}."


FORGED: dict[str, Any] = {
    "a principal in plain JSON": lambda _: '{"subject":"root","kind":"token"}',
    "unsigned": unsigned,
    "of another key": lambda name: sign(payload(name), parse_key({**key("EdDSA"), "kid": KEY.id})),
    "of another service": lambda name: sign(payload("AUTH" if name == "DATA" else "DATA")),
    "of another gateway": lambda name: sign(payload(name, issuer="edge-gateway/staging")),
    "expired": lambda name: sign(payload(name, age=331)),
    "an access token": lambda _: mint("root"),
    "two fields": lambda name: f"{sign(payload(name))}, {sign(payload(name))}",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_identity_is_refused(service: tuple[httpx.Client, str, str], forge: Any) -> None:
    client, name, path = service
    for method in ("GET", "POST"):
        answer = client.request(method, path, headers={IDENTITY: forge(name)}, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "identity-refused")


def test_the_table_differs_from_a_good_identity_in_one_thing_each(
    service: tuple[httpx.Client, str, str],
) -> None:
    client, name, path = service
    assert client.get(path, headers={IDENTITY: sign(payload(name))}).status_code == 200
    assert client.get(path, headers=identified(name, "a", "keys:admin")).status_code == 200


def test_nobody_is_nobody(service: tuple[httpx.Client, str, str]) -> None:
    client, _, path = service
    answer = client.post(path, json={"title": "x"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_what_one_service_was_told_is_no_use_at_another(
    lab: Consumer, service: tuple[httpx.Client, str, str]
) -> None:
    client, _, path = service
    token = mint(unique("subject"))
    told = lab.get("/protected/x", headers=bearer(token)).json()["headers"][IDENTITY]
    assert caller_in(told, "ORIGIN")["exp"] <= time.time() + 300
    answer = client.get(path, headers={IDENTITY: told})
    assert (answer.status_code, answer.json()["code"]) == (403, "identity-refused")


def test_a_caller_is_signed_once_while_the_credential_is_remembered(lab: Consumer) -> None:
    token = mint(unique("subject"))
    told = {
        lab.get("/protected/x", headers=bearer(token)).json()["headers"][IDENTITY] for _ in range(3)
    }
    assert len(told) == 1


def test_anybody_can_verify_identities(lab: Consumer) -> None:
    answer = lab.get("/.well-known/gateway-identity-keys")
    (one,) = answer.json()["keys"]
    assert (one["kid"], one["x"]) == (IDENTITY_JWK["kid"], IDENTITY_JWK["x"])
    assert IDENTITY_JWK["d"] not in answer.text
    problem(lab.post("/.well-known/gateway-identity-keys"), 405, "method-not-allowed")
