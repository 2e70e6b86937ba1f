"""The whole gateway, on a platform in memory: what a client sends, and what it gets."""

import json
from typing import Any

import pytest

from application import Application
from messages import Exchange, Headers, Request, Response
from ports import Unavailable
from tests.unit.fakes import NOW, FakePlatform, FakeStream, exchange, json_response, run
from tests.unit.tables import DEPRECATED, route, table

TABLE = table(
    route(name="sign-in", path="/sign-in", methods=["POST"], versions=None, service="auth"),
    route(name="limited", path="/limited", rate_limit="few"),
    route(name="private", path="/private", access={"scopes": ["read"]}),
    route(name="cached", path="/cached", cache={"ttl": "30s"}),
    route(name="small", path="/small", methods=["POST"], max_body="5B"),
    route(name="list", path="/things", methods=["GET", "POST"]),
    route(name="get", path="/things/{id}", methods=["GET", "DELETE"]),
    route(name="get-part", path="/things/{id}/parts/{part}"),
    route(
        name="old-list",
        path="/items",
        methods=["GET", "POST"],
        versions=["v1"],
        upstream_path="/things",
        transform="old",
    ),
    route(name="old-get", path="/items/{key}", versions=["v1"], upstream_path="/things/{key}"),
    route(
        name="old-get-part",
        path="/items/{key}/bits/{bit}",
        versions=["v1"],
        upstream_path="/things/{key}/parts/{bit}",
    ),
    services={
        "data": {"binding": "DATA", "circuit_breaker": {"minimum_calls": 2}},
        "auth": {"url": "https://auth.example.com"},
    },
)


class Gateway:
    """The application, with its platform at hand."""

    def __init__(self) -> None:
        self.platform = FakePlatform()
        self.data = self.platform.binding("DATA")
        self.application = Application(TABLE, "table-1", self.platform)

    def send(self, method: str, path: str, **options: Any) -> tuple[Exchange, Response]:
        asked = exchange(method, path, **options)
        return asked, run(self.application.handle(asked))


def code_of(response: Response) -> str | None:
    """The problem's code; `None` where the answer is none."""
    if response.headers.get("content-type") != "application/problem+json":
        return None
    assert isinstance(response.body, bytes)
    document: dict[str, Any] = json.loads(response.body)
    assert document["status"] == response.status
    assert document["request_id"] == response.headers.get("x-request-id") == "request-1"
    return str(document["code"])


ROUTED = [
    # method, path, API-Version, route, version, path at the service
    ("GET", "/v2/things", None, "list", "v2", "/things"),
    ("GET", "/things", None, "list", "v2", "/things"),
    ("GET", "/things", "2", "list", "v2", "/things"),
    ("GET", "/v2/things", "v2", "list", "v2", "/things"),
    ("HEAD", "/v2/things", None, "list", "v2", "/things"),
    ("GET", "/v2/%74hings/a%20b", None, "get", "v2", "/things/a%20b"),
    ("GET", "/v1/items/7", None, "old-get", "v1", "/things/7"),
    ("GET", "/items/7", "v1", "old-get", "v1", "/things/7"),
    ("POST", "/sign-in", None, "sign-in", None, "/sign-in"),
    ("POST", "/sign-in", "v9", "sign-in", None, "/sign-in"),
]


@pytest.mark.parametrize(("method", "path", "field", "name", "version", "at_service"), ROUTED)
def test_a_request_finds_its_route(
    method: str, path: str, field: str | None, name: str, version: str | None, at_service: str
) -> None:
    gateway = Gateway()
    headers = {} if field is None else {"api-version": field}
    asked, response = gateway.send(method, path, headers=headers)
    assert response.status == 200
    assert asked.route is not None
    assert asked.route.name == name
    assert (asked.version.name if asked.version else None) == version
    service = gateway.platform.binding("https://auth.example.com" if not version else "DATA")
    assert [request.path for request in service.requests] == [at_service]


