"""What the compiled table works out in advance, where the application's tests do not show it."""

from typing import Any

import pytest

from application import Application
from messages import Exchange, Response
from routing.compile import ORDER, CompiledRoutes
from routing.table import Table
from tests.unit.fakes import (
    FakePlatform,
    FakeStream,
    exchange,
    json_response,
    principal,
    run,
)
from tests.unit.tables import route, table


def send(table: Table, asked: Exchange, platform: FakePlatform | None = None) -> Response:
    return run(Application(table, "table-1", platform or FakePlatform()).handle(asked))


OLD = {"name": "old", "path": "/old/{id}", "versions": ["v1"], "upstream_path": "/records/{id}"}

SUCCESSORS: list[tuple[dict[str, Any], str | None]] = [
    # the route of the next version, the link to it from /v1/old/7
    ({"path": "/new/{key}", "upstream_path": "/records/{key}"}, "/v2/new/7"),
    ({"path": "/records/{id}"}, "/v2/records/7"),
    # It asks something else of the service, or another service, or by another method.
    ({"path": "/new/{id}", "upstream_path": "/others/{id}"}, None),
    ({"path": "/new/{id}", "upstream_path": "/records/{id}", "service": "auth"}, None),
    ({"path": "/new/{id}", "upstream_path": "/records/{id}", "methods": ["PUT"]}, None),
    # Its path needs a value that the old one does not have.
    ({"path": "/new/{team}/{id}", "upstream_path": "/records/{id}"}, None),
]


@pytest.mark.parametrize(("new", "link"), SUCCESSORS)
def test_the_same_resource_in_the_next_version(new: dict[str, Any], link: str | None) -> None:
    response = send(table(route(**OLD), route(name="new", **new)), exchange("GET", "/v1/old/7"))
    expected = [f'<{link}>; rel="successor-version"'] if link else []
    assert response.headers.get_all("link") == expected


def test_a_location_that_cannot_be_told_in_the_clients_words_stays() -> None:
    platform = FakePlatform()
    platform.binding("DATA").answer = lambda _: json_response(b"", 201, location="/records/8")
    wider = route(path="/teams/{team}/{id}", upstream_path="/records/{id}")
    response = send(table(wider), exchange("GET", "/v2/teams/a/7"), platform)
    assert response.headers.get("location") == "/records/8"


def test_an_unlimited_body_streams_through() -> None:
    platform = FakePlatform()
    upload = route(path="/upload", methods=["PUT"], max_body="unlimited")
    body = FakeStream(b"x" * 2_000_000)
    send(table(upload), exchange("PUT", "/v2/upload", body=body), platform)
    assert platform.binding("DATA").requests[0].body is body
    assert not body.was_read


def test_a_table_that_was_not_checked_does_not_load() -> None:
    with pytest.raises(ValueError, match="not checked"):
        Application(table(services={"data": {}}), "table-1", FakePlatform())


def test_a_binding_that_is_not_there_is_found_when_the_table_loads() -> None:
    class Bare(FakePlatform):
        def binding(self, name: str) -> Any:
            raise KeyError(name)

    with pytest.raises(KeyError, match="DATA"):
        Application(table(), "table-1", Bare())


SUNSET = 1_819_756_800.0  # 2027-09-01, as in tests.unit.tables
SUPPORTED: dict[str, Any] = {
    "v1": {"sunset": "2027-09-01T00:00:00Z", "successor": "v2"},
    "v2": {},
}
CHANGE = {
    "name": "old-things",
    "date": "2026-06-01",
    "from": "v1",
    "to": "v2",
    "paths": {"/olds": "/things"},
}


def aged(after_sunset: str, *routes: dict[str, Any]) -> Table:
    v1 = SUPPORTED["v1"] | {"after_sunset": after_sunset}
    versions = {"default": "v2", "supported": SUPPORTED | {"v1": v1}}
    return table(*routes, versions=versions, changes=[CHANGE])


ENDS = [
    # after_sunset, seconds after the sunset, path, field, status, location
    ("serve", 0, "/v1/olds/7", None, 200, None),
    ("gone", -1, "/v1/olds/7", None, 200, None),
    ("gone", 0, "/v1/olds/7", None, 410, None),
    ("gone", 0, "/olds/7", "v1", 410, None),
    ("redirect", -1, "/v1/olds/7", None, 200, None),
    ("redirect", 0, "/v1/olds/7", None, 308, "/v2/things/7?page=2"),
    # The field would go along with the redirect and contradict its path.
    ("redirect", 0, "/olds/7", "v1", 410, None),
    ("redirect", 0, "/v2/things/7", None, 200, None),
]


@pytest.mark.parametrize(("after", "late", "path", "field", "status", "location"), ENDS)
def test_after_the_sunset(
    after: str, late: float, path: str, field: str | None, status: int, location: str | None
) -> None:
    asked = exchange(
        "GET",
        path,
        "page=2",
        headers={"api-version": field} if field else {},
        now=SUNSET + late,
    )
    response = send(aged(after), asked)
    assert response.status == status
    assert response.headers.get("location") == location
    if status in (308, 410):
        assert response.headers.get("cache-control") == "no-store"
        assert response.headers.get("sunset") == "Wed, 01 Sep 2027 00:00:00 GMT"
        assert '</v2/things/7>; rel="successor-version"' in response.headers.get_all("link")
    if status == 410:
        assert b"Use /v2/things/7." in (response.body or b"")  # type: ignore[operator]


