"""`gateway check`: what it prints, and its exit status."""

import io
import json
import re
from pathlib import Path

import pytest

from cli.check import MAX_SHOWN, render, show
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


GOOD = """\
versions: { default: v2, supported: { v2: {} } }
services: { data: { binding: DATA } }
environments: { dev: {}, staging: {} }
routes:
  - { name: things, path: /things, methods: [GET], service: data, access: public }
"""


def test_a_program_gets_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(GOOD)
    assert main(["check", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "ok": True,
        "file": str(path),
        "files": [str(path)],
        "environments": ["dev", "staging"],
        "counts": {"version": 1, "service": 1, "route": 1, "environment": 2, "file": 1},
        "errors": [],
    }
    path.write_text(GOOD.replace("dev: {}", "dev: { services: { dat: {} } }"))
    assert main(["check", "--json", str(path)]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "ok": False,
        "file": str(path),
        "errors": [
            {
                "file": str(path),
                "line": 3,
                "column": 36,
                "path": "environments.dev.services.dat",
                "message": "there is no service `dat`; did you mean `data`? (known: data)",
                "environment": "dev",
            }
        ],
    }


def test_an_error_of_an_environment_names_it() -> None:
    error = located()._replace(path="a.b", environment="dev")
    assert render([error]) == "t.yaml:12:1: wrong (at a.b, in the environment dev)"
    assert render([error._replace(path="")]) == "t.yaml:12:1: wrong (in the environment dev)"


def test_every_environment_is_checked_and_an_unknown_one_is_a_wrong_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "routes.yaml"
    path.write_text(GOOD)
    assert main(["check", "--env", "staging", str(path)]) == 0
    assert "1 route, 2 environments" in capsys.readouterr().out
    assert main(["check", "--env", "stagin", str(path)]) == 2
    assert "there is no environment `stagin`; did you mean `staging`?" in capsys.readouterr().err
    monkeypatch.setenv("GATEWAY_ENV", "nowhere")
    assert main(["check", str(path)]) == 2
    with pytest.raises(SystemExit) as usage:
        main(["check", "--nonsense"])
    assert usage.value.code == 2


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("colour", [True, False])
def test_a_terminal_gets_colours_unless_it_does_not_want_them(
    monkeypatch: pytest.MonkeyPatch, *, colour: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    terminal, pipe = Terminal(), io.StringIO()
    errors = [located("a: [b]", 4)] * (MAX_SHOWN + 1)
    show(errors, terminal)
    show(errors, pipe)
    assert pipe.getvalue() == f"{render(errors)}\n"
    assert ("\x1b[31m" in terminal.getvalue()) is colour
    assert re.sub("\x1b\\[[0-9;]*m", "", terminal.getvalue()) == pipe.getvalue()
