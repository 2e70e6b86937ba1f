"""The pages in docs/ say what the code says: examples are loaded, generated pages are compared."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import inspect

from cli.check import render
from cli.compile_table import TableErrors, check_source, load_table
from cli.main import main
from routing.table import Table

DOCS = Path(__file__).resolve().parents[2] / "docs"
ROUTES = (DOCS / "routes.md").read_text()
EXAMPLES: list[str] = re.findall(r"```yaml\n(.*?)```", ROUTES, re.DOTALL)


def test_the_page_of_problems_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["problems"]) == 0
    expected = (DOCS / "problems.md").read_text()
    assert capsys.readouterr().out == expected, "run: gateway problems > docs/problems.md"


def merge(table: dict[str, Any], part: dict[str, Any]) -> None:
    """Add a part to a table: mappings are joined, lists are continued."""
    for name, value in part.items():
        if isinstance(value, dict) and isinstance(table.get(name), dict):
            merge(table[name], value)
        elif isinstance(value, list):
            table[name] = table.get(name, []) + value
        else:
            table[name] = value


def test_the_examples_in_their_order_make_a_table_that_checks(tmp_path: Path) -> None:
    table: dict[str, Any] = {}
    path = tmp_path / "routes.yaml"
    for example in EXAMPLES:
        merge(table, yaml.safe_load(example))
        path.write_text(yaml.safe_dump(table))
        load_table(path)
    assert len(EXAMPLES) == 28


def test_the_example_of_several_files_checks_in_every_environment(tmp_path: Path) -> None:
    for example in re.findall(r"```yml\n(.*?)```", ROUTES, re.DOTALL):
        path = tmp_path / example.splitlines()[0].removeprefix("# ")
        path.parent.mkdir(exist_ok=True)
        path.write_text(example)
    loaded = check_source(tmp_path / "routes.yaml", "dev")
    statistics, invoices = loaded.table.routes
    assert loaded.environments == ("dev", "staging", "production")
    assert (statistics.access, statistics.max_body) == ("public", "64KiB")
    assert (invoices.access, invoices.rate_limit) == ("authenticated", None)
    assert loaded.table.services["billing"].url == "http://127.0.0.1:9000"


def test_the_shown_error_is_the_one_that_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("routes.yaml")
    path.write_text(EXAMPLES[0].replace("[GET]", "[GTE]"))
    with pytest.raises(TableErrors) as refused:
        load_table(path)
    assert f"```text\n{render(refused.value.errors)}\n```" in ROUTES


def members(kind: inspect.Type) -> set[str]:
    """The names of all members that a table can have, as they are written."""
    names: set[str] = set()
    waiting, seen = [kind], set[int]()
    while waiting:
        shape = waiting.pop()
        if id(shape) in seen:
            continue
        seen.add(id(shape))
        if isinstance(shape, inspect.StructType):
            names.update(field.encode_name for field in shape.fields)
            waiting += [field.type for field in shape.fields]
        for name in ("type", "item_type", "value_type"):
            waiting += [inner] if (inner := getattr(shape, name, None)) is not None else []
        waiting += getattr(shape, "types", ())
    return names


def test_every_member_of_the_table_is_explained() -> None:
    told = set(re.findall(r"`([a-z_]+)`", ROUTES)) | set(
        re.findall(r"^## (\w+)", ROUTES, re.MULTILINE)
    )
    assert members(inspect.type_info(Table)) - told == set()
