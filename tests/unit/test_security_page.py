"""The page on security has a line for each of the OWASP API Security Top 10, with its module."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_risk_has_its_module() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| API(\d+) .*\| `(test_api\d\d_\w+)` \|$", page, re.MULTILINE)
    assert [int(number) for number, _ in listed] == list(range(1, 11))
    for number, module in listed:
        text = (ROOT / "tests" / "security" / f"{module}.py").read_text(encoding="utf-8")
        assert text.startswith(f'"""OWASP API{number}:2023 ')
