"""API keys beside the Authorization field: where a route takes them from, and what is left."""

import pytest

from contract.problems import Problem
from messages import Exchange, Headers
from policies.authenticate import Authenticate, Remembered
from policies.credentials import CredentialPlaces
from policies.key_places import KeyPlaces
from tests.unit.fakes import FakeAuthority, answer_empty, exchange, principal, run

KEY = "gk_abc_s-e_cret"
BOTH = KeyPlaces("X-Api-Key", "api_key")


def asked(query: str, *fields: tuple[str, str]) -> Exchange:
    one = exchange()
    one.request.query = query
    one.request.headers = Headers(list(fields))
    return one


TAKEN: list[tuple[str, list[tuple[str, str]], KeyPlaces, str | None, str]] = [
    # query, fields, places, the key, the query that is left
    ("", [("x-api-key", KEY)], BOTH, KEY, ""),
    (f"api_key={KEY}", [], BOTH, KEY, ""),
    (f"a=1&api_key={KEY}&b=%20", [], BOTH, KEY, "a=1&b=%20"),
    (f"api%5fkey={KEY}&a=1", [], BOTH, KEY, "a=1"),
    (f"a=1&api_key={KEY}", [], KeyPlaces("X-Api-Key", None), None, f"a=1&api_key={KEY}"),
    ("", [("x-api-key", KEY)], KeyPlaces(None, "api_key"), None, ""),
    ("a=1&&b", [], BOTH, None, "a=1&&b"),
    (f"API_KEY={KEY}", [], BOTH, None, f"API_KEY={KEY}"),
]


@pytest.mark.parametrize(("query", "fields", "places", "key", "left"), TAKEN)
def test_a_key_is_taken_out_of_its_place(
    query: str, fields: list[tuple[str, str]], places: KeyPlaces, key: str | None, left: str
) -> None:
    one = asked(query, *fields)
    assert places.take(one.request) == key
    assert one.request.query == left
    assert key is None or "x-api-key" not in one.request.headers


REFUSED: list[tuple[str, list[tuple[str, str]], str]] = [
    # query, fields, code
    (f"api_key={KEY}", [("x-api-key", KEY)], "malformed-request"),
    (f"api_key={KEY}&api_key={KEY}", [], "malformed-request"),
    ("", [("x-api-key", f"{KEY}, {KEY}")], "malformed-request"),
    ("", [("x-api-key", KEY), ("authorization", "Bearer good")], "malformed-request"),
    ("", [("x-api-key", "")], "invalid-credentials"),
    ("api_key", [], "invalid-credentials"),
    ("api_key=good", [], "invalid-credentials"),
    ("", [("x-api-key", "eyJhbGciOiJub25lIn0.e30.AA")], "invalid-credentials"),
    ("", [("x-api-key", "gk_" + "x" * 198)], "invalid-credentials"),
    (f"api_key={KEY}%00", [], "invalid-credentials"),
]


@pytest.mark.parametrize(("query", "fields", "code"), REFUSED)
def test_what_is_no_key_or_more_than_one_is_refused(
    query: str, fields: list[tuple[str, str]], code: str
) -> None:
    authority = FakeAuthority()
    policy = Authenticate((), authority, Remembered(), CredentialPlaces(BOTH))
    with pytest.raises(Problem) as refused:
        run(policy(asked(query, *fields), answer_empty))
    assert refused.value.type.code == code
    assert authority.asked == []


def test_a_key_is_verified_as_if_it_were_a_bearer_credential() -> None:
    authority, remembered = FakeAuthority(), Remembered()
    authority.principals[KEY] = principal()
    one = asked(f"api_key={KEY}")
    run(Authenticate((), authority, remembered, CredentialPlaces(BOTH))(one, answer_empty))
    assert one.principal == principal()
    other = asked("", ("authorization", f"Bearer {KEY}"))
    run(Authenticate((), authority, remembered, CredentialPlaces(BOTH))(other, answer_empty))
    assert len(authority.asked) == 1


def test_a_route_that_names_no_place_looks_at_none() -> None:
    with pytest.raises(Problem, match="Credentials are required"):
        run(
            Authenticate((), FakeAuthority(), Remembered())(
                asked(f"api_key={KEY}", ("x-api-key", KEY)), answer_empty
            )
        )
