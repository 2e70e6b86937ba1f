"""From a file to the module that the gateway Worker embeds, or to a list of mistakes."""

from pathlib import Path

import msgspec
import pytest

from cli.compile_table import TableErrors, compile_table, load_table, write_module
from routing.table import Table

ROOT = Path(__file__).resolve().parents[2]

SMALL = """\
versions: { default: v2, supported: { v2: {} } }
services: { data: { binding: DATA } }
routes:
  - &route
    name: things
    path: /things
    methods: [GET]
    versions: [v2]
    service: data
    access: public
"""

MISTAKES = [
    # what is written instead of what, (line, column, path, part of the message) of each error
    ("default: v2", "default: 2", [(1, 22, "versions.default", "a version such as v2")]),
    ("default: v2", "default: v3", [(1, 22, "versions.default", "no version `v3`")]),
    ("[GET]", "[GET, PSOT]", [(7, 20, "routes[0].methods[1]", "did you mean `POST`?")]),
    ("access: public", "acess: public",
     [(4, 5, "routes[0]", "`access` is missing"), (10, 5, "routes[0].acess", "`access`?")]),
    ("service: data", "service: data\n    service: data",
     [(10, 5, "", "already set in line 9")]),
    ("binding: DATA", "binding: DATA, x: 1", [(2, 36, "services.data.x", "no member `x`")]),
    # An alias of the same route is wrong in the same place: it is told once.
    ("access: public", "access: all\n  - *route",
     [(10, 13, "routes[0].access", "expected one of")]),
    ("access: public", "access: public\n  - *route",
     [(5, 11, "routes[1].name", "taken"), (6, 11, "routes[1].path", "already leads")]),
    ("routes:", "routs:", [(1, 1, "", "`routes` is missing"), (3, 1, "routs", "`routes`?")]),
    ("routes:", "routes:\n\t- x", [(4, 1, "", "indent with spaces")]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "errors"), MISTAKES)
def test_every_mistake_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, errors: list[tuple[int, int, str, str]]
) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(SMALL.replace(old, new, 1))
    with pytest.raises(TableErrors) as refused:
        load_table(path)
    found = refused.value.errors
    assert [(error.line, error.column, error.path) for error in found] == [
        error[:3] for error in errors
    ]
    for error, (_, _, _, message) in zip(found, errors, strict=True):
        assert error.file == path
        assert message in error.message


def test_the_document_is_what_the_worker_decodes() -> None:
    path = ROOT / "routes.yaml"
    assert msgspec.json.decode(compile_table(path), type=Table) == load_table(path)


@pytest.mark.parametrize("name", ["routes.yaml", "bench/routes.yaml"])
def test_our_own_tables_are_right(name: str) -> None:
    assert load_table(ROOT / name).routes


def test_the_module_holds_the_document_and_its_identity(tmp_path: Path) -> None:
    source, target = tmp_path / "routes.yaml", tmp_path / "compiled_routes.py"
    source.write_text(SMALL)
    write_module(source, target)
    module: dict[str, object] = {}
    exec(target.read_text(), module)  # noqa: S102
    assert module["TABLE"] == compile_table(source)
    assert len(str(module["TABLE_ID"])) == 64
    assert str(tmp_path) not in target.read_text()
    assert {path.name for path in tmp_path.iterdir()} == {"compiled_routes.py", "routes.yaml"}


def test_the_module_is_written_only_when_it_changes(tmp_path: Path) -> None:
    source, target = tmp_path / "routes.yaml", tmp_path / "compiled_routes.py"
    source.write_text(SMALL)
    write_module(source, target)
    first = target.stat()
    source.write_text("# a comment\n" + SMALL)
    write_module(source, target)
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    source.write_text(SMALL.replace("/things", "/others"))
    write_module(source, target)
    assert b"/others" in target.read_bytes()


def test_a_wrong_table_leaves_the_module_as_it_was(tmp_path: Path) -> None:
    source, target = tmp_path / "routes.yaml", tmp_path / "compiled_routes.py"
    source.write_text(SMALL)
    write_module(source, target)
    before = target.read_bytes()
    source.write_text("routes: []")
    with pytest.raises(TableErrors):
        write_module(source, target)
    assert target.read_bytes() == before
    assert not list(tmp_path.glob(".compiled*"))


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    source, target = tmp_path / "routes.yaml", tmp_path / "folder"
    source.write_text(SMALL)
    (target / "full").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_module(source, target)
    assert not list(tmp_path.glob(".folder*"))
