"""Who gets past the authenticate policy, and what the others are told (RFC 6750)."""

import msgspec
import pytest

from contract.auth import VerifyResponse
from contract.names import IDENTITY
from contract.problems import Problem
from messages import Exchange, Headers, Response
from policies.authenticate import Authenticate, Remembered
from tests.unit.fakes import (
    NOW,
    FakeAuthority,
    FakeSigner,
    answer_empty,
    exchange,
    principal,
    run,
)


def ask(
    authorization: str | None = "Bearer good",
    *,
    scopes: tuple[str, ...] = (),
    authority: FakeAuthority | None = None,
    remembered: Remembered | None = None,
    now: float = NOW,
) -> Exchange:
    asked = exchange(now=now)
    if authorization is not None:
        asked.request.headers.set("authorization", authorization)
    policy = Authenticate(
        scopes,
        authority or FakeAuthority(),
        remembered if remembered is not None else Remembered(),
    )
    response = run(policy(asked, answer_empty))
    assert response.status == 200
    return asked


REFUSED = [
    # the Authorization field, code, its challenge
    (None, "unauthenticated", "Bearer"),
    ("", "unauthenticated", "Bearer"),
    ("Bearer", "unauthenticated", "Bearer"),
    ("Bearer ", "unauthenticated", "Bearer"),
    ("Basic Z29vZA==", "unauthenticated", "Bearer"),
    ("good", "unauthenticated", "Bearer"),
    ("Bearer bad", "invalid-credentials", 'Bearer error="invalid_token"'),
    ("Bearer " + "a" * 8193, "invalid-credentials", 'Bearer error="invalid_token"'),
    ("Bearer good, Bearer good", "malformed-request", None),
    ("Bearer good good", "malformed-request", None),
]


@pytest.mark.parametrize(("authorization", "code", "challenge"), REFUSED)
def test_without_a_good_credential_nobody_passes(
    authorization: str | None, code: str, challenge: str | None
) -> None:
    with pytest.raises(Problem) as refused:
        ask(authorization)
    assert refused.value.type.code == code
    assert refused.value.headers.get("www-authenticate") == challenge


def test_two_authorization_fields_are_refused() -> None:
    asked = exchange()
    asked.request.headers = Headers([("authorization", "Bearer good")] * 2)
    with pytest.raises(Problem, match="more than one"):
        run(Authenticate((), FakeAuthority(), Remembered())(asked, answer_empty))


def test_the_auth_workers_reason_is_passed_on() -> None:
    with pytest.raises(Problem, match="The token has expired"):
        ask("Bearer bad")


@pytest.mark.parametrize("authorization", ["Bearer good", "bearer good", "BEARER  good "])
def test_the_credential_goes_no_further(authorization: str) -> None:
    asked = ask(authorization)
    assert asked.principal == principal()
    assert "authorization" not in asked.request.headers
    assert IDENTITY not in asked.request.headers  # it is signed where the service is known


def test_without_keys_to_sign_with_the_route_stays_closed() -> None:
    authority, signer = FakeAuthority(), FakeSigner()
    signer.trouble = "IDENTITY_KEYS is missing"
    asked = exchange(headers={"authorization": "Bearer good"})
    with pytest.raises(Problem) as refused:
        run(Authenticate((), authority, Remembered(), signer=signer)(asked, answer_empty))
    assert refused.value.type.code == "auth-unavailable"
    assert asked.log["identity_error"] == "IDENTITY_KEYS is missing"
    assert authority.asked == []


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        ((), None),
        (("read",), None),
        (("read", "write"), "write"),
        (("reader",), "reader"),
    ],
)
def test_all_scopes_are_needed(scopes: tuple[str, ...], missing: str | None) -> None:
    if missing is None:
        ask(scopes=scopes)
        return
    with pytest.raises(Problem) as refused:
        ask(scopes=scopes)
    assert refused.value.type.code == "insufficient-scope"
    assert refused.value.detail == f"Missing: {missing}."
    challenge = refused.value.headers["www-authenticate"]
    assert challenge == f'Bearer error="insufficient_scope", scope="{" ".join(sorted(scopes))}"'


def test_the_route_stays_closed_while_the_auth_worker_is_down() -> None:
    authority = FakeAuthority()
    authority.down = True
    with pytest.raises(Problem) as refused:
        ask(authority=authority)
    assert refused.value.type.code == "auth-unavailable"
    assert int(refused.value.headers["retry-after"]) > 0


