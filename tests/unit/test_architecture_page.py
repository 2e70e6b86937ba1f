"""The page on architecture knows every module of the gateway."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = ("policies", "plugins", "routing/check")
"""Named as a whole."""


def test_every_module_of_the_gateway_has_its_line() -> None:
    folder = ROOT / "gateway"
    modules = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if path.name != "__init__.py" and "python_modules" not in path.parts
    }
    expected = {name for name in modules if not name.startswith(PACKAGES)}
    named = {name for name in re.findall(r"`([a-z_/]+\.py)`", PAGE) if name in modules}
    assert expected - named == set(), "modules without a line"