@pytest.mark.parametrize(
    ("access", "credential", "status"),
    [
        ("public", None, 401),
        ("public", "outsider", 403),
        ("public", "insider", 200),
        ({"scopes": ["read"]}, "outsider", 403),
        ({"scopes": ["read"]}, "insider", 403),
        ({"scopes": ["read"]}, "reading-insider", 200),
    ],
)
def test_a_preview_is_for_those_with_its_scope(
    access: Any, credential: str | None, status: int
) -> None:
    platform = FakePlatform()
    platform.authority.principals = {
        "outsider": principal(scopes=("read",)),
        "insider": principal(scopes=("preview:v3",)),
        "reading-insider": principal(scopes=("preview:v3", "read")),
    }
    supported = {"v2": {}, "v3": {"preview": "preview:v3"}}
    one = table(
        route(versions=["v2", "v3"], access=access),
        versions={"default": "v2", "supported": supported},
    )
    headers = {"authorization": f"Bearer {credential}"} if credential else {}
    assert send(one, exchange("GET", "/v3/things/7", headers=headers), platform).status == status
    if access == "public":
        assert send(one, exchange("GET", "/v2/things/7"), platform).status == 200


@pytest.mark.parametrize(
    ("maintenance", "detail", "retry_after"),
    [
        (True, "closed for a while", None),
        ({"detail": "Back at noon.", "retry_after": "90m"}, "Back at noon.", "5400"),
    ],
)
def test_a_route_under_maintenance_is_closed(
    maintenance: Any, detail: str, retry_after: str | None
) -> None:
    platform = FakePlatform()
    closed = table(route(maintenance=maintenance), route(name="open", path="/open"))
    response = send(closed, exchange("GET", "/v2/things/7"), platform)
    assert response.status == 503
    assert detail.encode() in (response.body or b"")  # type: ignore[operator]
    assert response.headers.get("retry-after") == retry_after
    assert platform.binding("DATA").requests == []
    assert send(closed, exchange("GET", "/v2/open"), platform).status == 200


FORWARDED = [
    # route, path asked for, path at the service
    ({"path": "/a/{x}"}, "/v2/a/1", "/a/1"),
    ({"path": "/a/{x:int}", "upstream_path": "/b/{x}"}, "/v2/a/1", "/b/1"),
    ({"path": None, "path_prefix": "/files"}, "/v2/files", "/files"),
    ({"path": None, "path_prefix": "/files"}, "/v2/files/a/%20b", "/files/a/%20b"),
    ({"path": None, "path_prefix": "/files", "upstream_path": "/x/y"}, "/v2/files/a", "/x/y/a"),
    ({"path": None, "path_prefix": "/files", "upstream_path": "/"}, "/v2/files/a", "/a"),
    ({"path": None, "path_prefix": "/files", "upstream_path": "/"}, "/v2/files", "/"),
    ({"path": None, "path_prefix": "/{t}/files"}, "/v2/a/files/b", "/a/files/b"),
    ({"path": None, "path_regex": "/(?P<n>[a-z]+)[.]html"}, "/v2/a.html", "/a.html"),
    ({"path": None, "path_regex": "/(?P<n>[a-z]+)[.]html", "upstream_path": "/pages/{n}"},
     "/v2/a.html", "/pages/a"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "path", "at_service"), FORWARDED)
def test_the_path_at_the_service(members: dict[str, Any], path: str, at_service: str) -> None:
    platform = FakePlatform()
    send(table(route(**members)), exchange("GET", path), platform)
    assert [request.path for request in platform.binding("DATA").requests] == [at_service]


def test_the_version_is_not_passed_on_in_the_query() -> None:
    platform = FakePlatform()
    select = {"query": "v"}
    one = table(versions={"default": "v2", "select": select, "supported": SUPPORTED})
    send(one, exchange("GET", "/things/7", "a=1&v=2&b"), platform)
    assert [request.query for request in platform.binding("DATA").requests] == ["a=1&b"]


def test_every_header_field_that_may_choose_the_version_is_varied_by() -> None:
    select = {"media_type": "application/vnd.acme+json", "header": "X-Version"}
    one = table(versions={"default": "v2", "select": select, "supported": SUPPORTED})
    response = send(one, exchange("GET", "/things/7", headers={"x-version": "2"}))
    assert response.headers.get_all("vary") == ["x-version", "accept"]


def test_pipelines_have_one_order() -> None:
    everything = route(
        methods=["POST"],
        access={"scopes": ["read"], "any_scopes": ["a", "b"]},
        csrf=True,
        network={"deny": ["192.0.2.66"]},
        versions=["v1"],
        maintenance=True,
        rate_limit="few",
        purge=["things"],
        transform="old",
        plugin="pricing.add_tax",
        validate={"body": True},
        idempotency=True,
        cors="pages",
        fallback={"respond": {}},
    )
    cached = route(name="cached", path="/cached", versions=["v1"], cache={"ttl": "1m"}, retries={})
    services = {"data": {"binding": "DATA", "circuit_breaker": {}, "bulkhead": {}}}
    cors = {"pages": {"origins": ["https://app.example.com"]}}
    shedding = {"max_in_flight": 100}
    one = table(everything, cached, services=services, cors=cors, load_shedding=shedding)
    compiled = CompiledRoutes(one, FakePlatform())
    orders = [[step.name for step in one.steps()] for one in compiled.all()]
    assert orders == [
        [name for name in ORDER if name not in ("cache", "carry_up", "websocket", "retry")],
        ["load_shedding", "lifecycle", "cache", "retry", "circuit_breaker", "bulkhead"],
    ]
