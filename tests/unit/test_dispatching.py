"""Redirects and rewrites: the cases of tests/cases/dispatching.py, and a table that checks."""

import msgspec
import pytest

from application import Application
from messages import Exchange, Headers, Request, Response
from routing.check import check_table
from routing.table import Table
from tests.cases.dispatching import CASES, HOST, TABLE, Case, outcome_of
from tests.unit.fakes import FakePlatform, json_response, run

PLATFORM = FakePlatform()
APPLICATION = Application(msgspec.convert(TABLE, Table), "id", PLATFORM)


def answer(case: Case) -> tuple[Response, list[Request]]:
    """What the client gets, and what the service got."""
    host, slash, rest = case.url.partition("/")
    path, _, query = f"{slash}{rest}".partition("?")
    request = Request(
        case.method, path, query, Headers(case.headers.items()), host=host or HOST, scheme="http"
    )
    origin = PLATFORM.binding("ORIGIN")
    origin.answer = lambda _: json_response(b"{}")
    origin.requests.clear()
    exchange = Exchange(
        request, request_id="r", client_address="192.0.2.1", now=PLATFORM.clock.now, defer=run
    )
    return run(APPLICATION.handle(exchange)), origin.requests


def test_the_table_of_the_cases_checks() -> None:
    assert check_table(msgspec.convert(TABLE, Table)) == []
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.method} {case.url}")
def test_a_request_leads_where_the_table_says(case: Case) -> None:
    response, asked = answer(case)
    code = None
    if response.status >= 400 and isinstance(response.body, bytes):
        code = msgspec.json.decode(response.body)["code"]
    at_service = None
    if asked:
        target = asked[0].path + (f"?{asked[0].query}" if asked[0].query else "")
        at_service = asked[0].headers.get("host"), target
    location = response.headers.get("location")
    assert outcome_of(case, response.status, location, code, at_service) == case.outcome
