"""`gateway check`: what it prints, and its exit status."""

from pathlib import Path

import pytest

from cli.check import MAX_SHOWN, render
from cli.compile_table import Located
from cli.main import main

ROOT = Path(__file__).resolve().parents[2]


def test_a_right_table_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(ROOT / "bench" / "routes.yaml")
    assert main(["check", path]) == 0
    assert capsys.readouterr().out.startswith(f"{path}: ok (2 versions, 1 service, ")


def test_the_table_of_the_working_folder_is_checked_by_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["check"]) == 0
    assert capsys.readouterr().out.startswith("routes.yaml: ok (2 versions, ")


def test_mistakes_are_printed_as_file_line_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("table.yaml").write_text("versions: { default: 2, supported: {} }\n")
    assert main(["check", "table.yaml"]) == 1
    assert capsys.readouterr().out == (
        "table.yaml:1:1: `services` is missing (expected a mapping of names)\n"
        "  1 | versions: { default: 2, supported: {} }\n"
        "    | ^\n"
        "table.yaml:1:1: `routes` is missing (expected a list)\n"
        "  1 | versions: { default: 2, supported: {} }\n"
        "    | ^\n"
        "table.yaml:1:22: expected a version such as v2, found the number 2; did you mean `v2`?"
        " (at versions.default)\n"
        "  1 | versions: { default: 2, supported: {} }\n"
        "    |                      ^\n"
        "table.yaml:1:36: expected at least one entry, found an empty mapping"
        " (at versions.supported)\n"
        "  1 | versions: { default: 2, supported: {} }\n"
        "    |                                    ^\n"
    )


def test_a_missing_file_is_a_mistake_like_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "nowhere.yaml"]) == 1
    out = capsys.readouterr().out
    assert out == "nowhere.yaml:1:1: the file cannot be read: no such file or directory\n"


def located(excerpt: str = "", column: int = 1, start: int = 0) -> Located:
    return Located(Path("t.yaml"), 12, column, "", "wrong", excerpt, start)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (located(), "t.yaml:12:1: wrong"),
        (located("a: b", 4), "t.yaml:12:4: wrong\n  12 | a: b\n     |    ^"),
        # The part of a long line that holds the place.
        (located("x: y", 104, 100), "t.yaml:12:104: wrong\n  12 | x: y\n     |    ^"),
        # Nothing in a table drives the terminal or shifts the caret.
        (located("\ta\x1b[31m", 2), "t.yaml:12:2: wrong\n  12 |  a [31m\n     |  ^"),
    ],
)
def test_an_error_is_shown_with_its_line(error: Located, text: str) -> None:
    assert render([error]) == text


def test_a_long_line_is_shown_in_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "long.yaml"
    path.write_text("{" + ", ".join(f"k{number}: 1" for number in range(500)) + ", k7: 2}")
    assert main(["check", str(path)]) == 1
    headline, line, caret = capsys.readouterr().out.splitlines()
    assert "`k7` is already set in line 1" in headline
    assert len(line) < 200
    assert line[caret.index("^") :].startswith("k7: 2}")


def test_a_flood_of_errors_is_cut_off() -> None:
    lines = render([located()] * (MAX_SHOWN + 5)).splitlines()
    assert len(lines) == MAX_SHOWN + 1
    assert lines[-1] == "... and 5 more"


def test_a_binding_that_the_gateway_does_not_have_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "routes.yaml"
    table.write_text((ROOT / "routes.yaml").read_text().replace("binding: DATA", "binding: DATE"))
    assert main(["check", str(table)]) == 1
    assert "there is no binding `DATE`; did you mean `DATA`?" in capsys.readouterr().out