REFUSED = [
    # method, path, API-Version, status, code, Allow
    ("GET", "/nothing", None, 404, "not-found", None),
    ("GET", "/v2/items", None, 404, "not-found", None),
    ("GET", "/v1", None, 404, "not-found", None),
    ("GET", "/", None, 404, "not-found", None),
    ("PUT", "/v2/things", None, 405, "method-not-allowed", "GET, HEAD, OPTIONS, POST"),
    ("OPTIONS", "/nothing", None, 404, "not-found", None),
    ("OPTIONS", "/things", "v3", 400, "unsupported-version", None),
    ("GET", "/sign-in", None, 405, "method-not-allowed", "OPTIONS, POST"),
    ("GET", "/sign-in", "v9", 400, "unsupported-version", None),
    ("POST", "/healthz", None, 405, "method-not-allowed", "GET, HEAD"),
    ("DELETE", "/problems/conflict", None, 405, "method-not-allowed", "GET, HEAD"),
    ("GET", "/problems/nothing", None, 404, "not-found", None),
    ("GET", "/v3/things", None, 400, "unsupported-version", None),
    ("GET", "/things", "v3", 400, "unsupported-version", None),
    ("GET", "/v1/items", "v2", 400, "version-conflict", None),
    ("GET", "/v2/things%2F7", None, 400, "malformed-request", None),
    ("GET", "/v2/../healthz", None, 400, "malformed-request", None),
    ("GET", "/v2/private", None, 401, "unauthenticated", None),
]


@pytest.mark.parametrize(("method", "path", "field", "status", "code", "allow"), REFUSED)
def test_what_leads_nowhere_is_a_problem(
    method: str, path: str, field: str | None, status: int, code: str, allow: str | None
) -> None:
    gateway = Gateway()
    headers = {} if field is None else {"api-version": field}
    asked, response = gateway.send(method, path, headers=headers)
    assert (response.status, code_of(response)) == (status, code)
    assert response.headers.get("allow") == allow
    assert asked.log["problem"] == code
    assert gateway.data.requests == []


@pytest.mark.parametrize(
    ("path", "field", "allow"),
    [
        ("/things/7", None, "DELETE, GET, HEAD, OPTIONS"),
        ("/v1/items", None, "GET, HEAD, OPTIONS, POST"),
        ("/items", "1", "GET, HEAD, OPTIONS, POST"),
        ("/sign-in", "v9", "OPTIONS, POST"),
    ],
)
def test_options_are_answered_from_the_table(path: str, field: str | None, allow: str) -> None:
    gateway = Gateway()
    _, response = gateway.send(
        "OPTIONS", path, headers={} if field is None else {"api-version": field}
    )
    assert (response.status, response.body) == (204, None)
    assert response.headers.get("allow") == allow
    assert gateway.data.requests == []


@pytest.mark.parametrize(
    ("path", "vary"),
    [("/things", "api-version"), ("/v2/things", None), ("/sign-in", None)],
)
def test_an_answer_that_depends_on_the_field_says_so(path: str, vary: str | None) -> None:
    _, response = Gateway().send("GET", path)
    assert response.headers.get("vary") == vary


def test_what_the_service_varies_by_is_kept() -> None:
    gateway = Gateway()
    gateway.data.answer = lambda _: json_response(b"{}", vary="accept-encoding")
    _, response = gateway.send("GET", "/things")
    assert response.headers.get_all("vary") == ["accept-encoding", "api-version"]


SUCCESSORS = [
    # path in the old version, its successor
    ("/v1/items", "/v2/things"),
    ("/v1/items/7", "/v2/things/7"),
    ("/v1/items/7/bits/8", "/v2/things/7/parts/8"),
]


@pytest.mark.parametrize(("path", "successor"), SUCCESSORS)
def test_the_old_version_says_that_it_ages_and_where_to_go(path: str, successor: str) -> None:
    _, response = Gateway().send("GET", path)
    assert response.headers.get("deprecation") == "@1788220800"
    assert response.headers.get("sunset") == "Wed, 01 Sep 2027 00:00:00 GMT"
    assert response.headers.get_all("link") == [f'<{successor}>; rel="successor-version"']


