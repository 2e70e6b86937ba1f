"""`gateway diff`: files and revisions, recorded requests, exit status, output."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

HEAD = """\
versions: { default: v2, supported: { v2: {} } }
services: { one: { url: "https://one.example" }, two: { url: "https://two.example" } }
routes:
"""
USUAL = "methods: [GET], versions: [v2], access: public"
LETTERS = f'  - {{ name: letters, path_regex: "/files/[a-z]+", service: one, {USUAL} }}\n'
WORDS = f'  - {{ name: words, path_regex: "/files/[a-z0-9]+", service: two, {USUAL} }}\n'
BEFORE, AFTER = HEAD + LETTERS + WORDS, HEAD + WORDS + LETTERS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The two tables, in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("before.yaml").write_text(BEFORE)
    Path("after.yaml").write_text(AFTER)
    return tmp_path


def found(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    main(["diff", *words, "--json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.usefixtures("folder")
def test_a_request_that_changes_hands_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "before.yaml", "after.yaml"]) == 1
    out = capsys.readouterr().out
    assert "letters → words" in out
    assert "A  200, route letters, https://one.example: GET /files/a" in out
    assert "B  200, route words, https://two.example: GET /files/a" in out
    assert "$ curl -i --path-as-is http://127.0.0.1:8787/v2/files/a" in out
    assert "$ gateway explain GET /v2/files/a --as somebody --routes after.yaml" in out


@pytest.mark.usefixtures("folder")
def test_machines_get_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    report = found(capsys, "before.yaml", "after.yaml")
    assert report["worst"] == "risky"
    assert report["tried"]["different"] == sum(cause["count"] for cause in report["causes"])
    example = report["causes"][0]["examples"][0]
    assert (example["a"]["service"], example["b"]["service"]) == (
        "https://one.example",
        "https://two.example",
    )


STATUS = [
    # tables, options, exit status
    (("before.yaml", "before.yaml"), (), 0),
    (("before.yaml", "after.yaml"), (), 1),
    (("before.yaml", "after.yaml"), ("--fail-on", "risky"), 1),
    (("before.yaml", "after.yaml"), ("--fail-on", "breaking"), 0),
    (("before.yaml", "after.yaml"), ("--fail-on", "none"), 0),
    (("before.yaml", "nowhere.yaml"), (), 2),
    (("before.yaml", "HEAD:nowhere.yaml"), (), 2),
    (("before.yaml", "broken.yaml"), (), 2),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("tables", "options", "status"), STATUS)
def test_the_exit_status_is_for_ci(
    tables: tuple[str, str], options: tuple[str, ...], status: int
) -> None:
    Path("broken.yaml").write_text("routes: []\n")
    assert main(["diff", *tables, *options]) == status


def git(*words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *words], check=True, capture_output=True)


@pytest.mark.usefixtures("folder")
def test_a_side_may_be_a_revision(capsys: pytest.CaptureFixture[str]) -> None:
    Path("tables").mkdir()
    table = Path("tables/routes.yaml")
    table.write_text(BEFORE)
    git("init", "-q")
    git("add", "tables")
    git("commit", "-qm", "first")
    table.write_text(AFTER)
    assert main(["diff", "HEAD:tables/routes.yaml", "tables/routes.yaml"]) == 1
    assert "letters → words" in capsys.readouterr().out
    assert main(["diff", "HEAD:tables/other.yaml", "tables/routes.yaml"]) == 2
    assert "there is no tables/other.yaml in HEAD" in capsys.readouterr().err
    assert main(["diff", "nonsense:tables/routes.yaml", "tables/routes.yaml"]) == 2
    assert "git: " in capsys.readouterr().err


RECORDED = [
    # lines of a log, requests, lines that are none
    ([{"method": "GET", "path": "/v2/files/xyz", "route": "letters", "version": "v2"}], 1, 0),
    ([{"method": "GET", "path": "/v2/files/xyz"}] * 3, 1, 0),
    ([{"method": "GET", "path": "/files/q", "version": "v2", "subject": "ada"}], 1, 0),
    ([{"event": "tier"}, {"method": "GET"}, {"method": "G T", "path": "/"}], 0, 3),
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("lines", "recorded", "skipped"), RECORDED)
def test_recorded_requests_are_tried(
    lines: list[dict[str, Any]],
    recorded: int,
    skipped: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("log.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    report = found(capsys, "before.yaml", "after.yaml", "--requests", "log.jsonl")
    assert (report["tried"]["recorded"], report["tried"]["skipped"]) == (recorded, skipped)
    if recorded:
        path = lines[0]["path"]
        urls = [one["url"] for cause in report["causes"] for one in cause["examples"]]
        assert path in urls


@pytest.mark.usefixtures("folder")
def test_the_number_of_requests_is_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    report = found(capsys, "before.yaml", "after.yaml", "--limit", "5")
    assert (report["tried"]["generated"], report["tried"]["cut_off"]) == (5, True)
