"""API keys, client secrets and demo credentials: what proves who somebody is, apart from tokens."""

import hashlib
import os

import msgspec
import pytest

from identity import api_keys
from identity.api_keys import RECHECK_AFTER, ApiKey, ApiKeyRecord
from identity.clients import ClientRecord, verify_secret
from identity.demo import CLIENT_ID, SCOPES, DemoCredentials, demo_credentials
from identity.passwords import ITERATIONS, hash_secret
from identity.tokens import InvalidCredential

NOW = 1_800_000_000
KEY = ApiKey("abc", "s_e-cret")
RECORD = ApiKeyRecord(
    id="abc",
    secret_digest=KEY.digest(),
    owner_id="alice",
    name="laptop",
    scopes="roadmaps:read roadmaps:write",
    created_at=NOW - 1000,
)


def test_a_generated_key_is_read_back_and_never_the_same() -> None:
    keys = [api_keys.generate(os.urandom) for _ in range(50)]
    assert [api_keys.parse(key.text()) for key in keys] == keys
    assert len({key.secret for key in keys}) == len({key.id for key in keys}) == 50
    assert all(len(key.secret) == 43 for key in keys)
    assert not any(key.secret in key.digest() for key in keys)


NO_KEYS = ["", "gk_", "gk_abc", "gk_abc_", "gk__secret", "pk_abc_secret", "gk", "gk_a_" + "x" * 200]


@pytest.mark.parametrize("text", NO_KEYS)
def test_refuses_what_has_not_the_form_of_a_key(text: str) -> None:
    with pytest.raises(InvalidCredential, match="The API key is not valid"):
        api_keys.parse(text)


LIFETIMES: dict[str, tuple[int | None, int]] = {
    "a key without end is verified again soon": (None, NOW + RECHECK_AFTER),
    "a key that ends late, too": (NOW + 3600, NOW + RECHECK_AFTER),
    "a key that ends soon is good until then": (NOW + 5, NOW + 5),
}


@pytest.mark.parametrize(("expires_at", "until"), LIFETIMES.values(), ids=LIFETIMES)
def test_a_good_key_has_its_owner_and_scopes(expires_at: int | None, until: int) -> None:
    record = msgspec.structs.replace(RECORD, expires_at=expires_at)
    principal = api_keys.verify(KEY, record, NOW)
    assert (principal.subject, principal.credential_id) == ("alice", "abc")
    assert principal.scopes == ("roadmaps:read", "roadmaps:write")
    assert principal.expires_at == until


BAD_KEYS: dict[str, tuple[ApiKey, ApiKeyRecord | None, str]] = {
    "unknown": (KEY, None, "not valid"),
    "another secret": (ApiKey("abc", "other"), RECORD, "not valid"),
    "expired": (KEY, msgspec.structs.replace(RECORD, expires_at=NOW), "has expired"),
    "revoked": (KEY, msgspec.structs.replace(RECORD, revoked_at=NOW - 1), "was revoked"),
    "another secret of a revoked key": (
        ApiKey("abc", "other"),
        msgspec.structs.replace(RECORD, revoked_at=NOW - 1),
        "not valid",
    ),
}


@pytest.mark.parametrize(("key", "record", "reason"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_refuses_a_bad_key(key: ApiKey, record: ApiKeyRecord | None, reason: str) -> None:
    with pytest.raises(InvalidCredential, match=reason) as refused:
        api_keys.verify(key, record, NOW)
    assert key.secret not in str(refused.value)


class Derivation:
    """PBKDF2 as on the host, counting iterations."""

    def __init__(self) -> None:
        self.iterations: list[int] = []

    def __call__(self, secret: bytes, salt: bytes, iterations: int) -> bytes:
        self.iterations.append(iterations)
        return hashlib.pbkdf2_hmac("sha256", secret, salt, iterations)


@pytest.fixture(scope="module")
def stored() -> ClientRecord:
    secret_hash = hash_secret("open sesame now", Derivation(), os.urandom)
    return ClientRecord(id="build", secret_hash=secret_hash, scopes="roadmaps:read")


def test_a_client_is_known_by_its_secret_alone(stored: ClientRecord) -> None:
    disabled = msgspec.structs.replace(stored, disabled_at=NOW)
    damaged = [
        msgspec.structs.replace(stored, secret_hash=text)
        for text in ("", "md5$1$AA==$AA==", "pbkdf2-sha256$x$AA==$AA==", "pbkdf2-sha256$1$A$A")
    ]
    assert verify_secret(stored, "open sesame now", Derivation())
    assert not verify_secret(stored, "Open sesame", Derivation())
    assert not verify_secret(stored, "", Derivation())
    assert not verify_secret(disabled, "open sesame now", Derivation())
    assert not verify_secret(None, "open sesame now", Derivation())
    assert not any(verify_secret(record, "open sesame now", Derivation()) for record in damaged)


def test_an_unknown_client_costs_as_much_as_a_known_one(stored: ClientRecord) -> None:
    known, unknown = Derivation(), Derivation()
    verify_secret(stored, "wrong", known)
    verify_secret(None, "wrong", unknown)
    assert known.iterations == unknown.iterations == [ITERATIONS]


def test_the_same_secret_is_never_stored_alike(stored: ClientRecord) -> None:
    again = hash_secret("open sesame now", Derivation(), os.urandom)
    assert again != stored.secret_hash
    assert "sesame" not in again


DEMO_KEY = "gk_demo_0123456789abcdef"


@pytest.mark.parametrize("environment", ["production", "staging", "", "Development", "dev"])
def test_there_are_no_demo_credentials_outside_development(environment: str) -> None:
    demo = demo_credentials(environment, client_secret="s", api_key=DEMO_KEY)
    assert demo == DemoCredentials()
    assert not demo.has_client(CLIENT_ID, "s")
    assert not demo.has_client(CLIENT_ID, "")
    assert demo.key_record(CLIENT_ID) is None


def test_in_development_there_are() -> None:
    demo = demo_credentials("development", client_secret="s", api_key=DEMO_KEY)
    assert demo.has_client(CLIENT_ID, "s")
    assert not demo.has_client(CLIENT_ID, "t")
    assert not demo.has_client("other", "s")
    record = demo.key_record(CLIENT_ID)
    assert api_keys.verify(api_keys.parse(DEMO_KEY), record, NOW).scopes == SCOPES
    assert demo.key_record("other") is None