def test_both_versions_tell_the_same_record_in_their_own_words() -> None:
    gateway = Gateway()
    gateway.data.answer = lambda _: json_response(b'{"title":"x"}')
    assert gateway.send("GET", "/v2/things")[1].body == b'{"title":"x"}'
    assert gateway.send("GET", "/v1/items")[1].body == b'{"name":"x"}'
    gateway.send("POST", "/v1/items", headers={"content-type": "application/json"},
                 body=b'{"name":"y"}')  # fmt: skip
    assert gateway.data.requests[-1].body == b'{"title":"y"}'


LOCATIONS = [
    # path of the request, API-Version, the service's Location, the client's
    ("/v2/things", None, "/things/8", "/v2/things/8"),
    ("/v1/items", None, "/things/8", "/v1/items/8"),
    ("/v1/items", None, "/things/8?a=1", "/v1/items/8?a=1"),
    ("/v1/items", None, "/things/8/parts/9", "/v1/items/8/bits/9"),
    ("/items", "v1", "/things/8", "/items/8"),
    ("/v1/items", None, "/elsewhere", "/elsewhere"),
    ("/v1/items", None, "https://example.com/things/8", "https://example.com/things/8"),
    ("/v1/items", None, "//example.com/things", "//example.com/things"),
    ("/v1/items", None, "?page=2", "?page=2"),
]


@pytest.mark.parametrize(("path", "field", "location", "public"), LOCATIONS)
def test_a_location_is_one_that_the_client_can_follow(
    path: str, field: str | None, location: str, public: str
) -> None:
    gateway = Gateway()
    gateway.data.answer = lambda _: json_response(b"{}", 201, location=location)
    headers = {} if field is None else {"api-version": field}
    _, response = gateway.send("POST", path, headers=headers)
    assert response.headers.get("location") == public


def test_a_body_over_the_limit_is_refused_before_the_service_hears_of_it() -> None:
    gateway = Gateway()
    _, response = gateway.send("POST", "/v2/small", body=FakeStream(b"123456"))
    assert (response.status, code_of(response)) == (413, "content-too-large")
    assert gateway.data.requests == []


def test_a_protected_route_opens_for_a_good_credential_only() -> None:
    gateway = Gateway()
    good, bad = ({"authorization": f"Bearer {name}"} for name in ("good", "bad"))
    assert gateway.send("GET", "/v2/private", headers=good)[1].status == 200
    _, response = gateway.send("GET", "/v2/private", headers=bad)
    assert (response.status, code_of(response)) == (401, "invalid-credentials")
    assert response.headers.get("www-authenticate") == 'Bearer error="invalid_token"'


def test_the_quota_counts_and_is_shown_in_the_refusal_too() -> None:
    gateway = Gateway()
    codes = [code_of(gateway.send("GET", "/v2/limited")[1]) for _ in range(3)]
    assert codes == [None, None, "rate-limited"]
    _, response = gateway.send("GET", "/v2/limited")
    assert response.status == 429
    assert response.headers.get("ratelimit-policy") == '"few";q=2;w=60'
    assert int(response.headers.get("retry-after") or 0) > 0


def test_the_second_get_comes_from_the_cache() -> None:
    gateway = Gateway()
    statuses = [gateway.send("GET", "/v2/cached")[1].headers.get("cache-status") for _ in range(2)]
    assert statuses == [
        "edge-gateway; fwd=uri-miss; fwd-status=200; stored",
        "edge-gateway; hit; ttl=30",
    ]
    assert len(gateway.data.requests) == 1


