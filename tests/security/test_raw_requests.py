"""Requests that no client library sends, over a socket: who answers them, and how.

The table is that of docs/security.md, which a test compares with this one.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from runtime.local import LocalRuntime
from tests.plan import LABS
from tests.raw_http import send

PAGE = Path(__file__).resolve().parents[2] / "docs" / "security.md"
RUNTIME = "runtime"
"""Answered before any Worker is asked."""
PASSED = "passed"
"""Taken for what HTTP says it is: Transfer-Encoding counts (RFC 9112, section 6.3)."""


class Raw(NamedTuple):
    """A request, and the answer to it: a status, and the problem's code where we say it."""

    lines: tuple[str | bytes, ...]
    status: int
    who: str
    body: bytes = b""
    host: bool = True


GET, POST = "GET /echo/x HTTP/1.1", "POST /echo/x HTTP/1.1"
CHUNKED = "Transfer-Encoding: chunked"
CHUNK = b"1\r\na\r\n0\r\n\r\n"
US = "malformed-request"

REQUESTS: dict[str, Raw] = {
    "no Host": Raw((GET,), 400, RUNTIME, host=False),
    "an empty Host": Raw((GET, "Host:"), 400, RUNTIME, host=False),
    "two Host fields": Raw((GET, "Host: a.test", "Host: b.test"), 400, US, host=False),
    "a Host with a user": Raw((GET, "Host: a@b.test"), 400, US, host=False),
    "a Host with a space": Raw((GET, "Host: a b"), 400, US, host=False),
    "a Host with a path": Raw((GET, "Host: a.test/x"), 400, US, host=False),
    "a Host with a query": Raw((GET, "Host: a.test?x"), 400, US, host=False),
    "two Authorization fields": Raw(
        (GET, "Authorization: Bearer a", "Authorization: Bearer b"), 400, US
    ),
    "two different Content-Length": Raw(
        (POST, "Content-Length: 1", "Content-Length: 2"), 400, RUNTIME, b"ab"
    ),
    "a list in Content-Length": Raw((POST, "Content-Length: 1, 1"), 400, RUNTIME, b"a"),
    "a negative Content-Length": Raw((POST, "Content-Length: -1"), 400, RUNTIME),
    "Content-Length and Transfer-Encoding": Raw(
        (POST, "Content-Length: 1", CHUNKED), 200, PASSED, CHUNK
    ),
    "another Transfer-Encoding": Raw((POST, "Transfer-Encoding: xchunked"), 400, RUNTIME),
    "two Transfer-Encoding": Raw(
        (POST, CHUNKED, "Transfer-Encoding: identity"), 400, RUNTIME, CHUNK
    ),
    "a broken chunk": Raw((POST, CHUNKED), 400, US, b"zz\r\na\r\n"),
    "an unknown method": Raw(("BREW /echo/x HTTP/1.1",), 501, RUNTIME),
    "a method in small letters": Raw(("get /echo/x HTTP/1.1",), 501, RUNTIME),
    "TRACE": Raw(("TRACE /echo/x HTTP/1.1",), 405, "method-not-allowed"),
    "CONNECT": Raw(("CONNECT a.test:443 HTTP/1.1",), 500, RUNTIME),
    "a control character in a value": Raw((GET, b"X-A: a\x01b"), 400, US),
    "a NUL in a value": Raw((GET, b"X-A: a\x00b"), 400, RUNTIME),
    "a CR in a value": Raw((GET, b"X-A: a\rb"), 400, RUNTIME),
    "a folded line": Raw((GET, "X-A: 1", " 2"), 400, RUNTIME),
    "a space before the colon": Raw((GET, "X-A : 1"), 400, RUNTIME),
    "a bracket in a name": Raw((GET, "X(A): 1"), 400, RUNTIME),
    "a control character in the target": Raw((b"GET /echo/\x01 HTTP/1.1",), 400, RUNTIME),
    "UTF-8 in the target": Raw(("GET /echo/\u00e9 HTTP/1.1".encode(),), 400, US),
    "an encoded NUL in the path": Raw(("GET /echo/%00 HTTP/1.1",), 400, US),
    "an encoded line end in the path": Raw(("GET /echo/%0d%0aX:1 HTTP/1.1",), 400, US),
    "bytes that are no UTF-8 in the path": Raw(("GET /echo/%ff HTTP/1.1",), 400, US),
    "a target longer than `target_bytes`": Raw(
        (f"GET /echo/x?{'a' * 50_000} HTTP/1.1",), 414, "target-too-long"
    ),
    "a target of 70 KB": Raw((f"GET /echo/{'a' * 70_000} HTTP/1.1",), 414, RUNTIME),
    "500 fields": Raw((GET, *(f"X-{n}: 1" for n in range(500))), 431, "fields-too-large"),
    "a field of 50 KB": Raw((GET, f"X-A: {'a' * 50_000}"), 431, "fields-too-large"),
}


@pytest.mark.parametrize("raw", REQUESTS.values(), ids=REQUESTS)
def test_who_answers(runtime: LocalRuntime, raw: Raw) -> None:
    response = send(runtime.url(LABS[0]), *raw.lines, body=raw.body, host=raw.host)
    who = response.code() or (PASSED if "x-request-id" in response.headers else RUNTIME)
    assert (response.status, who) == (raw.status, raw.who)


def test_the_page_says_the_same() -> None:
    rows = re.findall(r"^\| ([^|]+) \| (\d{3}) \| ([a-z-]+) \|$", PAGE.read_text(), re.MULTILINE)
    told = {name: (int(status), who) for name, status, who in rows}
    assert told == {name: (raw.status, raw.who) for name, raw in REQUESTS.items()}


def test_a_length_that_is_overruled_limits_nothing(runtime: LocalRuntime) -> None:
    chunk = b"1388\r\n" + b"a" * 5000 + b"\r\n0\r\n\r\n"
    response = send(runtime.url(LABS[0]), POST, "Content-Length: 1", CHUNKED, body=chunk)
    assert response.code() == "content-too-large"


def test_a_target_in_absolute_form_does_not_change_the_host(runtime: LocalRuntime) -> None:
    url = runtime.url(LABS[0])
    response = send(url, "GET http://evil.test/echo/x HTTP/1.1", "Host: a.test", host=False)
    assert b'"host":"a.test"' in response.body


def test_a_redirect_is_returned_and_not_followed(runtime: LocalRuntime) -> None:
    for path in ("/echo/x", "/remote/x"):
        to = "http://127.0.0.1:1/latest/meta-data"
        target = f"GET {path}?status=302&header=Location:%20{to} HTTP/1.1"
        response = send(runtime.url(LABS[0]), target)
        assert (response.status, response.headers["location"]) == (302, to)
