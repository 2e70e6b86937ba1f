"""`gateway check --audit`: a table of weaknesses, each with the rule that finds it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.audit.report import audit_table
from cli.audit.rules import RULES
from cli.main import main
from tests.unit.tables import route, table

NOW = datetime(2026, 11, 24, tzinfo=UTC).timestamp()
READS = {"access": {"scopes": ["roadmaps:read"]}}
LIMITED = {"rate_limit": "few"}
BREAKS = {"data": {"binding": "DATA", "circuit_breaker": {}}}


def versions(**v1: Any) -> dict[str, Any]:
    return {"versions": {"default": "v2", "supported": {"v1": v1, "v2": {}}}}


def change(**members: Any) -> dict[str, Any]:
    usual = {"name": "one", "date": "2026-06-01", "from": "v1", "to": "v2", "description": "It."}
    return {"changes": [usual | members]}


def service(**members: Any) -> dict[str, Any]:
    return {"services": {"data": {"url": "https://a.example", "circuit_breaker": {}} | members}}


ENDS = {"deprecated": "2026-09-01T00:00:00Z", "successor": "v2", "documentation": "https://a/b"}
TEMPLATED = {"old": {"response": {"json": [{"op": "set", "path": "/t", "value": "${header.x}"}]}}}

WEAK: list[tuple[str, dict[str, Any] | list[dict[str, Any]], dict[str, Any], tuple[Any, ...]]] = [
    # the rule, the route or routes, the rest of the table, the place
    ("public-write-without-limit", {"methods": ["POST"]}, {}, ("routes", 0)),
    ("public-without-limit", {}, {}, ("routes", 0)),
    ("write-without-scopes", {"methods": ["PUT"], "access": "authenticated"}, {},
     ("routes", 0, "access")),
    ("public-body-unlimited", {"max_body": "unlimited"}, {}, ("routes", 0, "max_body")),
    ("preview-of-public-route", {"versions": ["v1"]}, versions(preview="beta"),
     ("routes", 0, "access")),
    ("cached-by-caller", {"cache": {"ttl": "1m"}, "transform": "old"}, {"transforms": TEMPLATED},
     ("routes", 0, "cache")),
    ("key-in-table", {}, service(url="https://a.example/hooks/ghp_0123456789abcdefghijABCDEFGHIJ"),
     ("services", "data", "url")),
    ("plain-http", {}, service(url="http://a.example"), ("services", "data", "url")),
    ("wildcard-host", {"hosts": ["*.example.com"]}, {}, ("routes", 0, "hosts", 0)),
    ("encoded-slashes", {}, {"paths": {"encoded_slashes": "keep"}}, ("paths", "encoded_slashes")),
    ("lonely-scope", [READS, READS, {"access": {"scopes": ["roadmap:read"]}}], {},
     ("routes", 2, "access", "scopes", 0)),
    ("no-circuit-breaker", {}, {}, ("services", "data")),
    ("long-timeout", {}, service(timeout="31s"), ("services", "data", "timeout")),
    ("maintenance", {"maintenance": True}, {}, ("routes", 0, "maintenance")),
    ("regex-for-template", {"path": None, "path_regex": "/a/(?P<id>[^/]+)/b"}, {},
     ("routes", 0, "path_regex")),
    ("unused-service", {}, {}, ("services", "auth")),
    ("unused-limit", {}, {}, ("rate_limits", "few")),
    ("unused-cors", {}, {"cors": {"p": {"origins": ["https://a.example"]}}}, ("cors", "p")),
    ("cors-plain-http", {"cors": "p"}, {"cors": {"p": {"origins": ["http://a.example"]}}},
     ("cors", "p", "origins", 0)),
    ("no-hsts", {}, {"security_headers": {"hsts": None}}, ("security_headers", "hsts")),
    ("cors-any-origin", {"cors": "p", "access": "authenticated"},
     {"cors": {"p": {"origins": ["*"]}}}, ("routes", 0, "cors")),
    ("unused-transform", {}, {}, ("transforms", "old")),
    ("served-after-sunset", {}, versions(**ENDS, sunset="2026-10-01T00:00:00Z"),
     ("versions", "supported", "v1", "sunset")),
    ("no-end-after-sunset", {}, versions(**ENDS, sunset="2028-10-01T00:00:00Z"),
     ("versions", "supported", "v1", "sunset")),
    ("sunset-near", {}, versions(**ENDS, sunset="2026-12-24T00:00:00Z"),
     ("versions", "supported", "v1", "sunset")),
    ("deprecated-without-way-on", {}, versions(deprecated="2026-09-01T00:00:00Z"),
     ("versions", "supported", "v1")),
    ("change-without-description", {}, change(description=""), ("changes", 0)),
    ("change-not-lossless", {}, change(transforms=[{"routes": ["r0"], "transform": "old"}]),
     ("changes", 0)),
    ("shadowed-route", [{"path": None, "path_regex": "/a[a-z]+"},
                        {"path": None, "path_regex": "/a[a-c]+"}], {}, ("routes", 1)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "routes", "members", "place"), WEAK, ids=[w[0] for w in WEAK])
def test_a_weakness_is_found(
    rule: str,
    routes: dict[str, Any] | list[dict[str, Any]],
    members: dict[str, Any],
    place: tuple[Any, ...],
) -> None:
    several = routes if isinstance(routes, list) else [routes]
    made = [
        route(**({"name": f"r{number}", "path": f"/r{number}"} | one))
        for number, one in enumerate(several)
    ]
    found = audit_table(table(*made, **members), NOW)
    assert [one.path for one in found if one.id == rule] == [place]


def test_every_rule_has_a_case() -> None:
    audit_table(table(), NOW)
    assert {rule.id for rule in RULES} == {case[0] for case in WEAK}


def test_a_good_table_has_no_findings() -> None:
    good = table(
        route(name="read", path="/a/{id:int}", **READS),
        route(name="write", path="/a", methods=["POST"], access={"scopes": ["roadmaps:write"]}),
        route(name="open", path="/b", **LIMITED),
        services=BREAKS, transforms={}, versions={"default": "v2", "supported": {"v2": {}}},
    )  # fmt: skip
    assert audit_table(good, NOW) == []


FILE = """\
versions: { default: v2, supported: { v2: {} } }
services: { data: { binding: DATA } }
routes:
  - { name: things, path: /things, methods: [POST], versions: [v2], service: data, access: public }
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weak table in the working folder."""
    monkeypatch.chdir(tmp_path)
    Path("routes.yaml").write_text(FILE)
    return Path("routes.yaml")


LEVELS = [("high", 1), ("medium", 1), ("info", 1), ("none", 0)]


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(("level", "status"), LEVELS)
def test_the_exit_status_is_for_ci(level: str, status: int) -> None:
    assert main(["check", "--audit", "--fail-on", level]) == status


@pytest.mark.usefixtures("file")
def test_findings_have_place_severity_and_fix(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--audit"])
    assert capsys.readouterr().out == (
        "routes.yaml:4:5: high `things` takes POST from anybody, unlimited"
        " [public-write-without-limit]\n"
        "  → give it a `rate_limit`, by address\n"
        "routes.yaml:2:19: medium when `data` fails, every request goes on to it and waits"
        " [no-circuit-breaker]\n"
        "  → give it a `circuit_breaker`; an empty one has good values\n"
        "routes.yaml: 1 high, 1 medium\n"
    )


@pytest.mark.usefixtures("file")
def test_machines_get_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", "--audit", "--json"])
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [(one["id"], one["severity"], one["line"]) for one in found] == [
        ("public-write-without-limit", "high", 4),
        ("no-circuit-breaker", "medium", 2),
    ]


@pytest.mark.usefixtures("file")
def test_without_audit_nothing_of_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr().out.startswith("routes.yaml: ok (")
