"""Where routes take credentials from: one in each request, and what a service sees of it."""

import pytest

from application import Application
from contract.auth import CredentialKind, Principal
from contract.problems import Problem
from contract.sessions import csrf_token, without_session
from messages import Exchange, Headers
from policies.authenticate import Authenticate, Remembered
from policies.credentials import CredentialPlaces
from policies.key_places import KeyPlaces
from tests.unit.fakes import NOW, FakeAuthority, FakePlatform, answer_empty, exchange, run
from tests.unit.tables import route, table

HANDLE = "gs_abc_s-e_cret"
KEY = "gk_abc_s-e_cret"
COOKIE = ("cookie", f"__Host-session={HANDLE}")
BEARER = ("authorization", "Bearer good")
PERSON = Principal(
    subject="alice",
    kind=CredentialKind.SESSION,
    scopes=("read",),
    expires_at=int(NOW) + 60,
    credential_id="abc",
)
EVERYWHERE = CredentialPlaces(KeyPlaces("X-Api-Key", None), session=True)


def ask(
    *fields: tuple[str, str],
    credentials: CredentialPlaces = EVERYWHERE,
    authority: FakeAuthority | None = None,
    remembered: Remembered | None = None,
) -> Exchange:
    if authority is None:
        authority = FakeAuthority()
        authority.sessions[HANDLE] = PERSON
    one = exchange()
    one.request.headers = Headers(list(fields))
    run(Authenticate((), authority, remembered or Remembered(), credentials)(one, answer_empty))
    return one


COOKIES: list[tuple[str, str | None]] = [
    # the field, what is left of it
    ("__Host-session={}", None),
    ("a=1; __Host-session={}", "a=1"),
    ("a=1;__Host-session={};b=x=y", "a=1; b=x=y"),
    (" __Host-session = {} ;", None),
    ("a=1; __Host-session={}; c", "a=1; c"),
    ('__Host-csrf=t; __Host-session={}; q="a b"', '__Host-csrf=t; q="a b"'),
    # Another cookie with a name like it, and one that has it in its value.
    ("__host-session=x; __Host-session={}", "__host-session=x"),
    ("a=1, __Host-session=x; __Host-session={}", None),
]


@pytest.mark.parametrize(("field", "left"), COOKIES)
def test_a_session_is_taken_out_and_other_cookies_pass(field: str, left: str | None) -> None:
    asked = ask(("cookie", field.replace("{}", HANDLE)))
    assert asked.principal == PERSON
    assert asked.request.headers.get("cookie") == left


REFUSED: list[tuple[list[tuple[str, str]], str, str | None]] = [
    # fields, code, challenge
    ([COOKIE, BEARER], "malformed-request", None),
    ([COOKIE, ("authorization", "Basic eDp5")], "malformed-request", None),
    ([COOKIE, ("x-api-key", KEY)], "malformed-request", None),
    ([COOKIE, COOKIE], "malformed-request", None),
    ([("cookie", f"__Host-session={HANDLE}; __Host-session=x")], "malformed-request", None),
    ([("cookie", f"__Host-session={HANDLE}, __Host-session={HANDLE}")], "invalid-credentials",
     "Bearer"),
    ([("cookie", f'__Host-session="{HANDLE}"')], "invalid-credentials", "Bearer"),
    ([("cookie", "__Host-session=")], "invalid-credentials", "Bearer"),
    ([("cookie", "__Host-session=good")], "invalid-credentials", "Bearer"),
    ([("cookie", f"__Host-session={KEY}")], "invalid-credentials", "Bearer"),
    ([("cookie", f"__Host-session=gs_abc_{'x' * 121}")], "invalid-credentials", "Bearer"),
    ([("cookie", "__Host-session=gs_abc_unknown")], "invalid-credentials", "Bearer"),
    ([("cookie", f"__host-session={HANDLE}")], "unauthenticated", "Bearer"),
    ([("cookie", f"session={HANDLE}")], "unauthenticated", "Bearer"),
    ([("cookie", f"a=1, __Host-session={HANDLE}")], "unauthenticated", "Bearer"),
    ([("authorization", f"Bearer {HANDLE}")], "invalid-credentials",
     'Bearer error="invalid_token"'),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "code", "challenge"), REFUSED)
def test_what_is_no_session_or_one_credential_too_many_is_refused(
    fields: list[tuple[str, str]], code: str, challenge: str | None
) -> None:
    with pytest.raises(Problem) as refused:
        ask(*fields)
    assert refused.value.type.code == code
    assert refused.value.headers.get("www-authenticate") == challenge
    assert HANDLE not in str(refused.value)


def test_what_is_good_in_one_place_is_not_in_another() -> None:
    """Not even while the isolate remembers it."""
    authority, remembered = FakeAuthority(), Remembered()
    authority.sessions[HANDLE] = PERSON
    ask(COOKIE, authority=authority, remembered=remembered)
    ask(BEARER, authority=authority, remembered=remembered)
    for field in (f"Bearer {HANDLE}", f"Bearer session {HANDLE}"):
        with pytest.raises(Problem):
            ask(("authorization", field), authority=authority, remembered=remembered)
    with pytest.raises(Problem):
        ask(("cookie", "__Host-session=good"), authority=authority, remembered=remembered)


def test_a_session_is_remembered_and_forgotten_by_its_id() -> None:
    authority, remembered = FakeAuthority(), Remembered()
    authority.sessions[HANDLE] = PERSON
    for _ in range(2):
        ask(COOKIE, authority=authority, remembered=remembered)
    assert authority.asked == [HANDLE]
    remembered.forget("abc")
    del authority.sessions[HANDLE]
    with pytest.raises(Problem):
        ask(COOKIE, authority=authority, remembered=remembered)


def test_a_route_that_takes_no_sessions_does_not_look_at_cookies() -> None:
    with pytest.raises(Problem, match="Credentials are required"):
        ask(COOKIE, credentials=CredentialPlaces())
    assert ask(COOKIE, BEARER, credentials=CredentialPlaces()).principal is not None


def test_a_token_tells_sessions_apart_and_nothing_of_them() -> None:
    tokens = {csrf_token(f"gs_abc_{number}") for number in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {43}
    assert csrf_token(HANDLE) == csrf_token(HANDLE)
    assert without_session(f"a=1; x=__Host-session={HANDLE}") == "a=1"


ENDS: list[tuple[dict[str, object], str | None]] = [
    # the route's members, the Cookie field that the service sees
    ({"service": "data"}, "a=1"),
    ({"service": "data", "access": {"session": True}}, "a=1"),
    ({"service": "auth"}, f"a=1; __Host-session={HANDLE}"),
    ({"service": "auth", "mirror": {"service": "data"}}, "a=1"),
]


@pytest.mark.parametrize(("members", "seen"), ENDS)
def test_only_who_keeps_sessions_sees_the_cookie(
    members: dict[str, object], seen: str | None
) -> None:
    platform = FakePlatform()
    platform.authority.sessions[HANDLE] = PERSON
    application = Application(table(route(**members)), "0" * 64, platform)
    cookies = {"cookie": f"a=1; __Host-session={HANDLE}"}
    assert run(application.handle(exchange(path="/v2/things/1", headers=cookies))).status == 200
    binding = str(members["service"]).upper()
    assert platform.services[binding].requests[0].headers.get("cookie") == seen
