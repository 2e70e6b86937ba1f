"""Every command knows every end of a route: explain, routes, openapi, diff, check --audit, test."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.main import main
from tests.unit.tables import document, route

ENDS: dict[str, dict[str, Any]] = {
    "shared": {
        "backends": [{"service": "data", "weight": 9}, {"service": "auth", "weight": 1}],
        "sticky": {"by": "header", "name": "X-Tenant"},
    },
    "copied": {"service": "data", "mirror": {"service": "auth", "percent": 5}},
    "moved": {"redirect": {"path": "/elsewhere/{id}", "status": 308}},
    "mocked": {"respond": {"status": 203, "json": {"id": "${path.id}"}}},
    "whole": {
        "aggregate": {
            "parts": {
                "x": {"service": "data", "path": "/x/${path.id}"},
                "y": {"service": "auth", "path": "/y", "optional": True},
            }
        }
    },
    "talk": {"service": "data", "websocket": True},
}


def written(folder: Path, name: str = "routes.yaml", **changed: dict[str, Any]) -> str:
    """The path of a table with a route for each end."""
    ends = ENDS | changed
    routes = [
        route(name=end, path=f"/{end}/{{id}}", **{"service": None, **members})
        for end, members in ends.items()
    ]
    path = folder / name
    path.write_text(yaml.safe_dump(document(*routes)))
    return str(path)


def printed(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    assert main([*words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


EXPLAINED = [
    # end, status, names of the steps, what is told
    ("shared", 200, ["dispatch", "dispatch"], {"backend": "data", "chosen_by": "chance"}),
    ("copied", 200, ["mirror", "dispatch"], {"service": "data"}),
    ("moved", 308, ["redirect"], {"service": None, "sent": None}),
    ("mocked", 203, ["respond"], {"service": None, "sent": None}),
    ("whole", 200, ["aggregate", "aggregate"], {"service": "data, auth"}),
    ("talk", 426, ["websocket", "dispatch"], {"sent": None}),
]


@pytest.mark.parametrize(("end", "status", "steps", "told"), EXPLAINED)
def test_explain(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    end: str,
    status: int,
    steps: list[str],
    told: dict[str, Any],
) -> None:
    words = ("explain", "GET", f"/v2/{end}/7", "--routes", written(tmp_path))
    found = printed(capsys, *words)
    assert found["response"]["line"] == str(status)
    assert [step["name"] for step in found["pipeline"]] == steps
    assert {name: found[name] for name in told} == told
    assert found["traceback"] is None
    assert main(list(words)) == 0


def test_explain_says_by_what_a_client_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("explain", "GET", "/v2/shared/7", "--routes", written(tmp_path))
    known = printed(capsys, *words, "-H", "X-Tenant: t")
    assert known["chosen_by"] == "header"


def test_routes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path)
    found = {one["name"]: one for one in printed(capsys, "routes", path)}
    assert {name: one["end"] for name, one in found.items()} == {
        "shared": "data 9, auth 1",
        "copied": "data",
        "moved": "redirect 308",
        "mocked": "respond 203",
        "whole": "x: data + y: auth",
        "talk": "data",
    }
    assert found["copied"]["mirror"] == "auth 5 %"
    called = printed(capsys, "routes", path, "--service", "auth")
    assert [one["name"] for one in called] == ["shared", "copied", "whole"]
    assert main(["routes", path]) == 0


def test_openapi(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = printed(capsys, "openapi", written(tmp_path))["paths"]
    operations = {path.split("/")[2]: item["get"] for path, item in paths.items()}
    good = {end: next(iter(one["responses"])) for end, one in operations.items()}
    assert good == {
        "shared": "2XX", "copied": "2XX", "moved": "308", "mocked": "203", "whole": "200",
        "talk": "101",
    }  # fmt: skip
    with_upstream = {end for end, one in operations.items() if "504" in one["responses"]}
    assert with_upstream == {"shared", "copied", "whole", "talk"}
    assert "426" in operations["talk"]["responses"]


def test_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = written(tmp_path)
    new = written(
        tmp_path,
        "new.yaml",
        moved={"redirect": {"path": "/other/{id}"}},
        copied={"service": "data"},
        whole={"respond": {"text": "x"}},
    )
    found = printed(capsys, "diff", old, new, status=1)
    changes = {(one["name"], one["what"]): one["severity"] for one in found["changes"]}
    assert changes == {
        ("moved", "redirect"): "breaking",
        ("copied", "mirror"): "compatible",
        ("whole", "aggregate"): "risky",
        ("whole", "respond"): "breaking",
    }


def test_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", written(tmp_path), "--audit", "--json"])
    found = json.loads(capsys.readouterr().out)
    rules = [one["id"] for one in found["findings"]]
    assert "unused-service" not in rules
    assert rules.count("no-circuit-breaker") == 2