def test_a_service_that_fails_is_left_alone_on_all_of_its_routes() -> None:
    gateway = Gateway()
    gateway.data.failure = Unavailable("DATA")
    codes = [code_of(gateway.send("GET", "/v2/things")[1]) for _ in range(2)]
    assert codes == ["upstream-unreachable"] * 2
    _, response = gateway.send("GET", "/v1/items/7")
    assert (response.status, code_of(response)) == (503, "upstream-unavailable")
    assert response.headers.get("retry-after") == "10"
    assert len(gateway.data.requests) == 2


def test_a_defect_is_a_problem_without_its_traceback() -> None:
    def fail(_: Request) -> Response:
        raise ZeroDivisionError("secret")

    gateway = Gateway()
    gateway.data.answer = fail
    asked, response = gateway.send("GET", "/v2/things")
    assert (response.status, code_of(response)) == (500, "internal-error")
    assert isinstance(response.body, bytes)
    assert b"secret" not in response.body
    assert "ZeroDivisionError: secret" in asked.log["traceback"]


def test_the_request_id_of_the_gateway_is_the_one_that_counts() -> None:
    gateway = Gateway()
    gateway.data.answer = lambda _: Response(200, Headers([("x-request-id", "mine")]))
    _, response = gateway.send("GET", "/v2/things")
    assert response.headers.get_all("x-request-id") == ["request-1"]


def test_nobody_can_say_who_he_is_but_the_gateway() -> None:
    gateway = Gateway()
    gateway.send("GET", "/v2/things", headers={"gateway-identity": '{"subject":"root"}'})
    assert "gateway-identity" not in gateway.data.requests[0].headers


@pytest.mark.parametrize(
    ("states", "status", "summary"),
    [
        ({"auth": "ok", "data": "ok"}, 200, "ok"),
        ({"auth": "ok", "data": "no answer"}, 503, "degraded"),
    ],
)
def test_health_says_whether_all_is_well(states: dict[str, str], status: int, summary: str) -> None:
    gateway = Gateway()
    gateway.platform.states = states
    asked, response = gateway.send("GET", "/healthz")
    assert response.status == status
    assert isinstance(response.body, bytes)
    assert json.loads(response.body) == {"status": summary}
    unwell = {name: state for name, state in states.items() if state != "ok"}
    assert asked.log.get("unwell", {}) == unwell
    assert run(gateway.application.health.details()) == {
        "status": summary,
        "table": "table-1",
        "workers": {"gateway": "ok"} | states,
    }


def test_however_often_health_is_asked_for_the_others_are_asked_once_in_a_second() -> None:
    """Nobody needs a credential for it, and each look is a call to every Worker and object."""
    gateway = Gateway()

    def shown(later: float, data: str) -> bytes:
        gateway.platform.states = {"data": data}
        _, response = gateway.send("GET", "/healthz", now=NOW + later)
        assert isinstance(response.body, bytes)
        return response.body

    well = shown(0, "ok")
    assert [shown(later, "no answer") for later in (0, 0.5, 0.99)] == [well] * 3
    assert shown(1, "no answer") != well
    assert shown(2, "ok") == well


def test_a_problem_explains_itself_at_its_address() -> None:
    _, refusal = Gateway().send("GET", "/nothing")
    assert isinstance(refusal.body, bytes)
    _, response = Gateway().send("GET", json.loads(refusal.body)["type"])
    assert isinstance(response.body, bytes)
    assert response.status == 200
    assert json.loads(response.body)["code"] == "not-found"


def test_time_passes_only_as_it_is_handed_in() -> None:
    gateway = Gateway()
    gateway.send("GET", "/v2/cached")
    _, response = gateway.send("GET", "/v2/cached", now=NOW + 29)
    assert response.headers.get("age") == "29"


def test_a_version_may_age_before_it_has_a_successor() -> None:
    versions = {"default": "v2", "supported": {"v2": {"deprecated": DEPRECATED}}}
    application = Application(table(versions=versions), "table-1", FakePlatform())
    response = run(application.handle(exchange("GET", "/v2/things/7")))
    assert response.headers.get("deprecation") == "@1788220800"
    assert "link" not in response.headers
