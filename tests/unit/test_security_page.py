"""The page on security has a line for each risk of both lists of OWASP, with its module."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LISTS = [
    # Risks in the table, modules, and how a module begins.
    (r"API(\d+)", r"test_api\d\d_\w+", "OWASP API{}:2023 "),
    (r"A(\d\d)", r"test_a\d\d_\w+", "OWASP A{}:2021 "),
]


@pytest.mark.parametrize(("risk", "module", "begins"), LISTS)
def test_every_risk_has_its_module(risk: str, module: str, begins: str) -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    listed = re.findall(rf"^\| {risk} ([^|]+) \| [^|]+ \| `({module})` \|$", page, re.MULTILINE)
    assert [int(number) for number, _, _ in listed] == list(range(1, 11))
    for number, name, file in listed:
        text = (ROOT / "tests" / "security" / f"{file}.py").read_text(encoding="utf-8")
        assert text.startswith(f'"""{begins.format(number)}{name}: ')


def test_modules_of_2021_say_where_2025_has_the_risk() -> None:
    for path in sorted((ROOT / "tests" / "security").glob("test_a[01]?_*.py")):
        text = path.read_text(encoding="utf-8")
        assert "In the list of 2025 it is" in text.split('"""')[1], path.name
