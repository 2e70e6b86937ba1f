"""`gateway schema`: what an editor is told about a table agrees with what `gateway check` says."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cli.main import main
from cli.schema import schema
from cli.yaml_source import SourceErrors, read_yaml
from runtime.toolchain import node
from tests.gallery import TABLES

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = (ROOT / "routes.schema.json").read_text(encoding="utf-8")
VALIDATOR = Draft202012Validator(json.loads(COMMITTED))
INCLUDED = Draft202012Validator(schema(included=True))

BEYOND_A_SCHEMA = {"02-names", "05-collisions", "06-contradictions"}
"""Tables that are wrong in how their values fit together, which no JSON Schema can say."""

EXPANDED = """
versions: { default: v2, supported: { v2: { released: 2026-06-01 } } }
include: [teams/*.yaml]
defaults: { service: data, access: { scopes: [a] }, max_body: 8KiB }
policies: { cached: { cache: { ttl: 30s }, methods: [GET] }, none: {} }
environments:
  dev:
    services: { data: { binding: null, url: "http://localhost:1", circuit_breaker: null } }
    versions: { supported: { v2: { preview: x } } }
    routes: { a: { access: public, rate_limit: null }, b: null }
    defaults: { max_body: null }
routes:
  - { name: a, path: /a, use: [cached] }
  - { name: b, path_prefix: /b, methods: [GET], headers: { X-A: b, X-C: { present: true } } }
"""


def errors(validator: Any, value: Any) -> list[str]:
    return [error.message for error in validator.iter_errors(value)]


def values(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "routes.yaml"
    path.write_text(text)
    return read_yaml(path).value


def test_the_committed_schema_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == COMMITTED, "run: gateway schema > routes.schema.json"


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads(COMMITTED))
    Draft202012Validator.check_schema(schema(included=True))


@pytest.mark.parametrize("name", ["routes.yaml", "bench/routes.yaml"])
def test_our_own_tables_validate(name: str) -> None:
    assert errors(VALIDATOR, read_yaml(ROOT / name).value) == []


def test_the_table_names_its_schema() -> None:
    first = (ROOT / "routes.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=routes.schema.json"


def test_what_only_files_have_validates(tmp_path: Path) -> None:
    assert errors(VALIDATOR, values(tmp_path, EXPANDED)) == []


WRONG = [
    # what is written, what instead
    ("max_body: 8KiB }", "max_bdy: 8KiB }"),
    ("defaults: { service", "defaults: { name: a, service"),
    ("none: {}", "none: { path: /a }"),
    ("use: [cached]", "use: cached"),
    ("binding: null", "bindng: null"),
    ("{ name: a, path: /a,", "{ name: a, path: /a, path_prefix: /a,"),
    ("{ name: a, path: /a, use: [cached] }", "{ name: a, path: /a }"),
    ("include: [teams/*.yaml]", ""),
    ("dev:", "Dev:"),
    ("released: 2026-06-01", "released: 3"),
    ("defaults: { service: data, access: { scopes: [a] }, max_body: 8KiB }", ""),
]


@pytest.mark.parametrize(("old", "new"), WRONG)
def test_what_is_wrong_does_not_validate(tmp_path: Path, old: str, new: str) -> None:
    assert old in EXPANDED
    assert errors(VALIDATOR, values(tmp_path, EXPANDED.replace(old, new, 1)))


def readable(table: Path) -> bool:
    """Whether it is YAML: if not, that is the business of an editor's parser."""
    try:
        read_yaml(table)
    except SourceErrors:
        return False
    return True


@pytest.mark.parametrize(
    "table", [table for table in TABLES if readable(table)], ids=lambda table: table.stem
)
def test_the_wrong_tables_of_the_docs_do_not_validate(table: Path) -> None:
    value = read_yaml(table).value
    wrong = bool(errors(VALIDATOR, value))
    if "include" in value:
        parts = [read_yaml(part).value for part in (table.parent / "teams").glob("*.yaml")]
        wrong = wrong or any(errors(INCLUDED, part) for part in parts)
    assert wrong is (table.stem not in BEYOND_A_SCHEMA)


def test_an_included_file_has_its_own_schema() -> None:
    assert errors(INCLUDED, {"routes": [], "services": {}}) == []
    assert errors(INCLUDED, {"versions": {}})
    assert errors(INCLUDED, {"include": []})


def test_members_have_the_descriptions_of_their_docstrings() -> None:
    definitions = json.loads(COMMITTED)["$defs"]
    route = definitions["RouteSettings"]["properties"]
    assert route["path"]["description"].startswith("The whole path. A path of literal")
    assert route["access"]["description"] == "Has to be said: nothing is public by accident."
    assert definitions["RouteSettings"]["description"].startswith("One route:")
    assert "RFC 9745" in definitions["VersionSettings"]["properties"]["deprecated"]["description"]


def patterns(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["pattern"]} if isinstance(value.get("pattern"), str) else set()
        return own.union(*map(patterns, value.values()))
    return set().union(*map(patterns, value)) if isinstance(value, list) else set()


def test_an_editor_can_compile_every_pattern() -> None:
    script = "for (const p of JSON.parse(process.argv[1])) new RegExp(p, 'u')"
    command = [str(node()), "-e", script, json.dumps(sorted(patterns(json.loads(COMMITTED))))]
    assert subprocess.run(command, capture_output=True, check=False).stderr == b""
