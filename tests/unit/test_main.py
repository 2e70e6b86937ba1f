"""The `gateway` command as a whole: it starts quickly, whatever its subcommands need."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import main

HEAVY = ("rich.console", "application", "openapi_spec_validator")


@pytest.mark.parametrize("words", [["--help"], ["explain", "--help"], ["diff", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\nfrom cli.main import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        f"sys.exit([name for name in {HEAVY!r} if name in sys.modules] or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    out = capsys.readouterr().out
    for name in ("check", "routes", "explain", "diff", "test", "openapi"):
        assert f"    {name} " in out


def test_a_command_that_is_none_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["explian"])
    assert exit_.value.code == 2
    assert "explain" in capsys.readouterr().err


def test_a_full_disk_is_a_sentence() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", "routes"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode != 0
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
