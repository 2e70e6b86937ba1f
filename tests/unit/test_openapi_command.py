"""`gateway openapi`: documents that validate, and what they say of each part of a table."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from cli.main import main
from cli.openapi.document import openapi
from tests.unit.tables import route, table

ROUTES = str(Path(__file__).resolve().parents[2] / "routes.yaml")


def exported(*routes: dict[str, Any], version: str = "v2", **members: Any) -> dict[str, Any]:
    """The document of a table, which is a valid one."""
    document = openapi(table(*routes, **members), version, title="Test", server=None)
    OpenAPIV31SpecValidator(document).validate()
    return document


def only(document: dict[str, Any]) -> dict[str, Any]:
    """Its one operation."""
    (item,) = document["paths"].values()
    (operation,) = item.values()
    assert isinstance(operation, dict)
    return operation


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_project_is_exported(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi", ROUTES, "--version", version, "--server", "https://a.example"]) == 0
    document = json.loads(capsys.readouterr().out)
    OpenAPIV31SpecValidator(document).validate()
    assert document["info"]["version"] == version
    assert document["servers"] == [{"url": "https://a.example"}]
    path = {"v1": "/v1/plans/{id}", "v2": "/v2/roadmaps/{id}"}[version]
    operation = document["paths"][path]["get"]
    assert operation["operationId"] == "get-roadmap"
    assert operation["security"] == [{"bearer": ["roadmaps:read"]}, {"cookie.__Host-session": []}]
    creating = document["paths"][path.removesuffix("/{id}")]["post"]
    assert [one["name"] for one in creating["parameters"]] == ["X-CSRF-Token", "Idempotency-Key"]
    assert operation.get("deprecated", False) == (version == "v1")
    assert "/oauth/token" in document["paths"]


def test_yaml_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi", ROUTES]) == 0
    as_json = json.loads(capsys.readouterr().out)
    assert main(["openapi", ROUTES, "--yaml"]) == 0
    text = capsys.readouterr().out
    assert yaml.safe_load(text) == as_json
    assert "&id" not in text


def test_an_unknown_version_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["openapi", ROUTES, "--version", "v7"]) == 2
    assert "there is no version `v7` (known: v1, v2)" in capsys.readouterr().err


TYPES = [
    # type of the parameter, schema
    ("", {"type": "string"}),
    (":int", {"type": "integer", "format": "int64"}),
    (":uuid", {"type": "string", "format": "uuid"}),
    (":date", {"type": "string", "format": "date"}),
    (":slug", {"type": "string", "pattern": "^[a-z0-9-]+$"}),
]


@pytest.mark.parametrize(("kind", "schema"), TYPES)
def test_types_of_parameters_are_schemas(kind: str, schema: dict[str, Any]) -> None:
    document = exported(route(path=f"/things/{{id{kind}}}"))
    assert list(document["paths"]) == ["/v2/things/{id}"]
    (parameter,) = only(document)["parameters"]
    assert parameter == {"name": "id", "in": "path", "required": True, "schema": schema}


STATUSES = [
    # members of the route, statuses that it may answer with besides those that all have
    ({}, set()),
    ({"access": "authenticated"}, {"401", "503"}),
    ({"access": {"scopes": ["a"]}}, {"401", "403", "503"}),
    ({"rate_limit": "few"}, {"429"}),
    ({"maintenance": True}, {"503"}),
    ({"methods": ["POST"]}, {"413"}),
    ({"methods": ["POST"], "transform": "old"}, {"413", "415"}),
]
ALWAYS = {"2XX", "400", "404", "500", "502", "504", "default"}


@pytest.mark.parametrize(("members", "statuses"), STATUSES)
def test_the_problems_of_the_pipeline_are_told(members: dict[str, Any], statuses: set[str]) -> None:
    responses = only(exported(route(**members)))["responses"]
    assert set(responses) == ALWAYS | statuses
    for status in responses.keys() - {"2XX", "default"}:
        assert list(responses[status]["content"]) == ["application/problem+json"]


def test_answers_have_their_header_fields() -> None:
    limited = only(exported(route(rate_limit="few", cache={"ttl": "1m"})))
    assert list(limited["responses"]["2XX"]["headers"]) == [
        *("X-Request-Id", "RateLimit", "RateLimit-Policy"),
        "Cache-Status",
    ]
    assert "Retry-After" in limited["responses"]["429"]["headers"]
    assert limited["x-gateway-rate-limit"] == {
        "policy": "few",
        "quota": 2,
        "window": "1m",
        "by": "address",
    }
    old = only(exported(route(versions=["v1"]), version="v1"))
    assert {"Deprecation", "Sunset", "Link"} <= set(old["responses"]["2XX"]["headers"])


def test_a_version_that_ends_may_be_gone() -> None:
    v1 = {"sunset": "2027-09-01T00:00:00Z", "successor": "v2", "after_sunset": "redirect"}
    versions = {"default": "v2", "supported": {"v1": v1, "v2": {}}}
    document = exported(route(versions=["v1"]), version="v1", versions=versions)
    assert {"308", "410"} <= set(only(document)["responses"])


def test_a_prefix_is_two_paths() -> None:
    document = exported(route(path=None, path_prefix="/files"))
    assert list(document["paths"]) == ["/v2/files", "/v2/files/{rest}"]
    identities = [item["get"]["operationId"] for item in document["paths"].values()]
    assert identities == ["thing", "thing-rest"]


def test_what_has_no_place_is_listed() -> None:
    document = exported(
        route(name="a", path="/things/{id}"),
        route(name="b", path="/things/{key:int}", methods=["GET", "PUT"]),
        route(name="c", path=None, path_regex="/x[0-9]"),
    )
    assert list(document["paths"]) == ["/v2/things/{id}"]
    assert set(document["paths"]["/v2/things/{id}"]) == {"get", "put"}
    others = [other["route"] for other in document["x-gateway-other-routes"]]
    assert others == ["b", "c"]


def test_conditions_are_parameters_that_have_to_be_there() -> None:
    conditions = {"headers": {"X-Beta": "1"}, "query": {"page": {"regex": "[0-9]+"}}}
    operation = only(exported(route(path="/things", **conditions)))
    assert operation["parameters"] == [
        {
            "name": "X-Beta",
            "in": "header",
            "required": True,
            "schema": {"type": "string", "const": "1"},
        },
        {
            "name": "page",
            "in": "query",
            "required": True,
            "schema": {"type": "string", "pattern": "^(?:[0-9]+)$"},
        },
    ]


def test_without_versions_in_paths_a_field_names_them() -> None:
    select = {"path": False, "header": "X-Version"}
    versions = {"default": "v2", "select": select, "supported": {"v1": {}, "v2": {}}}
    document = exported(route(path="/things", versions=["v1"]), version="v1", versions=versions)
    (parameter,) = only(document)["parameters"]
    assert (parameter["in"], parameter["name"], parameter["required"]) == (
        *("header", "X-Version"),
        True,
    )


def test_hosts_are_servers() -> None:
    operation = only(exported(route(hosts=["api.example.com", "*.example.org"])))
    assert [server["url"] for server in operation["servers"]] == [
        "https://api.example.com",
        "https://{name}.example.org",
    ]


def test_a_key_may_stand_elsewhere() -> None:
    places = {"header": "X-Api-Key", "query": "api_key"}
    document = exported(route(access={"scopes": ["a"], "api_key": places}))
    assert only(document)["security"] == [
        {"bearer": ["a"]},
        {"header.X-Api-Key": []},
        {"query.api_key": []},
    ]
    schemes = document["components"]["securitySchemes"]
    assert schemes["query.api_key"] == {"type": "apiKey", "in": "query", "name": "api_key"}
