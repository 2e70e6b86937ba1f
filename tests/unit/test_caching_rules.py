"""RFC 9111, as far as we follow it: what may be looked up, what may be stored and for how long."""

import pytest

from caching.rules import cache_control, freshness_lifetime, matches_etag, may_look_up
from messages import Headers, Request, Response

DEFAULT = 30.0


@pytest.mark.parametrize(
    ("fields", "directives"),
    [
        ([], {}),
        (["no-store"], {"no-store": ""}),
        (["Public, MAX-AGE=60"], {"public": "", "max-age": "60"}),
        (["max-age=60", "s-maxage=10"], {"max-age": "60", "s-maxage": "10"}),
        (["max-age=60, max-age=90"], {"max-age": "60"}),
        (['private="set-cookie, x", max-age="5"'], {"private": "set-cookie, x", "max-age": "5"}),
        ([" , ,max-age = 5 ,"], {"max-age": "5"}),
    ],
)
def test_directives_are_read(fields: list[str], directives: dict[str, str]) -> None:
    headers = Headers(("cache-control", value) for value in fields)
    assert cache_control(headers) == directives


@pytest.mark.parametrize(
    ("method", "headers", "allowed"),
    [
        ("GET", {}, True),
        ("HEAD", {}, True),
        ("GET", {"cache-control": "max-age=0"}, True),
        ("POST", {}, False),
        ("GET", {"range": "bytes=0-9"}, False),
        ("GET", {"cache-control": "no-cache"}, False),
        ("GET", {"cache-control": "No-Store"}, False),
    ],
)
def test_a_stored_answer_may_be_looked_up(
    method: str, headers: dict[str, str], allowed: bool
) -> None:
    assert may_look_up(Request(method, "/", headers=Headers(headers.items()))) is allowed


Fields = dict[str, str]

LIFETIMES: list[tuple[Fields, Fields, float]] = [
    # fields of the request, fields of the response, seconds
    ({}, {}, DEFAULT),
    ({}, {"cache-control": "public"}, DEFAULT),
    ({}, {"cache-control": "max-age=60"}, 60),
    ({}, {"cache-control": "max-age=60, s-maxage=10"}, 10),
    ({}, {"cache-control": "s-maxage=0, max-age=60"}, 0),
    ({}, {"cache-control": "max-age=99999999999"}, 31_536_000),
    # What cannot be read counts as stale (section 4.2.1).
    ({}, {"cache-control": "max-age=soon"}, 0),
    ({}, {"cache-control": "max-age=-1"}, 0),
    ({}, {"cache-control": "max-age=²"}, 0),
    ({}, {"cache-control": "no-store"}, 0),
    ({}, {"cache-control": "no-cache, max-age=60"}, 0),
    ({}, {"cache-control": "private, max-age=60"}, 0),
    ({}, {"set-cookie": "a=b", "cache-control": "max-age=60"}, 0),
    ({}, {"vary": "accept-language"}, 0),
    ({}, {"vary": "*"}, 0),
    ({}, {"vary": "Accept-Encoding"}, DEFAULT),
    ({}, {"vary": "accept-encoding, origin"}, 0),
    ({"cache-control": "no-store"}, {"cache-control": "max-age=60"}, 0),
    ({"range": "bytes=0-9"}, {"cache-control": "max-age=60"}, 0),
    # Section 3.5: an answer to a request with credentials has to be declared as shared.
    ({"authorization": "Bearer x"}, {}, 0),
    ({"authorization": "Bearer x"}, {"cache-control": "max-age=60"}, 0),
    ({"authorization": "Bearer x"}, {"cache-control": "public, max-age=60"}, 60),
    ({"authorization": "Bearer x"}, {"cache-control": "s-maxage=60"}, 60),
]


@pytest.mark.parametrize(("asked", "answered", "seconds"), LIFETIMES)
def test_an_answer_may_be_stored_for_so_long(
    asked: Fields, answered: Fields, seconds: float
) -> None:
    request = Request("GET", "/", headers=Headers(asked.items()))
    response = Response(200, Headers(answered.items()))
    assert freshness_lifetime(request, response, DEFAULT) == seconds


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("POST", 200), ("GET", 404), ("GET", 206), ("GET", 304)]
)
def test_only_a_whole_answer_to_get_is_stored(method: str, status: int) -> None:
    assert freshness_lifetime(Request(method, "/"), Response(status), DEFAULT) == 0


@pytest.mark.parametrize(
    ("condition", "etag", "same"),
    [
        ('"a"', '"a"', True),
        ('W/"a"', '"a"', True),
        ('"a"', 'W/"a"', True),
        ('"b", "a"', '"a"', True),
        ("*", '"a"', True),
        ('"b"', '"a"', False),
        ('"a"', None, False),
        (None, '"a"', False),
        ("*", None, False),
    ],
)
def test_if_none_match_compares_weakly(condition: str | None, etag: str | None, same: bool) -> None:
    headers = Headers([("if-none-match", condition)] if condition is not None else [])
    assert matches_etag(Request("GET", "/", headers=headers), etag) is same
