"""The auth Worker's core on a real SQLite: verification, /oauth/token, /keys, and its settings."""

import base64
import hashlib
import json
import os
import time
from typing import Any

import jwt
import msgspec
import pytest

from contract.auth import CredentialKind, Principal, VerifyRequest, VerifyResponse
from contract.database import DatabaseUnavailable
from contract.feed import Revocation
from contract.service import FORM, ServiceRequest, ServiceResponse, answer
from identity.announcements import Announcements, FeedUnavailable
from identity.demo import SCOPES
from identity.issuer_keys import Fetched, Unreachable
from identity.passwords import hash_secret
from identity.service import AuthService, Settings
from runtime.host_signatures import HostSignatures
from tests.signed_tokens import key as signing_key
from tests.unit.sqlite_database import SqliteDatabase

SETTINGS = Settings(
    environment="production",
    issuer="https://api.test",
    audience="public-api",
    signing_keys=json.dumps({"keys": [signing_key("ES256")]}),
    demo_client_secret="demo-secret",
    demo_api_key="gk_demo_0123456789abcdef",
)
SECRET = "open: sesame & co"


def derive(secret: bytes, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", secret, salt, iterations)


def nowhere(url: str) -> Fetched:
    raise Unreachable(url)


HASH = hash_secret(SECRET, derive, os.urandom)


class Auth:
    """The service with one client, `build`."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.database = SqliteDatabase("services/auth/migrations")
        self.database.query(
            "INSERT INTO clients (id, secret_hash, scopes) VALUES (?, ?, ?)",
            *("build", HASH, "roadmaps:read roadmaps:write"),
        )
        self.log: list[dict[str, Any]] = []
        self.announced: list[str] = []
        """What isolates were told to forget."""
        self.feed_is_down = False
        self.now = time.time()
        self._service = AuthService(
            settings,
            self.database,
            derive=derive,
            asymmetric=HostSignatures(),
            fetch=nowhere,
            append=self.append,
            clock=lambda: self.now,
            entropy=os.urandom,
            log=self.log.append,
        )

    @property
    def announcements(self) -> Announcements:
        return self._service.announcements

    def append(self, revocation: Revocation) -> None:
        if self.feed_is_down:
            raise FeedUnavailable("timed out")
        self.announced.append(revocation.credential_id)

    def verify(self, credential: str, *, session: bool = False) -> VerifyResponse:
        asked = VerifyRequest(credential=credential, session=session)
        request = msgspec.json.encode(asked).decode()
        return msgspec.json.decode(self._service.verify(request), type=VerifyResponse)

    def __call__(self, method: str, path: str, body: bytes = b"", **fields: str) -> ServiceResponse:
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        request = ServiceRequest(method, path, "", headers, body)
        return answer(self._service.handle, request, self.log.append)

    def token(self, form: str, **fields: str) -> ServiceResponse:
        return self("POST", "/oauth/token", form.encode(), **{"content_type": FORM, **fields})

    def keys(self, method: str, path: str, body: Any = None, **caller: Any) -> ServiceResponse:
        principal = Principal(
            kind=CredentialKind.TOKEN,
            **{"subject": "alice", "scopes": ("keys:admin", "roadmaps:read"), **caller},
        )
        content = b"" if body is None else msgspec.json.encode(body)
        headers = {"content-type": "application/json"}
        request = ServiceRequest(method, path, "", headers, content, principal)
        return answer(self._service.handle, request, self.log.append)


@pytest.fixture
def auth() -> Auth:
    return Auth()


def read(response: ServiceResponse) -> Any:
    return msgspec.json.decode(response.body or b"null")


def basic(id: str, secret: str) -> str:
    return f"Basic {base64.b64encode(f'{id}:{secret}'.encode()).decode()}"


GRANT = "grant_type=client_credentials"
BODY = f"{GRANT}&client_id=build&client_secret=open%3A+sesame+%26+co"
BASIC = basic("build", "open%3A+sesame+%26+co")

GRANTED: dict[str, tuple[str, dict[str, str], str]] = {
    "by body": (BODY, {}, "roadmaps:read roadmaps:write"),
    "by header": (GRANT, {"authorization": BASIC}, "roadmaps:read roadmaps:write"),
    "by header, in lower case": (
        GRANT,
        {"authorization": BASIC.replace("Basic", "basic")},
        "roadmaps:read roadmaps:write",
    ),
    "with a scope": (f"{BODY}&scope=roadmaps%3Aread", {}, "roadmaps:read"),
    "with an empty scope": (f"{BODY}&scope=", {}, "roadmaps:read roadmaps:write"),
    "form with a charset": (
        BODY,
        {"content_type": f"{FORM}; charset=UTF-8"},
        "roadmaps:read roadmaps:write",
    ),
}


@pytest.mark.parametrize(("form", "fields", "scope"), GRANTED.values(), ids=GRANTED)
def test_a_client_obtains_a_token(
    auth: Auth, form: str, fields: dict[str, str], scope: str
) -> None:
    response = auth.token(form, **fields)
    token = read(response)
    assert response.status == 200
    assert response.headers["cache-control"] == "no-store"
    assert {**token, "access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": scope,
    }
    principal = auth.verify(token["access_token"]).principal
    assert principal is not None
    assert (principal.subject, principal.kind) == ("build", CredentialKind.TOKEN)
    assert principal.scopes == tuple(scope.split())
    assert principal.expires_at == int(auth.now) + 3600


DENIED: dict[str, tuple[str, dict[str, str], int, str]] = {
    "no grant type": ("client_id=build", {}, 400, "invalid_request"),
    "another grant type": (
        BODY.replace("client_credentials", "password"),
        {},
        *(400, "unsupported_grant_type"),
    ),
    "a repeated parameter": (f"{BODY}&{GRANT}", {}, 400, "invalid_request"),
    "too many parameters": (f"{BODY}{'&a=b' * 30}", {}, 400, "invalid_request"),
    "JSON": ("{}", {"content_type": "application/json"}, 400, "invalid_request"),
    "credentials twice": (BODY, {"authorization": BASIC}, 400, "invalid_request"),
    "no credentials": (GRANT, {}, 401, "invalid_client"),
    "no secret": (f"{GRANT}&client_id=build", {}, 401, "invalid_client"),
    "an empty secret": (f"{GRANT}&client_id=build&client_secret=", {}, 401, "invalid_client"),
    "a wrong secret": (f"{GRANT}&client_id=build&client_secret=x", {}, 401, "invalid_client"),
    "an unknown client": (f"{GRANT}&client_id=x&client_secret=x", {}, 401, "invalid_client"),
    "a wrong secret by header": (
        GRANT,
        {"authorization": basic("build", "x")},
        *(401, "invalid_client"),
    ),
    "a header that is not Basic": (
        GRANT,
        {"authorization": "Bearer abc"},
        *(401, "invalid_client"),
    ),
    "a header that is not base64": (
        GRANT,
        {"authorization": "Basic ?"},
        *(401, "invalid_client"),
    ),
    "a header without a colon": (
        GRANT,
        {"authorization": "Basic YWJj"},
        *(401, "invalid_client"),
    ),
    "a scope that the client lacks": (f"{BODY}&scope=keys:admin", {}, 400, "invalid_scope"),
    "the demo client in production": (
        GRANT,
        {"authorization": basic("demo", "demo-secret")},
        *(401, "invalid_client"),
    ),
}


@pytest.mark.parametrize(("form", "fields", "status", "error"), DENIED.values(), ids=DENIED)
def test_others_do_not(
    auth: Auth, form: str, fields: dict[str, str], status: int, error: str
) -> None:
    response = auth.token(form, **fields)
    assert (response.status, read(response)["error"]) == (status, error)
    assert response.headers["cache-control"] == "no-store"
    by_header = "authorization" in fields and error == "invalid_client"
    assert not by_header or response.headers["www-authenticate"].startswith("Basic ")
    assert b"sesame" not in (response.body or b"")
    assert auth.log == []


def test_a_disabled_client_obtains_nothing(auth: Auth) -> None:
    auth.database.query("UPDATE clients SET disabled_at = 1")
    assert auth.token(BODY).status == 401


def test_a_form_that_is_not_text_is_refused(auth: Auth) -> None:
    response = auth("POST", "/oauth/token", b"grant_type=\xff", content_type=FORM)
    assert read(response)["error"] == "invalid_request"


def test_demo_credentials_work_in_development() -> None:
    auth = Auth(msgspec.structs.replace(SETTINGS, environment="development"))
    response = auth.token(GRANT, authorization=basic("demo", "demo-secret"))
    assert read(response)["scope"] == " ".join(SCOPES)
    principal = auth.verify("gk_demo_0123456789abcdef").principal
    assert principal is not None
    assert principal.subject == "demo"


def test_demo_credentials_do_not_work_in_production(auth: Auth) -> None:
    assert auth.verify("gk_demo_0123456789abcdef") == VerifyResponse(
        reason="The API key is not valid."
    )


NEW_KEY = {"name": "laptop", "scopes": ["roadmaps:read"]}


def test_a_key_is_shown_once_then_works_until_it_is_revoked(auth: Auth) -> None:
    response = auth.keys("POST", "/keys", NEW_KEY)
    created = read(response)
    assert response.status == 201
    assert response.headers["location"] == f"/keys/{created['id']}"
    assert response.headers["cache-control"] == "no-store"
    principal = auth.verify(created["key"]).principal
    assert principal is not None
    assert (principal.subject, principal.scopes) == ("alice", ("roadmaps:read",))
    assert principal.kind is CredentialKind.API_KEY

    secret = created.pop("key")
    listing = auth.keys("GET", "/keys")
    (listed,) = read(listing)["items"]
    assert listed.pop("last_used_at") is not None
    assert created.pop("last_used_at") is None
    assert listed == created
    assert secret.encode() not in (listing.body or b"")
    rows = auth.database.query("SELECT * FROM api_keys")
    # Not from the last underscore on: base64url has underscores, and would leave a letter or two.
    assert secret.split("_", 2)[2] not in str(rows)

    assert auth.keys("DELETE", f"/keys/{created['id']}").status == 204
    assert auth.verify(secret) == VerifyResponse(reason="The API key was revoked.")
    revoked_at = read(auth.keys("GET", "/keys"))["items"][0]["revoked_at"]
    auth.now += 100
    assert auth.keys("DELETE", f"/keys/{created['id']}").status == 204
    assert read(auth.keys("GET", "/keys"))["items"][0]["revoked_at"] == revoked_at


def test_a_key_expires(auth: Auth) -> None:
    auth.now = 1_800_000_000.0
    new = {**NEW_KEY, "expires_at": "2027-01-15T09:00:10+01:00"}
    created = read(auth.keys("POST", "/keys", new))
    assert created["expires_at"] == "2027-01-15T08:00:10Z"
    assert auth.verify(created["key"]).principal is not None
    auth.now += 10
    assert auth.verify(created["key"]) == VerifyResponse(reason="The API key has expired.")


def test_keys_of_others_are_out_of_reach(auth: Auth) -> None:
    created = read(auth.keys("POST", "/keys", NEW_KEY))
    assert read(auth.keys("GET", "/keys", subject="bob")) == {"items": []}
    assert auth.keys("DELETE", f"/keys/{created['id']}", subject="bob").status == 404
    assert auth.verify(created["key"]).principal is not None


def test_the_time_of_a_keys_last_use_is_written_once_an_hour(auth: Auth) -> None:
    key = read(auth.keys("POST", "/keys", NEW_KEY))["key"]
    auth.now = 1_800_000_000.0

    def shown() -> Any:
        return read(auth.keys("GET", "/keys"))["items"][0]["last_used_at"]

    assert shown() is None
    for later, seen in ((0, "08:00:00"), (3599, "08:00:00"), (3600, "09:00:00")):
        auth.now = 1_800_000_000.0 + later
        assert auth.verify(key).principal is not None
        assert shown() == f"2027-01-15T{seen}Z"
    before = auth.database.queries
    auth.verify(key)
    assert auth.database.queries == before + 1
    auth.verify(key[:-1])
    assert auth.database.queries == before + 2


def test_a_rotated_key_gives_way_to_a_new_one_after_a_while(auth: Auth) -> None:
    old = read(auth.keys("POST", "/keys", NEW_KEY))
    response = auth.keys("POST", f"/keys/{old['id']}/rotate", {"overlap": 60})
    new = read(response)
    assert (response.status, response.headers["location"]) == (201, f"/keys/{new['id']}")
    assert new["id"] != old["id"]
    assert (new["name"], new["scopes"], new["expires_at"]) == ("laptop", ["roadmaps:read"], None)
    for key in (old, new):
        assert auth.verify(key["key"]).principal is not None
    auth.now += 60
    assert auth.verify(old["key"]) == VerifyResponse(reason="The API key has expired.")
    assert auth.verify(new["key"]).principal is not None
    assert auth.keys("POST", f"/keys/{old['id']}/rotate").status == 404


def test_a_rotation_prolongs_nothing(auth: Auth) -> None:
    auth.now = 1_800_000_000.0
    end = {"expires_at": "2027-01-15T08:01:00Z"}
    old = read(auth.keys("POST", "/keys", {**NEW_KEY, **end}))
    new = read(auth.keys("POST", f"/keys/{old['id']}/rotate"))
    assert new["expires_at"] == end["expires_at"]
    assert [one["expires_at"] for one in read(auth.keys("GET", "/keys"))["items"]] == [
        end["expires_at"]
    ] * 2


NOT_ROTATED: dict[str, tuple[Any, dict[str, Any], int]] = {
    "somebody else's": ({}, {"subject": "bob"}, 404),
    "without the scope": ({}, {"scopes": ("roadmaps:read",)}, 403),
    "with a scope that the caller lacks": ({}, {"scopes": ("keys:admin",)}, 403),
    "for ever": ({"overlap": 10**9}, {}, 422),
    "back in time": ({"overlap": -1}, {}, 422),
    "an unknown member": ({"name": "x"}, {}, 422),
}


@pytest.mark.parametrize(("body", "caller", "status"), NOT_ROTATED.values(), ids=NOT_ROTATED)
def test_a_key_is_not_rotated(auth: Auth, body: Any, caller: dict[str, Any], status: int) -> None:
    old = read(auth.keys("POST", "/keys", NEW_KEY))
    assert auth.keys("POST", f"/keys/{old['id']}/rotate", body, **caller).status == status
    assert len(auth.database.query("SELECT * FROM api_keys WHERE expires_at IS NULL")) == 1


def test_a_revoked_key_is_not_rotated(auth: Auth) -> None:
    old = read(auth.keys("POST", "/keys", NEW_KEY))
    auth.keys("DELETE", f"/keys/{old['id']}")
    assert auth.keys("POST", f"/keys/{old['id']}/rotate").status == 404
    assert len(auth.database.query("SELECT * FROM api_keys")) == 1


KEY_ERRORS: dict[str, tuple[str, str, Any, dict[str, Any], int]] = {
    "without the scope": ("GET", "/keys", None, {"scopes": ("roadmaps:read",)}, 403),
    "a scope that the caller lacks": ("POST", "/keys", {**NEW_KEY, "scopes": ["x"]}, {}, 403),
    "no name": ("POST", "/keys", {"scopes": ["roadmaps:read"]}, {}, 422),
    "no scopes": ("POST", "/keys", {"name": "x", "scopes": []}, {}, 422),
    "a scope with a space": ("POST", "/keys", {"name": "x", "scopes": ["a b"]}, {}, 422),
    "an unknown member": ("POST", "/keys", {**NEW_KEY, "owner": "bob"}, {}, 422),
    "an end in the past": (
        *("POST", "/keys", {**NEW_KEY, "expires_at": "2020-01-01T00:00:00Z"}),
        *({}, 422),
    ),
    "an end without zone": (
        *("POST", "/keys", {**NEW_KEY, "expires_at": "2099-01-01T00:00:00"}),
        *({}, 422),
    ),
    "an unknown key": ("DELETE", "/keys/nope", None, {}, 404),
    "another path": ("GET", "/users", None, {}, 404),
    "another method": ("PUT", "/keys", None, {}, 405),
    "reading the token endpoint": ("GET", "/oauth/token", None, {}, 405),
}


@pytest.mark.parametrize(
    ("method", "path", "body", "caller", "status"), KEY_ERRORS.values(), ids=KEY_ERRORS
)
def test_key_management_refuses(
    auth: Auth, method: str, path: str, body: Any, caller: dict[str, Any], status: int
) -> None:
    response = auth.keys(method, path, body, **caller)
    assert response.status == status == read(response)["status"]
    assert auth.database.query("SELECT * FROM api_keys") == []


def test_keys_need_a_caller(auth: Auth) -> None:
    assert auth("GET", "/keys").status == 401


def test_a_token_that_is_not_good_has_a_reason_without_secrets(auth: Auth) -> None:
    answered = auth.verify("eyJ.secret.text")
    assert answered == VerifyResponse(reason="The token is not valid.")


def test_verifying_a_token_needs_no_database(auth: Auth) -> None:
    token = read(auth.token(BODY))["access_token"]
    auth.database.is_down = True
    assert auth.verify(token).principal is not None
    with pytest.raises(DatabaseUnavailable):
        auth.verify("gk_abc_def")
    assert auth.token(BODY).status == 503


INCOMPLETE = ["issuer", "audience", "signing_keys"]


@pytest.mark.parametrize("name", INCOMPLETE)
def test_without_its_settings_there_is_no_service(name: str) -> None:
    with pytest.raises(ValueError, match=name.upper()):
        Auth(msgspec.structs.replace(SETTINGS, **{name: ""}))


def test_the_keys_that_verify_are_published_and_nothing_else(auth: Auth) -> None:
    response = auth("GET", "/.well-known/jwks.json")
    assert response.headers["cache-control"] == "public, max-age=300"
    (published,) = read(response)["keys"]
    assert set(published) == {"kty", "kid", "alg", "use", "crv", "x", "y"}
    token = read(auth.token(BODY))["access_token"]
    claims = jwt.decode(
        token, jwt.PyJWK(published), algorithms=["ES256"], audience="public-api", leeway=5
    )
    assert (claims["iss"], claims["sub"]) == ("https://api.test", "build")


def test_metadata_say_where_tokens_are_had(auth: Auth) -> None:
    metadata = read(auth("GET", "/.well-known/oauth-authorization-server"))
    assert metadata["issuer"] == "https://api.test"
    assert metadata["token_endpoint"] == "https://api.test/oauth/token"
    assert metadata["jwks_uri"] == "https://api.test/.well-known/jwks.json"


def test_an_issuer_that_is_no_address_has_no_metadata() -> None:
    auth = Auth(msgspec.structs.replace(SETTINGS, issuer="edge-gateway"))
    assert auth("GET", "/.well-known/oauth-authorization-server").status == 404
    assert auth.verify(read(auth.token(BODY))["access_token"]).principal is not None
