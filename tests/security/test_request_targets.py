"""Requests that mean one thing to us and another to somebody behind us are refused."""

import pytest

from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from tests.consumer import bearer, mint
from tests.plan import LABS
from tests.raw_http import send

MALFORMED = [
    "/v2/roadmaps/../../keys",
    "/v2/../keys",
    "/v2/./roadmaps",
    "/v2/roadmaps/.",
    "/v2/roadmaps/%2e%2e/statistics",
    "/v2/roadmaps/.%2E/statistics",
    "/v2/roadmaps/%2e",
    "//v2/roadmaps",
    "/v2//roadmaps",
    "/v2/roadmaps//",
    "/v2/roadmaps/a%2fb",
    "/v2/roadmaps/a%2Fb",
    "/v2/roadmaps/a%5cb",
    "/v2/roadmaps/a%00",
    "/v2/roadmaps/a%0d%0aX-Injected:%201",
    "/v2/roadmaps/a%7f",
    "/v2/roadmaps/a%",
    "/v2/roadmaps/a%zz",
    "/v2/roadmaps/a\\b",
    "/v2/roadmaps/{id}",
    "/v2/roadmaps/a|b",
    '/v2/roadmaps/"',
    "/v2/roadmaps/" + "a" * 5000,
]


@pytest.mark.parametrize("target", MALFORMED, ids=lambda target: target[:40])
def test_an_ambiguous_path_is_refused(runtime: LocalRuntime, target: str) -> None:
    field = f"Authorization: Bearer {mint()}"
    response = send(runtime.url(GATEWAY), f"GET {target} HTTP/1.1", field)
    assert (response.status, response.code()) == (400, "malformed-request")
    assert b"Traceback" not in response.body


REFUSED_BEFORE_US: dict[str, list[str | bytes]] = {
    "a control character in the target": ["GET /v2/\x01 HTTP/1.1"],
    "a target that is no ASCII": ["GET /v2/ä HTTP/1.1".encode()],
    "an unknown method": ["BREW /v2/roadmaps HTTP/1.1"],
    "a space in the target": ["GET /v2/road maps HTTP/1.1"],
    "a field with a line break": ["GET /echo/x HTTP/1.1", b"X-A: 1\rX-B: 2"],
    "a folded field": ["GET /echo/x HTTP/1.1", "X-A: 1\r\n 2"],
    "a field with NUL": ["GET /echo/x HTTP/1.1", b"X-A: \x00"],
    "a space before the colon": ["GET /echo/x HTTP/1.1", "X-A : 1"],
    "two lengths": ["POST /echo/x HTTP/1.1", "Content-Length: 1", "Content-Length: 2"],
    "a negative length": ["POST /echo/x HTTP/1.1", "Content-Length: -1"],
    "an unknown transfer coding": ["POST /echo/x HTTP/1.1", "Transfer-Encoding: xchunked"],
}


@pytest.mark.parametrize("lines", REFUSED_BEFORE_US.values(), ids=REFUSED_BEFORE_US)
def test_what_is_no_http_is_refused(runtime: LocalRuntime, lines: list[str | bytes]) -> None:
    response = send(runtime.url(LABS[0]), *lines)
    assert 400 <= response.status < 502
    assert response.status != 500
    assert b"Traceback" not in response.body


def test_a_body_is_measured_in_one_way_only(runtime: LocalRuntime) -> None:
    """A length and a transfer coding at once: the second request must not be taken for one."""
    smuggled = b"GET /echo/smuggled HTTP/1.1\r\n\r\n"
    response = send(
        runtime.url(LABS[0]),
        "POST /echo/x HTTP/1.1",
        f"Content-Length: {5 + len(smuggled)}",
        "Transfer-Encoding: chunked",
        body=b"0\r\n\r\n" + smuggled,
    )
    assert b"smuggled" not in response.body


ABSOLUTE = [
    # request target, host that the Host field names, status
    ("http://example.com/v2/statistics", None, 200),
    ("http://example.com//v2/statistics", None, 400),
    ("http://example.com/v2/../keys", None, 400),
]


@pytest.mark.parametrize(("target", "host", "status"), ABSOLUTE)
def test_an_absolute_target_is_read_like_any_other(
    runtime: LocalRuntime, target: str, host: str | None, status: int
) -> None:
    assert send(runtime.url(GATEWAY), f"GET {target} HTTP/1.1").status == status


def test_a_token_in_the_query_is_none(runtime: LocalRuntime) -> None:
    token = mint()
    response = send(runtime.url(GATEWAY), f"GET /v2/roadmaps?access_token={token} HTTP/1.1")
    assert (response.status, response.code()) == (401, "unauthenticated")


def test_two_authorization_fields_are_refused(runtime: LocalRuntime) -> None:
    fields = [f"Authorization: {bearer(mint())['authorization']}" for _ in range(2)]
    response = send(runtime.url(GATEWAY), "GET /v2/roadmaps HTTP/1.1", *fields)
    assert (response.status, response.code()) == (400, "malformed-request")
