"""Schemas in the commands: files beside the table, places of mistakes, OpenAPI, differences."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate as validate_openapi

from cli.compile_table import TableErrors, compile_table, load_source
from cli.diff.semantic import compare
from cli.include import TableFiles
from cli.main import main
from cli.openapi.document import openapi
from routing.check import check_table
from routing.compile import CompiledRoutes
from routing.table import Table
from schema.program import Program
from tests.unit.fakes import FakePlatform
from tests.unit.tables import route, table

BEGINNING = """\
versions: { default: v2, supported: { v2: {} } }
services: { data: { binding: DATA } }
"""
ROUTE = """\
routes:
  - { name: a, path: "/a/{id}", methods: [POST], service: data, access: public,
      validate: %s }
"""


def mistakes(tmp_path: Path, text: str, **files: str) -> list[str]:
    """What `gateway check` says, as `file:line:column message`."""
    (tmp_path / "schemas").mkdir()
    for name, content in files.items():
        (tmp_path / "schemas" / f"{name}.json").write_text(content)
    path = tmp_path / "routes.yaml"
    path.write_text(BEGINNING + text)
    try:
        load_source(path)
    except TableErrors as wrong:
        return [
            f"{error.file.name}:{error.line}:{error.column} {error.message}"
            for error in wrong.errors
        ]
    return []


WRONG: dict[str, tuple[str, str]] = {
    "a keyword": (
        "schemas:\n  one: { requird: [a] }\n" + ROUTE % "{ body: one }",
        "routes.yaml:4:19 there is no keyword `requird`",
    ),
    "a place in a list": (
        "schemas:\n  one: { allOf: [true, { type: text }] }\n" + ROUTE % "{ body: one }",
        "routes.yaml:4:32 expected one of the types",
    ),
    "a name": (
        "schemas: { one: {} }\n" + ROUTE % "{ body: ome }",
        "routes.yaml:6:25 there is no schema `ome`; did you mean `one`?",
    ),
    "a schema in place": (
        ROUTE % "{ query: { a: { type: object } } }",
        "routes.yaml:5:31 a parameter is a text: expected no schema with `type: object`",
    ),
    "a parameter": (
        ROUTE % "{ path: { ida: true } }",
        "routes.yaml:5:32 there is no parameter `ida`; did you mean `id`?",
    ),
    "a required parameter": (
        ROUTE % "{ query: { a: true }, required: { query: [b] } }",
        "routes.yaml:5:59 `b` has no schema in `query`",
    ),
    "a format": (
        ROUTE % "{ body: { format: iri }, formats: true }",
        "routes.yaml:5:25 the format `iri` is not checked",
    ),
    "a circle": (
        "schemas: { one: { $ref: two }, two: { $ref: one } }\n" + ROUTE % "{ body: one }",
        "it leads back to itself without going into the value",
    ),
    "no limit": (
        ROUTE % "{ body: true }, max_body: unlimited",
        "routes.yaml:5:43 a route that validates bodies has to limit them",
    ),
    "what the gateway writes": (
        ROUTE % "{ body: true }" + "compiled_schemas: {}\n",
        "routes.yaml:6:19 this is written by the gateway, not by a file",
    ),
    "a file that is not there": (
        "schemas: { one: { file: schemas/two.json } }\n" + ROUTE % "{ body: one }",
        "routes.yaml:3:25 there is no file `schemas/two.json`; did you mean `schemas/one.json`?",
    ),
    "a file outside": (
        "schemas: { one: { file: ../one.json } }\n" + ROUTE % "{ body: one }",
        "routes.yaml:3:25 only files in the folder of this file and below",
    ),
    "several files": (
        "schemas: { one: { file: 'schemas/*.json' } }\n" + ROUTE % "{ body: one }",
        "routes.yaml:3:25 expected the name of one file",
    ),
    "in a file": (
        "schemas: { one: { file: schemas/one.json } }\n" + ROUTE % "{ body: one }",
        "one.json:2:13 expected a number, found `x`",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_told_where_it_is_written(case: str, tmp_path: Path) -> None:
    text, expected = WRONG[case]
    found = mistakes(tmp_path, text, one='{\n\t"minimum":\t"x"}')
    assert len(found) == 1, found
    assert expected in found[0]


def test_a_file_takes_the_place_of_its_name(tmp_path: Path) -> None:
    text = "schemas: { one: { file: schemas/one.json } }\n" + ROUTE % "{ body: one }"
    assert mistakes(tmp_path, text, one='{\n\t"type": "object",\n\t"title": "\\u00e4 \\/"\n}') == []
    path = tmp_path / "routes.yaml"
    loaded = load_source(path)
    assert loaded.table.schemas == {"one": {"type": "object", "title": "ä /"}}
    assert [file.name for file in loaded.files] == ["routes.yaml", "one.json"]
    assert [file.name for file in TableFiles(path)] == ["routes.yaml", "one.json"]
    document = msgspec.json.decode(compile_table(path), type=Table)
    assert msgspec.convert(document.compiled_schemas, Program).roots == {"one": 0}
    (compiled,) = CompiledRoutes(document, FakePlatform()).all()
    assert [step.name for step in compiled.steps()] == ["guard", "validate"]


def test_a_table_without_validation_has_nothing_compiled(tmp_path: Path) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(BEGINNING + ROUTE % "null")
    assert load_source(path).table.compiled_schemas is None


VALIDATED = route(
    methods=["POST"],
    path="/things/{id}",
    validate={
        "path": {"id": {"type": "integer"}},
        "query": {"limit": {"type": "integer"}, "sort": "sort"},
        "headers": {"X-Day": {"format": "date"}},
        "required": {"query": ["limit"], "headers": ["x-day"]},
        "body": {"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "sort"}}}},
        "response": {"schema": "sort"},
    },
)
SCHEMAS = {"sort": {"enum": ["up", "down"]}}


def test_openapi_has_the_schemas() -> None:
    whole = table(VALIDATED, schemas=SCHEMAS)
    assert check_table(whole) == []
    document = openapi(whole, "v2", title="x", server="https://example.com")
    validate_openapi(document)
    operation = document["paths"]["/v2/things/{id}"]["post"]
    parameters = {one["name"]: one for one in operation["parameters"]}
    assert parameters["id"]["schema"] == {"type": "integer"}
    assert (parameters["limit"]["required"], parameters["sort"]["required"]) == (True, False)
    assert parameters["sort"]["schema"] == {"$ref": "#/components/schemas/sort"}
    assert parameters["X-Day"] == {
        "name": "X-Day",
        "in": "header",
        "required": True,
        "schema": {"format": "date"},
    }
    body = operation["requestBody"]
    assert body["required"] is True
    assert body["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/thing.body"
    }
    components = document["components"]["schemas"]
    assert components["thing.body"]["$ref"] == "#/components/schemas/thing.body/$defs/a"
    assert components["thing.body"]["$defs"]["a"]["items"] == {"$ref": "#/components/schemas/sort"}
    answer = operation["responses"]["2XX"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/sort"}
    assert {"400", "415", "422", "502"} <= operation["responses"].keys()
    Draft202012Validator({**components["thing.body"], "components": {"schemas": components}})


def test_the_list_of_routes_says_what_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(BEGINNING + ROUTE % "{ body: true, query: { a: true } }")
    assert main(["routes", str(path), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["validates"] == ["query", "body"]


OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}

CHANGES: list[tuple[Any, Any, str, str]] = [
    (None, {"body": OBJECT}, "breaking", "requests that do not fit are refused"),
    ({"body": OBJECT}, None, "compatible", "nothing is checked"),
    ({}, {"body": OBJECT}, "breaking", "body"),
    ({"body": {"maxLength": 5}}, {"body": {"maxLength": 4}}, "breaking", "thing.body#/maxLength"),
    ({"body": {"maxLength": 4}}, {"body": {"maxLength": 5}}, "compatible", "more fits"),
    ({"body": {"minimum": 1}}, {"body": {"minimum": 2}}, "breaking", "minimum"),
    ({"body": {"enum": [1, 2]}}, {"body": {"enum": [1]}}, "breaking", "enum"),
    ({"body": {"enum": [1]}}, {"body": {"enum": [2]}}, "risky", "enum"),
    ({"body": {"type": "string"}}, {"body": {"type": ["null", "string"]}}, "compatible", "type"),
    ({"body": OBJECT}, {"body": {**OBJECT, "required": []}}, "compatible", "required"),
    ({"body": OBJECT}, {"body": {**OBJECT, "required": ["a", "b"]}}, "breaking", "required"),
    (
        {"body": {**OBJECT, "additionalProperties": False}},
        {
            "body": {
                **OBJECT,
                "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                "additionalProperties": False,
            }
        },
        *("compatible", "properties/b"),
    ),
    ({"body": {"not": {"minimum": 1}}}, {"body": {"not": {"minimum": 2}}}, "risky", "not"),
    ({"body": {"pattern": "a"}}, {"body": {"pattern": "b"}}, "risky", "pattern"),
    (
        {"body": {"items": {"allOf": [{"maximum": 2}]}}},
        {"body": {"items": {"allOf": [{"maximum": 1}]}}},
        *("breaking", "thing.body#/items/allOf/0/maximum"),
    ),
    ({"query": {"a": True}}, {"query": {"a": True, "b": True}}, "breaking", "query.b"),
    (
        {"response": {"schema": True}},
        {"response": {"schema": False, "action": "refuse"}},
        *("risky", "response"),
    ),
]


@pytest.mark.parametrize(("before", "after", "severity", "reason"), CHANGES)
def test_a_changed_schema_is_told_by_its_weight(
    before: Any, after: Any, severity: str, reason: str
) -> None:
    old, new = (table(route(validate=one)) for one in (before, after))
    (change,) = compare(old, new)
    assert (change.what, change.severity) == ("validate", severity)
    assert reason in change.reason


def test_a_schema_that_only_has_another_name_is_the_same() -> None:
    old = table(route(validate={"body": OBJECT}))
    new = table(route(validate={"body": "one"}), schemas={"one": {**OBJECT, "title": "One"}})
    assert [(change.kind, change.severity) for change in compare(old, new)] == [
        ("table", "compatible")
    ]
