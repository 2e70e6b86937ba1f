"""CORS as a browser enforces it: pages of two origins call the tests' gateway."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import ALLOWED, API, REFUSED
from tests.consumer import bearer, mint, unique

Fetched = Callable[[str, str], Any]
FAILED = "TypeError: Failed to fetch"
JSON = "headers: {'content-type': 'application/json'}, body: '{}'"

READ: list[tuple[str, str, int]] = [
    # path, options of fetch, status
    ("/pages", "{}", 200),
    ("/pages", "{method: 'PUT', " + JSON + "}", 200),
    ("/pages", "{headers: {'x-own': '1'}}", 200),
    ("/pages-with-cookies", "{credentials: 'include'}", 200),
    ("/pages-for-anybody", "{}", 200),
    # Problems can be read: no credentials, a body that is too large.
    ("/pages-protected", "{}", 401),
    ("/pages", "{method: 'PUT', body: 'x'.repeat(2000)}", 413),
]
KEPT = [
    # The route of this method has no policy.
    ("/pages", "{method: 'DELETE'}"),
    ("/pages", "{headers: {'x-other': '1'}}"),
    ("/pages", "{credentials: 'include'}"),
    ("/pages-for-anybody", "{credentials: 'include'}"),
    ("/echo", "{}"),
]


def arguments(path: str, options: str) -> str:
    return f"'{API}{path}/{unique('page')}', {options}"


@pytest.mark.parametrize(("path", "options", "status"), READ)
def test_a_page_that_is_allowed_reads(
    fetched: Fetched, path: str, options: str, status: int
) -> None:
    answer = fetched(ALLOWED, arguments(path, options))
    assert (answer["status"], answer["type"]) == (status, "cors")
    if path == "/pages":
        assert "x-request-id" in answer["seen"]
    assert json.loads(answer["text"])


@pytest.mark.parametrize(("path", "options"), KEPT)
def test_what_an_allowed_page_may_not(fetched: Fetched, path: str, options: str) -> None:
    assert fetched(ALLOWED, arguments(path, options)) == FAILED


@pytest.mark.parametrize(("path", "options"), [(path, options) for path, options, _ in READ])
def test_a_page_of_another_origin_reads_nothing(fetched: Fetched, path: str, options: str) -> None:
    answer = fetched(REFUSED, arguments(path, options))
    if path == "/pages-for-anybody":
        assert answer["status"] == 200
    else:
        assert answer == FAILED


@pytest.mark.parametrize(("origin", "calls_made"), [(ALLOWED, 1), (REFUSED, 0)])
def test_after_a_refused_preflight_nothing_is_sent(
    fetched: Fetched, calls: Callable[[str], int], origin: str, calls_made: int
) -> None:
    path = f"/pages/{unique('sent')}"
    fetched(origin, f"'{API}{path}', {{method: 'PUT', {JSON}}}")
    assert calls(path) == calls_made


def test_a_page_calls_with_a_token(fetched: Fetched) -> None:
    headers = json.dumps(bearer(mint()))
    path = f"/pages-protected/{unique('page')}"
    answer = fetched(ALLOWED, f"'{API}{path}', {{headers: {headers}}}")
    assert answer["status"] == 200
    assert fetched(REFUSED, f"'{API}{path}', {{headers: {headers}}}") == FAILED
