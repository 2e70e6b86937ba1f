"""docs/commands.md shows what the commands print: each example is run again and compared."""

import re
import shlex
from pathlib import Path

import pytest

from cli.audit.report import audit_table
from cli.audit.rules import RULES
from cli.main import main
from tests.unit.tables import table

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "commands.md").read_text()
EXAMPLES: list[tuple[str, str]] = re.findall(
    r"```console\n\$ gateway ([^\n]*)\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE
)
EXPECTATIONS: list[str] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples_are_there() -> None:
    shown = {example.split()[0] for example, _ in EXAMPLES}
    assert shown == {"routes", "explain", "diff", "test", "check", "openapi"}


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=[one[:40] for one, _ in EXAMPLES])
def test_an_example_prints_what_is_shown(
    command: str, output: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("COLUMNS", raising=False)
    main(shlex.split(command))
    # Three dots stand for what is left out.
    pattern = ".*?".join(re.escape(part) for part in output.split("…"))
    assert re.fullmatch(pattern, capsys.readouterr().out, re.DOTALL)


def test_the_shown_expectation_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (text,) = EXPECTATIONS
    tests = tmp_path / "shown.yaml"
    tests.write_text(text)
    status = main(["test", str(ROOT / "routes.yaml"), "--tests", str(tests)])
    assert status == 0, capsys.readouterr().out


def test_every_rule_of_the_audit_is_listed() -> None:
    audit_table(table(), 0.0)  # whose module enters all rules
    listed = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted((rule.id, rule.severity, rule.fix) for rule in RULES)
