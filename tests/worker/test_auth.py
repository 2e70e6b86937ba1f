"""The auth Worker in workerd: WebCrypto, D1 and its settings; the rules are specified elsewhere."""

import hashlib
import os
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest

from contract.auth import VerifyRequest
from identity.demo import SCOPES
from identity.passwords import hash_secret
from runtime.local import LocalRuntime
from tests.consumer import mint
from tests.identified import identified
from tests.plan import AUTH, DEMO_API_KEY, DEMO_CLIENT_SECRET, ISSUER, KEYLESS, SIGNING_JWK
from tests.worker.conftest import Caller, RpcError

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def auth(runtime: LocalRuntime) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=runtime.url(AUTH), timeout=20) as client:
        yield client


def administrator() -> dict[str, str]:
    """Made for each request: an identity lasts for minutes, and a run may take longer."""
    return identified("AUTH", "alice", "keys:admin", "roadmaps:read")


def verify(caller: Caller, credential: str, binding: str = "AUTH") -> dict[str, Any]:
    return dict(caller.rpc(binding, "verify", VerifyRequest(credential=credential)))


def test_the_demo_client_obtains_a_token_that_is_verified(
    auth: httpx.Client, caller: Caller
) -> None:
    response = auth.post("/oauth/token", data=GRANT, auth=("demo", DEMO_CLIENT_SECRET))
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    principal = verify(caller, response.json()["access_token"])["principal"]
    assert (principal["subject"], principal["kind"]) == ("demo", "token")
    assert principal["scopes"] == list(SCOPES)


def test_a_stored_client_is_known_by_a_hash_made_on_the_host(
    auth: httpx.Client, caller: Caller
) -> None:
    def derive(secret: bytes, salt: bytes, iterations: int) -> bytes:
        return hashlib.pbkdf2_hmac("sha256", secret, salt, iterations)

    stored = hash_secret("open sesame now", derive, os.urandom)
    sql = "INSERT INTO clients (id, secret_hash, scopes) VALUES (?, ?, ?)"
    caller.ask("sql", binding="AUTH_DB", sql=sql, values=["build", stored, "roadmaps:read"])
    granted = auth.post("/oauth/token", data=GRANT, auth=("build", "open sesame now"))
    assert granted.json()["scope"] == "roadmaps:read"
    for id, secret in [("build", "wrong"), ("unknown", "open sesame now"), ("build", "")]:
        denied = auth.post("/oauth/token", data=GRANT, auth=(id, secret))
        assert (denied.status_code, denied.json()["error"]) == (401, "invalid_client")


def test_a_token_made_on_the_host_is_verified(caller: Caller) -> None:
    assert verify(caller, mint("host"))["principal"]["subject"] == "host"


def test_a_token_made_there_is_verified_on_the_host(auth: httpx.Client) -> None:
    token = auth.post("/oauth/token", data=GRANT, auth=("demo", DEMO_CLIENT_SECRET)).json()
    (published,) = auth.get("/.well-known/jwks.json").json()["keys"]
    assert "d" not in published
    claims = jwt.decode(
        token["access_token"],
        jwt.PyJWK(published),
        algorithms=["ES256"],
        audience="public-api",
        issuer=ISSUER,
        leeway=5,
    )
    assert claims["sub"] == "demo"


NOT_GOOD = {
    "nothing": "",
    "a word": "secret",
    "a damaged token": "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
    "a deep header": "W1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tb" * 15 + ".e30.AAAA",
    "a long text": "x" * 100_000,
    "an unknown key": "gk_abc_def",
    "a demo key with another secret": "gk_demo_another",
}


@pytest.mark.parametrize("credential", NOT_GOOD.values(), ids=NOT_GOOD)
def test_what_is_not_good_has_a_reason(caller: Caller, credential: str) -> None:
    answer = verify(caller, credential)
    assert "principal" not in answer
    assert answer["reason"].endswith(".")


def test_an_api_key_works_until_it_is_revoked(auth: httpx.Client, caller: Caller) -> None:
    assert verify(caller, DEMO_API_KEY)["principal"]["subject"] == "demo"
    new = {"name": "laptop", "scopes": ["roadmaps:read"]}
    key = auth.post("/keys", json=new, headers=administrator()).json()
    assert verify(caller, key["key"])["principal"]["scopes"] == ["roadmaps:read"]
    listed = auth.get("/keys", headers=administrator())
    assert key["id"] in listed.text
    assert key["key"] not in listed.text
    assert auth.delete(f"/keys/{key['id']}", headers=administrator()).status_code == 204
    assert verify(caller, key["key"]) == {"reason": "The API key was revoked."}


def test_without_a_signing_key_it_fails_closed(caller: Caller, runtime: LocalRuntime) -> None:
    for credential in ("secret", DEMO_API_KEY):
        with pytest.raises(RpcError, match="SIGNING_KEYS"):
            verify(caller, credential, "KEYLESS")
    assert caller.ping("KEYLESS") == "SIGNING_KEYS is missing"
    response = httpx.post(f"{runtime.url(KEYLESS)}/oauth/token", data=GRANT)
    assert (response.status_code, response.json()["code"]) == (503, "auth-unavailable")


def test_no_secret_reaches_the_log(
    auth: httpx.Client, caller: Caller, runtime: LocalRuntime
) -> None:
    token = auth.post("/oauth/token", data=GRANT, auth=("demo", DEMO_CLIENT_SECRET)).json()
    verify(caller, token["access_token"])
    verify(caller, DEMO_API_KEY)
    auth.post("/oauth/token", data={**GRANT, "client_id": "x", "client_secret": "sesame-2"})
    auth.post("/keys", content=b'{"name":', headers={**administrator(), "x-secret": "sesame-3"})
    log = "\n".join(runtime.log_lines())
    secrets = [token["access_token"], DEMO_API_KEY, DEMO_CLIENT_SECRET, SIGNING_JWK["d"], "sesame-"]
    assert not [secret for secret in secrets if secret in log]


def test_it_says_how_it_is(caller: Caller) -> None:
    assert caller.ping("AUTH") == "ok"