REMEMBERED = [
    # seconds until the credential expires, seconds until the next request, asked again?
    (3600, 0, False),
    (3600, 59, False),
    (3600, 60, True),
    (30, 29, False),
    (30, 30, True),
    (0, 0, True),
]


@pytest.mark.parametrize(("expires_in", "later", "asked_again"), REMEMBERED)
def test_a_verified_credential_is_remembered_but_never_past_its_end(
    expires_in: float, later: float, asked_again: bool
) -> None:
    authority, remembered = FakeAuthority(), Remembered()
    authority.principals["good"] = principal(expires_at=NOW + expires_in)
    ask(authority=authority, remembered=remembered)
    ask(authority=authority, remembered=remembered, now=NOW + later)
    assert len(authority.asked) == (2 if asked_again else 1)


def test_a_remembered_credential_works_while_the_auth_worker_is_down() -> None:
    authority, remembered = FakeAuthority(), Remembered()
    ask(authority=authority, remembered=remembered)
    authority.down = True
    assert ask(authority=authority, remembered=remembered).principal == principal()


def test_a_refusal_is_not_remembered() -> None:
    authority, remembered = FakeAuthority(), Remembered()
    with pytest.raises(Problem):
        ask("Bearer new", authority=authority, remembered=remembered)
    authority.principals["new"] = principal()
    ask("Bearer new", authority=authority, remembered=remembered)


def test_the_memory_is_bounded_and_forgets_the_oldest() -> None:
    remembered = Remembered()
    for number in range(Remembered.MAX_ENTRIES + 1):
        remembered.put(number.to_bytes(4, "big"), principal(), NOW, 0)
    assert remembered.get((0).to_bytes(4, "big"), NOW) is None
    assert remembered.get((1).to_bytes(4, "big"), NOW) is not None


FORGOTTEN = [
    # what is to be forgotten, whether the token is verified again
    ("jti-1", True),
    ("family-1", True),
    ("jti-2", False),
    ("", True),
]


@pytest.mark.parametrize(("id", "asked_again"), FORGOTTEN)
def test_what_was_revoked_is_asked_for_again(id: str, asked_again: bool) -> None:
    authority, remembered = FakeAuthority(), Remembered()
    known = msgspec.structs.replace(principal(), credential_id="jti-1", family="family-1")
    authority.principals["good"] = known
    ask(authority=authority, remembered=remembered)
    remembered.forget(id) if id else remembered.clear()
    ask(authority=authority, remembered=remembered)
    assert len(authority.asked) == (2 if asked_again else 1)


def test_an_answer_from_before_a_revocation_is_not_remembered() -> None:
    """The auth Worker has said yes, then the credential was revoked, and that was heard first."""
    authority, remembered = FakeAuthority(), Remembered()
    verify = authority.verify

    async def slow(credential: str, *, session: bool = False) -> VerifyResponse:
        answer = await verify(credential, session=session)
        remembered.forget("whatever")
        return answer

    authority.verify = slow  # type: ignore[method-assign]
    ask(authority=authority, remembered=remembered)
    authority.verify = verify  # type: ignore[method-assign]
    del authority.principals["good"]
    with pytest.raises(Problem):
        ask(authority=authority, remembered=remembered)


def test_a_revocation_that_nobody_hears_of_bites_after_a_minute() -> None:
    """The feed is down, so nothing is forgotten: an hour's token that was verified at `NOW`."""
    authority, remembered = FakeAuthority(), Remembered()
    ask(authority=authority, remembered=remembered)
    del authority.principals["good"]
    ask(authority=authority, remembered=remembered, now=NOW + Remembered.MAX_AGE - 0.001)
    with pytest.raises(Problem) as refused:
        ask(authority=authority, remembered=remembered, now=NOW + Remembered.MAX_AGE)
    assert refused.value.type.code == "invalid-credentials"


def test_scopes_are_checked_for_a_remembered_credential_too() -> None:
    authority, remembered = FakeAuthority(), Remembered()
    ask(authority=authority, remembered=remembered)
    with pytest.raises(Problem, match="Missing: admin"):
        ask(authority=authority, remembered=remembered, scopes=("admin",))


def test_nobody_is_asked_for_where_the_credential_is_missing() -> None:
    async def never(_exchange: Exchange) -> Response:
        raise AssertionError

    authority = FakeAuthority()
    with pytest.raises(Problem):
        run(Authenticate((), authority, Remembered())(exchange(), never))
    assert authority.asked == []
