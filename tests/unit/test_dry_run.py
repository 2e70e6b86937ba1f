"""Dry runs: the edge's own code answers, and everything on the way is seen."""

import pytest

from cli.dry_run.call import Call, Caller, CallError, make_call, parse_field
from cli.dry_run.platform import Answer
from cli.dry_run.run import DryRun
from tests.unit.fakes import NOW
from tests.unit.tables import route, table

TABLE = table(
    route(name="open", path="/open"),
    route(name="private", path="/private/{id}", access={"scopes": ["read"]}),
    route(name="small", path="/small", methods=["POST"], max_body="5B"),
    route(name="closed", path="/closed", maintenance=True),
    route(name="limited", path="/limited", rate_limit="few", cache={"ttl": "30s"}),
    route(name="old", path="/items", methods=["POST"], versions=["v1"], transform="old"),
)
ADA = Caller("ada", ("read",))

REFUSALS = [
    # call, status, problem, the step that refused
    (make_call("GET", "/v2/open"), 200, None, None),
    (make_call("GET", "/v2/private/7"), 401, "unauthenticated", "authenticate"),
    (make_call("GET", "/v2/private/7", caller=Caller("eve")), 403, "insufficient-scope",
     "authenticate"),
    (make_call("GET", "/v2/private/7", caller=ADA), 200, None, None),
    (make_call("GET", "/v2/private/7", [("Authorization", "Bearer x")]), 401,
     "invalid-credentials", "authenticate"),
    (make_call("GET", "/v2/private/7", [("Authorization", "Bearer x")], caller=ADA), 200, None,
     None),
    (make_call("POST", "/v2/small", body=b"123456"), 413, "content-too-large", "guard"),
    (make_call("POST", "/v2/small", body=b"12345"), 200, None, None),
    (make_call("GET", "/v2/closed"), 503, "maintenance", "maintenance"),
    (make_call("POST", "/v1/items", [("Content-Type", "application/json")], b"{"), 400,
     "invalid-json", "transform"),
    (make_call("GET", "/v2/nothing"), 404, "not-found", "match"),
    (make_call("DELETE", "/v2/open"), 405, "method-not-allowed", "match"),
    (make_call("GET", "/v9/open"), 400, "unsupported-version", "version"),
    (make_call("GET", "/v2/%00"), 400, "malformed-request", "path"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "status", "problem", "step"), REFUSALS)
def test_a_refusal_names_the_step_that_refused(
    call: Call, status: int, problem: str | None, step: str | None
) -> None:
    outcome = DryRun(TABLE, NOW).send(call)
    assert (outcome.status, outcome.problem, outcome.refused_by()) == (status, problem, step)


def test_the_request_is_seen_as_the_service_would_get_it() -> None:
    call = make_call("POST", "/v1/items?a=1", body=b'{"name": "x", "price": 1.10}')
    outcome = DryRun(TABLE, NOW).send(call, Answer(201, body=b'{"title": "x"}'))
    assert outcome.service == "data"
    assert outcome.sent is not None
    assert (outcome.sent.method, outcome.sent.target) == ("POST", "/items?a=1")
    assert outcome.sent.body == b'{"price":1.10,"title":"x"}'
    assert (outcome.status, outcome.body) == (201, b'{"name":"x"}')
    assert (outcome.route and outcome.route.name, outcome.version) == ("old", "v1")


def test_every_call_is_the_first_of_its_window_and_meets_an_empty_cache() -> None:
    run = DryRun(TABLE, NOW)
    for _ in range(5):
        fields = dict(run.send(make_call("GET", "/v2/limited")).headers)
        assert fields["ratelimit"] == '"few";r=1;t=60'
        assert "stored" in fields["cache-status"]


VERSIONS = [
    (make_call("GET", "/open"), []),
    (make_call("GET", "/v2/open"), ["path"]),
    (make_call("GET", "/open", [("API-Version", "2")]), ["header api-version"]),
    (make_call("GET", "/v2/open", [("API-Version", "2")]), ["path", "header api-version"]),
]


@pytest.mark.parametrize(("call", "named"), VERSIONS)
def test_it_is_told_what_names_the_version(call: Call, named: list[str]) -> None:
    assert DryRun(TABLE, NOW).named_by(call) == named


URLS = [
    # URL, host, path, query
    ("/a/%2e?b=c#d", "localhost", "/a/%2e", "b=c"),
    ("https://api.example.com/a", "api.example.com", "/a", ""),
    ("http://api.example.com:81?x", "api.example.com:81", "/", "x"),
]


@pytest.mark.parametrize(("url", "host", "path", "query"), URLS)
def test_a_url_is_taken_as_it_is(url: str, host: str, path: str, query: str) -> None:
    call = make_call("GET", url)
    assert (call.host, call.path, call.query) == (host, path, query)


@pytest.mark.parametrize("url", ["", "things", "ftp://a/b", "//a/b "[2:]])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(CallError, match="expected a path such as"):
        make_call("GET", url)


def test_a_header_field_is_written_as_for_curl() -> None:
    assert parse_field("X-A: b: c") == ("X-A", "b: c")
    with pytest.raises(CallError, match="expected `Name: value`"):
        parse_field("nothing")
    with pytest.raises(CallError, match="not a header field"):
        make_call("GET", "/", [("a", "b\r\nc: d")])


def test_a_call_can_be_repeated_from_the_shell() -> None:
    call = make_call("POST", "/v1/items?a=1", [("X-A", "it's")], b'{"a":1}', ADA)
    assert call.explain() == (
        "gateway explain POST '/v1/items?a=1' -H 'x-a: it'\"'\"'s' "
        "-H 'content-type: application/json' -d '{\"a\":1}' --as ada --scope read"
    )
    assert call.curl("http://gateway") == (
        "curl -i -X POST --path-as-is 'http://gateway/v1/items?a=1' -H 'x-a: it'\"'\"'s' "
        "-H 'content-type: application/json' -d '{\"a\":1}' "
        '-H "Authorization: Bearer $(gateway token --subject ada --scopes read)"'
    )
