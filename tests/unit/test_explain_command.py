"""`gateway explain`: what it says about a request, to people and to machines."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

ROUTES = str(Path(__file__).resolve().parents[2] / "routes.yaml")
AT = ("--at", "2026-11-24T00:00:00Z", "--routes", ROUTES)


def explained(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main(["explain", *words, *AT, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_derived_route_shows_its_whole_way(capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(
        capsys,
        *("PATCH", "/v1/plans/rm_7", "-d", '{"name":"A"}', "-H", "Cookie: a=b"),
        *("-H", "Content-Type: application/json"),
        *("--as", "ada", "--scope", "roadmaps:write", "--answer", '{"title":"A"}'),
    )
    assert (found["version"], found["named_by"]) == ("v1", ["path"])
    assert (found["route"], found["changes"]) == ("change-roadmap", ["plans-become-roadmaps"])
    assert found["parameters"] == {"id": "rm_7"}
    assert [step["name"] for step in found["pipeline"]] == [
        *("lifecycle", "guard", "authenticate", "rate_limit", "invalidate"),
        *("validate", "transform", "circuit_breaker", "dispatch"),
    ]
    assert (found["service"], found["sent"]["line"]) == ("data", "PATCH /roadmaps/rm_7")
    assert found["sent"]["body"] == '{"title":"A"}'
    assert {"name": "content-length", "before": "12"} in found["sent_changes"]
    assert found["response"]["body"] == '{"name":"A"}'
    assert found["refusal"] is None


def test_a_refusal_names_problem_and_step(capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(capsys, "GET", "/v2/roadmaps", "--as", "eve")
    assert found["refusal"] == {
        "code": "insufficient-scope",
        "status": 403,
        "detail": "Missing: roadmaps:read.",
        "step": "authenticate",
    }
    assert (found["sent"], found["answer"]) == (None, None)


def test_a_path_of_another_version_is_pointed_at(capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(capsys, "GET", "/plans")
    assert (found["version"], found["named_by"]) == ("v2", [])
    assert found["elsewhere"] == ["v1 has this path: list-roadmaps, create-roadmap"]


def test_people_get_text_without_colours_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "GET", "/v1/statistics", *AT, "--answer", '{"a": 1}']) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert not any(line.endswith(" ") for line in out.splitlines())
    for part in ("version  v1, named by path", "Considered", "Pipeline", "Sent to data: GET"):
        assert part in out


def test_nothing_in_a_request_drives_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "GET", "/v2/\x1b[31m", *AT]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_a_body_may_come_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = tmp_path / "body.json"
    body.write_text("[1]")
    found = explained(capsys, "POST", "/oauth/token", "-d", f"@{body}")
    assert found["sent"]["body"] == "[1]"


WRONG = [
    (["GET", "plans"], "expected a path such as /v2/roadmaps"),
    (["G T", "/"], "expected a method such as GET"),
    (["GET", "/", "-H", "nothing"], "expected `Name: value`"),
    (["GET", "/", "-d", "@nowhere.json"], "No such file"),
]


@pytest.mark.parametrize(("words", "message"), WRONG)
def test_wrong_use_is_2(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *words, *AT]) == 2
    assert message in capsys.readouterr().err


def test_a_time_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["explain", "GET", "/", "--at", "tomorrow"])
    assert exit_.value.code == 2
    assert "expected a time such as" in capsys.readouterr().err


def test_a_table_with_mistakes_is_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "routes.yaml"
    table.write_text("routes: []\n")
    assert main(["explain", "GET", "/", "--routes", str(table)]) == 1
    assert f"{table}:1:1: `versions` is missing" in capsys.readouterr().err
