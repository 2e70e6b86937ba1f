"""Plug-ins on the host: their files are read, never run."""

from pathlib import Path

import pytest

from cli.plugins import plugin_objection

SOURCE = """
raise RuntimeError("nobody runs this")

async def add_tax(exchange, next):
    return await next(exchange)

async def more(exchange, next, rate=19, *, country="DE"):
    return await next(exchange)

def plain(exchange, next): ...
async def lonely(exchange): ...
async def crowded(exchange, next, rate): ...
async def named(exchange, next, *, rate): ...
async def any_number(*arguments): ...

class Inner:
    async def hidden(self, exchange, next): ...
"""

FITS = "has to take `exchange` and `next`, and no more"
NAMES = [
    # name, what is said of it
    ("pricing.add_tax", None),
    ("pricing.more", None),
    ("pricing.ad_tax",
     "there is no `async def ad_tax` in `pricing.py`; did you mean `add_tax`?"),
    ("pricing.hidden",
     ("there is no `async def hidden` in `pricing.py` (known: add_tax, more, lonely, crowded, "
      "named, any_number)")),
    ("pricing.plain", "`plain` in `pricing.py` has to be an `async def`"),
    ("pricing.lonely", f"`lonely` in `pricing.py` {FITS}"),
    ("pricing.crowded", f"`crowded` in `pricing.py` {FITS}"),
    ("pricing.named", f"`named` in `pricing.py` {FITS}"),
    ("pricing.any_number", f"`any_number` in `pricing.py` {FITS}"),
    ("pricng.add_tax", "there is no plug-in file `pricng.py`; did you mean `pricing`?"),
    ("other.add_tax", "there is no plug-in file `other.py` (known: broken, pricing)"),
    ("broken.x", "`broken.py` is no Python, line 1: '(' was never closed"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "objection"), NAMES)
def test_what_is_wrong_with_a_plug_in(tmp_path: Path, name: str, objection: str | None) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "pricing.py").write_text(SOURCE)
    (tmp_path / "broken.py").write_text("f(")
    assert plugin_objection(name, tmp_path) == objection


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe\x00", b"\x00", b"(" * 100_000, b"-" * 500_000 + b"1", b"#" * 2_000_000],
    ids=["no text", "zero bytes", "brackets", "minus signs", "a large one"],
)
def test_hostile_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hostile.py").write_bytes(content)
    objection = plugin_objection("hostile.run", tmp_path)
    assert objection is not None
    assert "`hostile.py`" in objection


def test_the_example_is_one() -> None:
    folder = Path(__file__).resolve().parents[2] / "gateway" / "plugins"
    assert plugin_objection("pricing.add_tax", folder) is None
