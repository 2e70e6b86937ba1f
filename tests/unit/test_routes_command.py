"""`gateway routes`: all routes, filters, and both forms of output."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

ROUTES = str(Path(__file__).resolve().parents[2] / "routes.yaml")


def names(capsys: pytest.CaptureFixture[str], *filters: str) -> list[str]:
    assert main(["routes", ROUTES, *filters, "--json"]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return [f"{route['version']} {route['name']}" for route in found]


UNVERSIONED = (
    *("issue-token", "revoke-token", "introspect-token"),
    *("login", "logout", "session", "session-token"),
    *("api-keys", "api-key", "rotate-api-key", "signing-keys", "issuer-metadata"),
)
FILTERS = [
    # filters, routes
    (("--version", "none"), [f"None {name}" for name in UNVERSIONED]),
    (("--access", "public", "--version", "v2"), ["v2 statistics"]),
    (("--access", "keys:admin", "--method", "post"), ["None api-keys", "None rotate-api-key"]),
    (("--path", "/v1/plans/{id}/steps/"), ["v1 get-milestone", "v1 change-milestone"]),
    (("--service", "auth", "--method", "DELETE"), ["None api-key"]),
    (("--name", "create", "--version", "v2"), ["v2 create-roadmap", "v2 create-milestone"]),
]


@pytest.mark.parametrize(("filters", "routes"), FILTERS)
def test_filters_pick_routes(
    filters: tuple[str, ...], routes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert names(capsys, *filters) == routes


def test_every_route_of_every_version_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(names(capsys)) == len(UNVERSIONED) + 9 + 9


def test_people_see_derived_routes_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["routes", ROUTES, "--version", "v1", "--name", "get-roadmap"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 100
    parts = ("v1: 1 route", "GET /v1/plans/{id}", "data /roadmaps/{id}", "transform plan", "(1)")
    for part in parts:
        assert part in out


def test_nothing_that_fits_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["routes", ROUTES, "--version", "v7"]) == 2
    assert "no route of" in capsys.readouterr().err
