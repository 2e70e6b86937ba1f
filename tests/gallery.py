"""`python -m tests.gallery > docs/errors.md`: wrong tables and what the command says about them.

The tables are docs/examples/errors/*.yaml. The hostile files are made anew and measured.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from cli.environments import MAX_ENVIRONMENTS
from cli.expand import MAX_GIVEN
from cli.include import MAX_FILES
from cli.yaml_source import MAX_ALIASED, MAX_BYTES, MAX_DEPTH, MAX_VALUES
from tests.hostile import MEGABYTES, SECONDS, Hostile, Refusal, check, files, large_table

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "docs" / "examples" / "errors"
TABLES: Final = sorted(FOLDER.glob("*.yaml"))

_INTRODUCTION: Final = """\
# Wrong tables, and what the command says

`gateway check` says where a value is written that is wrong, what was expected there, and what was
probably meant. It tells all mistakes that it can see at once: those of a file's syntax first, then
those of single values, then those of how values fit together.

| exit status | meaning |
|---|---|
| 0 | the table is right, in every environment |
| 1 | it is wrong |
| 2 | it was not checked: the command line is wrong, or there is no environment of that name |

`gateway check --json` prints one JSON document for programs: `ok`, `file`, and `errors`, each with
`file`, `line`, `column` (both from 1), `path`, `message` and `environment` (null where the mistake
does not depend on one). Colours are for terminals only; `NO_COLOR=1` takes them away there too.

This page is generated: `.venv/bin/python -m tests.gallery > docs/errors.md`.
"""

_HOSTILE: Final = f"""\
## Hostile files

Each is refused in under {SECONDS:.0f} s of processor time and {MEGABYTES} MB of resident memory,
the start of Python included. The limits of a table, for all its files together:

| what | limit |
|---|---|
| size | {MAX_BYTES >> 20} MiB |
| keys and values | {MAX_VALUES:,} |
| levels of nesting | {MAX_DEPTH} |
| values that aliases stand for | {MAX_ALIASED:,} |
| values that defaults and policies give | {MAX_GIVEN:,} |
| files | {MAX_FILES} |
| environments | {MAX_ENVIRONMENTS} |

| file | refused with | seconds | MB |
|---|---|---|---|
"""


def main() -> int:
    """Print the page."""
    print(page())
    return 0


def page() -> str:
    """The whole page, in Markdown, with fresh measurements."""
    return "\n".join([_INTRODUCTION, *map(section, TABLES), _HOSTILE + hostile_table()])


def section(table: Path) -> str:
    """A table and what is said about it."""
    title, text = table.read_text(encoding="utf-8").split("\n", 1)
    parts = [f"## {title.removeprefix('# ')}", "", "```yaml", text.rstrip(), "```", ""]
    for part in sorted((FOLDER / "teams").glob("*.yaml")) if "include:" in text else ():
        said = part.read_text(encoding="utf-8").rstrip()
        parts += [f"`{part.relative_to(FOLDER)}`:", "", "```yaml", said, "```", ""]
    return "\n".join([*parts, "```text", said_about(table).rstrip(), "```", ""])


def said_about(table: Path) -> str:
    """What `gateway check` prints, run in the folder of the table."""
    command = [sys.executable, "-m", "cli.main", "check", table.name]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    return done.stdout


def hostile_table() -> str:
    """A line for every hostile file, and a sentence about a large table."""
    lines = []
    for hostile in files():
        refusal = measured(hostile)
        words = hostile.message.replace("|", "\\|")
        numbers = f"{refusal.seconds:.2f} | {refusal.megabytes:.0f}"
        lines.append(f"| {hostile.name} | … {words} … | {numbers} |")
    with tempfile.TemporaryDirectory() as folder:
        large, small = check(large_table(Path(folder))), check(ROOT / "routes.yaml")
    return "\n".join(lines) + (
        f"\n\nFor comparison, with right tables: 10,000 routes in 21 files take "
        f"{large.seconds:.2f} s and {large.megabytes:.0f} MB, `routes.yaml` takes "
        f"{small.seconds:.2f} s and {small.megabytes:.0f} MB."
    )


def measured(hostile: Hostile) -> Refusal:
    """What refusing it costs."""
    with tempfile.TemporaryDirectory() as folder:
        return check(hostile.make(Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
