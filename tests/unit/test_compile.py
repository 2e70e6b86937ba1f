"""What the compiled table works out in advance, where the application's tests do not show it."""

from typing import Any

import pytest

from application import Application
from messages import Exchange, Response
from routing.table import Table
from tests.unit.fakes import FakePlatform, FakeStream, exchange, json_response, run
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
