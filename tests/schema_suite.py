"""The official test suite of JSON Schema 2020-12: fetched by pip, run, and told file by file.

`python -m tests.schema_suite` prints what passes and what is refused; with `--markdown` as the
table of docs/json-schema.md. The suite is inside the source package of `jsonschema` on PyPI, whose
hash is in requirements/schema-suite.txt. It is unpacked in .gateway/ and never installed.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

from runtime.files import only_one
from runtime.toolchain import BUILT, ROOT
from schema.checker import Checkers
from schema.compile import Refused, compile_documents, unchecked_formats
from schema.keywords import DIALECT
from schema.program import Objection, Program
from transforms.documents import decode

LOCK: Final = ROOT / "requirements" / "schema-suite.txt"
_DRAFT: Final = "draft2020-12"
_SERVER: Final = "http://localhost:1234/"
"""Where the suite says that the schemas of its folder `remotes` are."""

FORMATS: Final = "optional/format/"
"""Files below it are run with formats as checks; all others with formats as notes."""


class Group(NamedTuple):
    """A schema of the suite and documents with what is right about them."""

    file: str
    says: str
    schema: Any
    tests: list[tuple[str, bytes, bool]]
    """What each test says, its document, and whether that is valid."""


class Outcome(NamedTuple):
    """What became of a file of the suite."""

    file: str
    passed: int
    refused: list[tuple[str, str, int]]
    """Groups whose schema is refused, why, and their number of tests."""
    failed: list[str]


def groups() -> Iterator[Group]:
    """All groups of the draft, those of optional behaviour last."""
    folder = _suite() / "tests" / _DRAFT
    for path in sorted(folder.rglob("*.json"), key=lambda path: (len(path.parts), path)):
        file = path.relative_to(folder).as_posix()
        for group in json.loads(path.read_bytes(), parse_float=_Written, parse_int=_Written):
            tests = [
                (test["description"], _text(test["data"]), test["valid"]) for test in group["tests"]
            ]
            yield Group(file, group["description"], json.loads(_text(group["schema"])), tests)


def compiled(group: Group) -> Program:
    """The program of a group's schema. Raises `Refused`."""
    documents = {"schema": ("", group.schema)}
    text = json.dumps(group.schema)
    if _SERVER in text or f'"$ref": "{DIALECT}' in text:
        documents |= {uri: (uri, schema) for uri, schema in _remotes().items()}
    program = compile_documents(documents, ["schema"], strict=False)
    if group.file.startswith(FORMATS):
        unchecked = unchecked_formats(program, "schema")
        if unchecked:
            reason = f"the format `{unchecked[0]}` is not checked"
            raise Refused([Objection("schema", (), reason)])
    return program


def outcomes() -> list[Outcome]:
    """Run everything, here."""
    found: dict[str, Outcome] = {}
    for group in groups():
        outcome = found.setdefault(group.file, Outcome(group.file, 0, [], []))
        try:
            program = compiled(group)
        except Refused as refused:
            reason = refused.objections[0].message
            outcome.refused.append((group.says, reason, len(group.tests)))
            continue
        checkers = Checkers(program, formats=group.file.startswith(FORMATS))
        checker = checkers.checker("schema")
        right = 0
        for says, document, valid in group.tests:
            if (not checker.errors(decode(document))) is valid:
                right += 1
            else:
                outcome.failed.append(f"{group.says}: {says}")
        found[group.file] = outcome._replace(passed=outcome.passed + right)
    return list(found.values())


class _Written(str):
    """A number as the suite spells it: 1.0 is to stay 1.0."""


def _text(value: Any) -> bytes:
    if isinstance(value, _Written):
        return value.encode()
    if isinstance(value, dict):
        members = [json.dumps(name).encode() + b":" + _text(one) for name, one in value.items()]
        return b"{" + b",".join(members) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(_text, value)) + b"]"
    return json.dumps(value).encode()


@cache
def _remotes() -> dict[str, Any]:
    folder = _suite() / "remotes"
    found = {
        _SERVER + path.relative_to(folder).as_posix(): json.loads(path.read_bytes())
        for path in sorted(folder.rglob("*.json"))
        if path.relative_to(folder).parts[0] == _DRAFT or not _is_of_a_draft(path, folder)
    }
    for uri in (DIALECT, *(f"{DIALECT.rpartition('/')[0]}/meta/{name}" for name in _META)):
        found[uri] = REGISTRY[uri].contents
    return found


def _is_of_a_draft(path: Path, folder: Path) -> bool:
    return path.relative_to(folder).parts[0].startswith("draft")


_META: Final = (
    *("core", "applicator", "unevaluated", "validation", "meta-data"),
    *("format-annotation", "content"),
)


@cache
def _suite() -> Path:
    """The folder of the suite, fetched if this is the first time."""
    key = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]
    folder = BUILT / "schema-suite" / key
    if not folder.exists():
        with only_one("schema-suite"):
            if not folder.exists():
                _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        work = Path(name)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary=:all:", "--require-hashes", "--dest", name]
        subprocess.run([*command, "--requirement", str(LOCK)], check=True)
        (archive,) = work.glob("*.tar.gz")
        with tarfile.open(archive) as packed:
            wanted = [one for one in packed if one.name.split("/")[1:2] == ["json"]]
            packed.extractall(work, members=wanted, filter="data")
        shutil.move(next(work.glob("*/json")), folder)


def main() -> int:
    """Print the outcomes; 1 where a test fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.schema_suite", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="as a table of Markdown")
    parser.add_argument("--json", action="store_true", help="for machines")
    options = parser.parse_args()
    found = outcomes()
    if options.json:
        print(msgspec.json.encode(found).decode())
    elif options.markdown:
        print(markdown(found), end="")
    else:
        _show(found)
    return int(any(one.failed for one in found))


def markdown(found: list[Outcome]) -> str:
    """The table, with what is refused and why."""
    lines = ["| file | tests passed | tests refused | why |", "|---|---:|---:|---|"]
    for one in found:
        reasons = Counter(_short(reason) for _, reason, _ in one.refused)
        why = "; ".join(reasons).replace("|", "\\|")
        lines.append(f"| `{one.file}` | {one.passed} | {_refused(one) or ''} | {why} |")
    total = f"| all | {sum(one.passed for one in found)} | {sum(map(_refused, found))} | |"
    return "\n".join([*lines, total]) + "\n"


def _short(reason: str) -> str:
    return reason if len(reason) <= 110 else reason[:109] + "…"


def _refused(one: Outcome) -> int:
    return sum(tests for *_, tests in one.refused)


def _show(found: list[Outcome]) -> None:
    for one in found:
        print(
            f"{one.file:48} {one.passed:4} passed  {_refused(one):3} refused  "
            f"{len(one.failed):3} failed"
        )
        for says, reason, tests in one.refused:
            print(f"    refused ({tests}): {says}: {reason}")
        for says in one.failed:
            print(f"    FAILED: {says}")
    passed = sum(one.passed for one in found)
    failed = sum(len(one.failed) for one in found)
    print(f"all: {passed} passed, {sum(map(_refused, found))} refused, {failed} failed")


if __name__ == "__main__":
    sys.exit(main())
