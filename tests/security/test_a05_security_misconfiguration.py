"""OWASP A05:2021 Security Misconfiguration: closed unless the table opens it, and silent.

In the list of 2025 it is A02. Security headers, CORS and what errors tell are test_api08's,
forgotten paths test_api09's; a table's own mistakes are refused by `gateway check`.
"""

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cli.compile_table import compile_table
from routing.table import Table
from runtime.project import CONFIGS, ROUTES
from tests.consumer import Consumer, problem

TABLE = msgspec.json.decode(compile_table(ROUTES), type=Table)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def path_of(route: Any) -> str:
    """A request that the route would answer."""
    path = str(route.path).replace("{id}", "rm_1").replace("{milestone}", "ms_1")
    return f"/v2{path}" if route.versions else path


PROTECTED = [
    pytest.param(path_of(route), method, id=f"{method} {route.name}")
    for route in TABLE.routes
    if route.access != "public"
    for method in route.methods
]


@pytest.mark.parametrize(("path", "method"), PROTECTED)
def test_no_protected_route_answers_whom_it_does_not_know(
    anonymous: Consumer, path: str, method: str
) -> None:
    """Each route of our own table has to say who may: there is no default that opens one."""
    problem(anonymous.request(method, path, json={}), 401, "unauthenticated")


def test_the_list_above_is_not_empty() -> None:
    assert len(PROTECTED) >= 10


@pytest.mark.parametrize("route", TABLE.routes, ids=lambda route: route.name)
def test_a_method_that_is_not_in_the_table_is_refused(api: Consumer, route: Any) -> None:
    """405, by the gateway and not by a service that might know it."""
    at_this_path = {
        method for other in TABLE.routes if other.path == route.path for method in other.methods
    }
    for method in sorted(set(METHODS) - at_this_path):
        refused = api.request(method, path_of(route), json={})
        problem(refused, 405, "method-not-allowed")
        assert set(refused.headers["allow"].split(", ")) >= at_this_path


ASKING = [
    {"url": "/v2/roadmaps?debug=1&trace=true&verbose=1"},
    {"url": "/v2/statistics?debug=1", "headers": {"x-debug": "1", "x-amzn-trace-id": "Root=1"}},
    {"url": "/nothing", "headers": {"accept": "text/html"}},
    {"url": "/v2/roadmaps?limit=x", "headers": {"x-debug": "true", "accept": "*/*;q=0"}},
]
TELLING = {"x-table", "x-debug", "x-runtime", "x-backend", "x-cache-key", "server-timing", "server"}


@pytest.mark.parametrize("asking", ASKING)
def test_nobody_is_told_more_for_asking(api: Consumer, asking: dict[str, Any]) -> None:
    """There is no debug mode; the table's id is a field in development alone."""
    response = api.get(**asking)
    assert response.status_code in (200, 400, 404)
    assert not TELLING & set(response.headers)
    for word in ("Traceback", "line ", ".py", "sqlite", "D1_ERROR", "binding"):
        assert word not in response.text


def test_an_error_is_a_problem_whatever_a_client_accepts(anonymous: Consumer) -> None:
    """No error page of somebody else's, no HTML."""
    for accept in ("text/html", "application/xml", "image/*", "x" * 500):
        problem(anonymous.get("/nothing", headers={"accept": accept}), 404, "not-found")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/xml", 415),
        ("application/x-yaml", 415),
        ("application/x-python-pickle", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
    ],
)
def test_only_one_parser_stands_behind_a_body(
    api: Consumer, content_type: str, status: int
) -> None:
    """JSON, and a body that says that it is: no XML with entities, no objects that come alive."""
    fields = {"content-type": content_type}
    response = api.post("/v2/roadmaps", content=b'{"title":"x"}', headers=fields)
    assert response.status_code == status, response.text


def test_what_anybody_may_see_of_the_inside_is_whether_it_works(anonymous: Consumer) -> None:
    assert anonymous.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_only_the_gateway_has_an_address(name: str) -> None:
    """All other Workers are reached through bindings: no workers.dev, no route, no domain; and
    nothing is deployed as development unless its own .dev.vars say so on somebody's machine."""
    settings = tomllib.loads(Path(CONFIGS[name]).read_text(encoding="utf-8"))
    if name != "gateway":
        assert settings["workers_dev"] is False
        assert not {"route", "routes"} & settings.keys()
    assert settings.get("vars", {}).get("ENVIRONMENT", "production") == "production"
    assert "python_workers_development" not in settings["compatibility_flags"]
