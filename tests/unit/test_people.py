"""Logins, sessions, refresh tokens, revocation and introspection, on a real SQLite."""

from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from contract.auth import CredentialKind, Principal
from contract.names import CLIENT_ADDRESS
from contract.service import FORM, ServiceResponse
from contract.sessions import csrf_token
from identity.attempts import PER_ACCOUNT, PER_ADDRESS, WINDOW, network
from identity.passwords import hash_secret
from identity.sessions import ACCESS_LIFETIME, FAMILY_LIFETIME, RECHECK_AFTER, SESSION_LIFETIME
from tests.unit.test_identity import BASIC, Auth, basic, derive, read

PASSWORD = "correct horse battery"
HASH = hash_secret(PASSWORD, derive, bytes)
SCOPES = "roadmaps:read roadmaps:write"
ADDRESSES = iter(f"10.0.{number // 250}.{number % 250}" for number in range(10_000))


class People(Auth):
    """The auth service with an account, `alice`."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_795_000_000.0
        self.database.query(
            "INSERT INTO accounts (id, password_hash, scopes, created_at) VALUES (?, ?, ?, 0)",
            *("alice", HASH, SCOPES),
        )
        self.database.query("UPDATE clients SET scopes = scopes || ' tokens:introspect'")

    def json(self, path: str, body: Any, **fields: str) -> ServiceResponse:
        sent = {"content_type": "application/json", CLIENT_ADDRESS: next(ADDRESSES), **fields}
        return self("POST", path, msgspec.json.encode(body), **sent)

    def log_in(
        self, password: str = PASSWORD, account: str = "alice", **fields: str
    ) -> ServiceResponse:
        return self.json("/login", {"account": account, "password": password}, **fields)

    def cookie(self) -> str:
        return self.log_in().cookies[0].partition(";")[0]

    def tokens(self, cookie: str = "", **body: str) -> Any:
        response = self.json("/session/token", body, cookie=cookie or self.cookie())
        assert response.status == 200
        return read(response)

    def form(self, path: str, **form: str) -> ServiceResponse:
        fields = {"authorization": form.pop("authorization")} if "authorization" in form else {}
        return self("POST", path, urlencode(form).encode(), content_type=FORM, **fields)

    def refresh(self, token: str, **form: str) -> ServiceResponse:
        return self.form("/oauth/token", grant_type="refresh_token", refresh_token=token, **form)

    def introspect(self, token: str) -> Any:
        return read(self.form("/oauth/introspect", token=token, authorization=BASIC))

    def is_good(self, token: str) -> bool:
        return self.verify(token).principal is not None


@pytest.fixture
def auth() -> People:
    return People()


def test_a_login_gives_a_cookie_for_this_host_alone(auth: People) -> None:
    response = auth.log_in()
    assert read(response) == {
        "account": "alice",
        "scopes": SCOPES.split(),
        "expires_at": auth.now + SESSION_LIFETIME,
        "csrf_token": (token := response.cookies[1].partition(";")[0].partition("=")[2]),
    }
    common = {"Path=/", "Secure", "SameSite=Strict", f"Max-Age={SESSION_LIFETIME}"}
    (session, *of_session), (csrf, *of_csrf) = (one.split("; ") for one in response.cookies)
    name, _, credential = session.partition("=")
    assert (name, set(of_session)) == ("__Host-session", common | {"HttpOnly"})
    assert (csrf, set(of_csrf)) == (f"__Host-csrf={token}", common)
    assert token == csrf_token(credential)
    assert response.headers["cache-control"] == "no-store"
    assert credential.split("_", 2)[2] not in str(auth.database.query("SELECT * FROM sessions"))


def test_a_session_is_shown_until_it_ends(auth: People) -> None:
    own = auth.cookie()
    cookie = f"other=1; {own}; third=2"
    shown = read(auth("GET", "/session", cookie=cookie))
    assert (shown["account"], shown["csrf_token"]) == ("alice", csrf_token(own.partition("=")[2]))
    auth.now += SESSION_LIFETIME
    assert auth("GET", "/session", cookie=cookie).status == 401


NO_SESSION = [
    *("", "__Host-session=", "__Host-session=gs_a_b", "session={}"),
    "__Host-session={}; __Host-session={}",
]


@pytest.mark.parametrize("field", NO_SESSION)
def test_another_cookie_is_no_session(auth: People, field: str) -> None:
    credential = auth.cookie().partition("=")[2]
    cookie = field.replace("{}", credential)
    assert auth("GET", "/session", cookie=cookie).status == 401
    assert auth.json("/session/token", {}, cookie=cookie).status == 401


def test_a_session_credential_is_no_bearer_credential(auth: People) -> None:
    assert not auth.is_good(auth.cookie().partition("=")[2])


def test_a_session_is_good_as_a_cookie_and_nothing_else_is(auth: People) -> None:
    session = auth.cookie().partition("=")[2]
    principal = auth.verify(session, session=True).principal
    assert principal == Principal(
        subject="alice",
        kind=CredentialKind.SESSION,
        scopes=tuple(SCOPES.split()),
        issued_at=int(auth.now),
        expires_at=int(auth.now) + RECHECK_AFTER,
        credential_id=session.split("_")[1],
    )
    tokens = auth.tokens()
    for other in (tokens["access_token"], tokens["refresh_token"], session[:-1], f"{session}x", ""):
        assert auth.verify(other, session=True).principal is None
    auth.now += SESSION_LIFETIME - 1
    last = auth.verify(session, session=True).principal
    assert last is not None
    assert last.expires_at == int(auth.now) + 1
    auth.now += 1
    assert auth.verify(session, session=True).reason == "The session has ended, or never was."


def test_a_session_has_the_scopes_that_its_account_has_now(auth: People) -> None:
    session = auth.cookie().partition("=")[2]
    auth.database.query("UPDATE accounts SET scopes = 'roadmaps:read'")
    principal = auth.verify(session, session=True).principal
    assert principal is not None
    assert principal.scopes == ("roadmaps:read",)
    auth.database.query("UPDATE accounts SET disabled_at = 1")
    assert auth.verify(session, session=True).principal is None


def test_nothing_from_before_a_login_is_good_after_it(auth: People) -> None:
    before = auth.cookie()
    after = auth.log_in(cookie=before).cookies[0].partition(";")[0]
    assert after != before
    assert auth("GET", "/session", cookie=before).status == 401
    assert auth("GET", "/session", cookie=after).status == 200
    # A login that fails ends nothing.
    assert auth.log_in("wrong", cookie=after).status == 401
    assert auth("GET", "/session", cookie=after).status == 200


@pytest.mark.parametrize(
    ("account", "password"),
    [("alice", "wrong"), ("alice", PASSWORD.upper()), ("mallory", PASSWORD), ("alice'--", "x")],
)
def test_who_does_not_know_the_password_stays_outside(
    auth: People, account: str, password: str
) -> None:
    response = auth.log_in(password, account)
    assert (response.status, read(response)["code"]) == (401, "invalid-credentials")
    assert response.cookies == ()
    assert auth.log == []


def test_a_name_is_the_same_in_capitals(auth: People) -> None:
    assert auth.log_in(account=" Alice ").status == 200


def test_a_disabled_account_is_out_at_once(auth: People) -> None:
    cookie = auth.cookie()
    tokens = auth.tokens(cookie)
    auth.database.query("UPDATE accounts SET disabled_at = 1")
    assert auth.log_in().status == 401
    assert auth("GET", "/session", cookie=cookie).status == 401
    assert auth.refresh(tokens["refresh_token"]).status == 400


FOREIGN: list[dict[str, str]] = [
    {"origin": "https://evil.test"},
    {"origin": "null"},
    {"origin": "http://api.test"},
    {"origin": "https://api.test.evil.test"},
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site"},
    {"origin": "https://api.test", "sec_fetch_site": "cross-site"},
]


@pytest.mark.parametrize("fields", FOREIGN)
@pytest.mark.parametrize("path", ["/login", "/logout", "/session/token"])
def test_another_site_changes_nothing(auth: People, path: str, fields: dict[str, str]) -> None:
    cookie = auth.cookie()
    body = {"account": "alice", "password": PASSWORD} if path == "/login" else {}
    response = auth.json(path, body, cookie=cookie, **fields)
    assert (response.status, read(response)["code"]) == (403, "cross-site")
    assert auth("GET", "/session", cookie=cookie).status == 200


def test_our_own_pages_may(auth: People) -> None:
    ours = {"origin": "https://api.test", "sec_fetch_site": "same-origin"}
    assert auth.log_in(**ours).status == 200


@pytest.mark.parametrize("content_type", [FORM, "text/plain", ""])
def test_a_form_of_another_page_cannot_log_in(auth: People, content_type: str) -> None:
    assert auth.log_in(content_type=content_type).status == 415


def test_attempts_on_an_account_are_limited_wherever_they_come_from(auth: People) -> None:
    assert [auth.log_in("wrong").status for _ in range(PER_ACCOUNT)] == [401] * PER_ACCOUNT
    refused = auth.log_in()  # although the password is right
    assert (refused.status, read(refused)["code"]) == (429, "rate-limited")
    assert refused.headers["retry-after"] == str(WINDOW)
    auth.now += WINDOW - 1
    assert auth.log_in().status == 429
    auth.now += 1
    assert auth.log_in().status == 200


def test_attempts_from_an_address_are_limited_whomever_they_try(auth: People) -> None:
    for number in range(PER_ADDRESS):
        address = f"2001:db8:1:2::{number:x}"  # all of one subscriber
        assert auth.log_in("x", f"name-{number}", **{CLIENT_ADDRESS: address}).status == 401
    assert auth.log_in(**{CLIENT_ADDRESS: "2001:db8:1:2:ffff::1"}).status == 429
    assert auth.log_in(**{CLIENT_ADDRESS: "2001:db8:1:3::1"}).status == 200


def test_coming_in_makes_up_for_what_was_mistyped(auth: People) -> None:
    for _ in range(3):
        assert [auth.log_in("wrong").status for _ in range(PER_ACCOUNT - 1)] == [401] * 9
        assert auth.log_in().status == 200


def test_counts_are_forgotten_and_hold_no_names(auth: People) -> None:
    auth.log_in("wrong", "my secret, typed in the wrong field")
    assert "secret" not in str(auth.database.query("SELECT * FROM login_attempts"))
    auth.now += WINDOW
    auth.log_in()
    assert len(auth.database.query("SELECT * FROM login_attempts")) == 1


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::", "2001:db8::/64"),
        ("", "unknown"),
        ("10.1.2.3, 10.1.2.4", "unknown"),
    ],
)
def test_an_address_counts_with_its_network(address: str, counted: str) -> None:
    assert network(address) == counted


def test_a_session_is_exchanged_for_tokens(auth: People) -> None:
    tokens = auth.tokens(scope="roadmaps:read")
    assert tokens["token_type"] == "Bearer"
    assert (tokens["expires_in"], tokens["scope"]) == (ACCESS_LIFETIME, "roadmaps:read")
    principal = auth.verify(tokens["access_token"]).principal
    assert principal is not None
    assert (principal.subject, principal.scopes) == ("alice", ("roadmaps:read",))
    assert auth.json("/session/token", {"scope": "keys:admin"}, cookie=auth.cookie()).status == 403
    kept = str(auth.database.query("SELECT * FROM refresh_families"))
    assert tokens["refresh_token"].split("_", 2)[2] not in kept


def test_a_refresh_token_is_good_once(auth: People) -> None:
    token = auth.tokens()["refresh_token"]
    seen = {token}
    for _ in range(5):
        response = auth.refresh(token)
        assert response.status == 200
        assert response.headers["cache-control"] == "no-store"
        token = read(response)["refresh_token"]
        assert token not in seen
        seen.add(token)
        assert auth.is_good(read(response)["access_token"])


def test_a_stolen_refresh_token_ends_all_that_came_of_it(auth: People) -> None:
    """The thief is first, the owner finds out; and the other way round."""
    for thief_is_first in (True, False):
        stolen = auth.tokens()["refresh_token"]
        first = read(auth.refresh(stolen))
        successor = read(auth.refresh(first["refresh_token"]))
        bystander = auth.tokens()
        assert auth.is_good(first["access_token"])
        assert auth.is_good(successor["access_token"])

        shown = stolen if thief_is_first else first["refresh_token"]
        second = auth.refresh(shown, scope="roadmaps:read" if thief_is_first else "")
        assert (second.status, read(second)["error"]) == (400, "invalid_grant")
        for token in (stolen, first["refresh_token"], successor["refresh_token"]):
            assert read(auth.refresh(token))["error"] == "invalid_grant"
        for tokens in (first, successor):
            assert auth.verify(tokens["access_token"]).reason == "The token was revoked."
        assert auth.is_good(bystander["access_token"])
        assert auth.refresh(bystander["refresh_token"]).status == 200
    assert [(line["event"], line["subject"]) for line in auth.log] == [
        ("refresh_token_reused", "alice")
    ] * 2
    assert stolen.split("_", 2)[2] not in str(auth.log)


def test_of_many_who_use_a_token_at_once_one_succeeds_and_the_family_ends(auth: People) -> None:
    token = auth.tokens()["refresh_token"]
    # One after the other as SQLite does it; what matters is that no order lets two of them in.
    statuses = [auth.refresh(token).status for _ in range(5)]
    assert sorted(statuses) == [200, 400, 400, 400, 400]
    rows = auth.database.query("SELECT * FROM refresh_families")
    assert [row["revoked_at"] for row in rows] == [int(auth.now)]


def test_a_family_does_not_last_for_ever(auth: People) -> None:
    token = auth.tokens()["refresh_token"]
    auth.now += FAMILY_LIFETIME - 1
    token = read(auth.refresh(token))["refresh_token"]
    auth.now += 1
    assert auth.refresh(token).status == 400
    assert auth.log == []


def test_refreshing_asks_for_less_and_never_for_more(auth: People) -> None:
    token = auth.tokens(scope="roadmaps:read")["refresh_token"]
    more = auth.refresh(token, scope="roadmaps:write")
    assert read(more)["error"] == "invalid_scope"
    assert auth.refresh(token).status == 200  # a refusal has not used it up
    token = auth.tokens()["refresh_token"]
    assert read(auth.refresh(token, scope="roadmaps:read"))["scope"] == "roadmaps:read"


def test_an_account_that_loses_a_scope_loses_it_at_the_next_refresh(auth: People) -> None:
    token = auth.tokens()["refresh_token"]
    auth.database.query("UPDATE accounts SET scopes = 'roadmaps:read'")
    following = read(auth.refresh(token))
    assert following["scope"] == "roadmaps:read"
    # Asked for by name, what was promised once is left out, and the token is not lost by it.
    asked = read(auth.refresh(following["refresh_token"], scope=SCOPES))
    assert asked["scope"] == "roadmaps:read"


NOT_GOOD = ["", "x", "gr_a_b", "gk_a_b", "gr__", "x" * 5000]


@pytest.mark.parametrize("token", NOT_GOOD)
def test_what_is_no_refresh_token_refreshes_nothing(auth: People, token: str) -> None:
    auth.tokens()
    for scope in ("", "roadmaps:read"):
        response = auth.refresh(token, scope=scope)
        assert (response.status, read(response)["error"]) == (400, "invalid_grant")
    assert auth.log == []


def test_a_client_has_no_use_for_a_persons_refresh_token(auth: People) -> None:
    token = auth.tokens()["refresh_token"]
    assert read(auth.refresh(token, authorization=BASIC))["error"] == "invalid_grant"
    assert read(auth.refresh(token, client_id="build"))["error"] == "invalid_grant"
    assert auth.refresh(token).status == 200


def test_logging_out_ends_the_session_and_its_tokens(auth: People) -> None:
    cookie = auth.cookie()
    tokens, other = auth.tokens(cookie), auth.tokens()
    response = auth.json("/logout", {}, cookie=cookie)
    assert response.status == 204
    assert [one.split("; ")[:2] for one in response.cookies] == [
        ["__Host-session=", "Max-Age=0"],
        ["__Host-csrf=", "Max-Age=0"],
    ]
    assert auth.verify(cookie.partition("=")[2], session=True).principal is None
    assert auth("GET", "/session", cookie=cookie).status == 401
    assert auth.refresh(tokens["refresh_token"]).status == 400
    assert not auth.is_good(tokens["access_token"])
    assert auth.is_good(other["access_token"])
    assert auth.json("/logout", {}, cookie=cookie).status == 204


def test_a_revoked_refresh_token_takes_its_family_along(auth: People) -> None:
    tokens = auth.tokens()
    assert auth.introspect(tokens["refresh_token"])["active"]
    assert auth.form("/oauth/revoke", token=tokens["refresh_token"]).status == 200
    assert auth.introspect(tokens["refresh_token"]) == {"active": False}
    assert auth.refresh(tokens["refresh_token"]).status == 400
    assert not auth.is_good(tokens["access_token"])


def test_an_access_token_is_revoked_alone(auth: People) -> None:
    tokens = auth.tokens()
    assert auth.form("/oauth/revoke", token=tokens["access_token"]).status == 200
    assert not auth.is_good(tokens["access_token"])
    assert auth.is_good(read(auth.refresh(tokens["refresh_token"]))["access_token"])


def test_a_clients_token_is_revoked_by_that_client(auth: People) -> None:
    auth.database.query(
        "INSERT INTO clients (id, secret_hash, scopes)"
        " SELECT 'other', secret_hash, scopes FROM clients"
    )
    token = read(auth.token("grant_type=client_credentials", authorization=BASIC))["access_token"]
    assert auth.form("/oauth/revoke", token=token).status == 401
    other = basic("other", "open%3A+sesame+%26+co")
    assert auth.form("/oauth/revoke", token=token, authorization=other).status == 200
    assert auth.is_good(token)
    assert auth.form("/oauth/revoke", token=token, authorization=BASIC).status == 200
    assert not auth.is_good(token)
    assert auth.introspect(token) == {"active": False}


@pytest.mark.parametrize("token", ["x", "eyJ.e30.AA", "gr_a_b", "gk_a_b"])
def test_revoking_nothing_succeeds(auth: People, token: str) -> None:
    assert auth.form("/oauth/revoke", token=token).status == 200


def test_a_token_is_told_about(auth: People) -> None:
    token = auth.tokens()["access_token"]
    told = auth.introspect(token)
    assert told.pop("jti")
    assert told == {
        "active": True,
        "scope": SCOPES,
        "client_id": "first-party",
        "token_type": "Bearer",
        "sub": "alice",
        "iss": "https://api.test",
        "aud": "public-api",
        "exp": auth.now + ACCESS_LIFETIME,
        "iat": auth.now,
        "nbf": auth.now,
    }
    auth.now += ACCESS_LIFETIME + 30
    assert auth.introspect(token) == {"active": False}


@pytest.mark.parametrize("token", ["x", "eyJ.e30.AA", "gr_a_b", "gk_a_b"])
def test_of_anything_else_there_is_nothing_to_tell(auth: People, token: str) -> None:
    assert auth.introspect(token) == {"active": False}


def test_telling_is_for_clients_with_the_scope_for_it(auth: People) -> None:
    token = auth.tokens()["access_token"]
    assert auth.form("/oauth/introspect", token=token).status == 401
    auth.database.query("UPDATE clients SET scopes = 'roadmaps:read'")
    refused = auth.form("/oauth/introspect", token=token, authorization=BASIC)
    assert (refused.status, read(refused)["error"]) == (400, "unauthorized_client")


def test_revoked_tokens_are_forgotten_once_they_have_expired(auth: People) -> None:
    auth.form("/oauth/revoke", token=auth.tokens()["access_token"])
    auth.now += ACCESS_LIFETIME + 61
    auth.form("/oauth/revoke", token=auth.tokens()["access_token"])
    assert len(auth.database.query("SELECT * FROM revoked_tokens")) == 1


def test_while_the_database_is_down_tokens_go_on(auth: People) -> None:
    token = auth.tokens()["access_token"]
    auth.database.is_down = True
    assert auth.is_good(token)
    assert auth.log_in().status == 503
    assert auth.refresh("gr_a_b").status == 503


def test_a_person_has_the_roles_and_claims_of_the_account_now(auth: People) -> None:
    auth.database.query("UPDATE accounts SET roles = 'editor', claims = '{\"tenant\":\"acme\"}'")
    cookie = auth.cookie()
    tokens = auth.tokens(cookie)
    by_token = auth.verify(tokens["access_token"]).principal
    by_cookie = auth.verify(cookie.partition("=")[2], session=True).principal
    for one in (by_token, by_cookie):
        assert one is not None
        assert (one.roles, one.claims) == (("editor",), {"tenant": "acme"})
    auth.database.query("UPDATE accounts SET roles = ''")
    later = auth.verify(read(auth.refresh(tokens["refresh_token"]))["access_token"]).principal
    assert later is not None
    assert (later.roles, later.claims) == ((), {"tenant": "acme"})
