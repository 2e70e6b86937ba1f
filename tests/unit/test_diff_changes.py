"""What changed between two tables, and what it means to clients."""

from typing import Any

import msgspec
import pytest

from cli.diff.bodies import sample
from cli.diff.semantic import compare
from tests.unit.tables import route, table
from transforms.operations import BodyOperation

SCOPES = {"access": {"scopes": ["a"]}}
ROUTES = [
    # a member of the route before, after, what changed, severity, words of the reason
    ({}, {"access": "authenticated"}, "access", "breaking", "without credentials"),
    (SCOPES, {"access": {"scopes": ["a", "b"]}}, "access", "breaking", "need the scope b"),
    (SCOPES, {"access": {"scopes": ["a"], "session": True}}, "access", "risky", "are let in"),
    ({"access": {"scopes": ["a"], "session": True}}, SCOPES, "access", "breaking", "are refused"),
    (SCOPES, {"access": "public"}, "access", "risky", "open to everybody"),
    ({}, {"methods": ["POST"]}, "methods", "breaking", "405"),
    ({}, {"methods": ["GET", "POST"]}, "methods", "compatible", "more methods"),
    ({}, {"path": "/other/{id}"}, "path", "breaking", "another path"),
    ({}, {"path": "/things/{id:int}"}, "path", "breaking", "another path"),
    ({}, {"hosts": ["a.example.com"]}, "hosts", "breaking", "no longer answers"),
    ({"hosts": ["a.example.com"]}, {}, "hosts", "compatible", "more hosts"),
    ({}, {"headers": {"X-A": "1"}}, "headers", "breaking", "without x-a"),
    ({"headers": {"X-A": "1"}}, {}, "headers", "risky", "for other routes"),
    ({"query": {"a": "1"}}, {"query": {"a": "2"}}, "query", "breaking", "other requests"),
    ({}, {"service": "auth"}, "service", "risky", "another service"),
    ({}, {"upstream_path": "/x"}, "upstream_path", "risky", "another path"),
    ({}, {"rate_limit": "few"}, "rate_limit", "risky", "429"),
    ({"rate_limit": "few"}, {}, "rate_limit", "compatible", "nothing limits"),
    ({"rate_limit": "few"}, {"rate_limit": "few", "cost": 2}, "cost", "risky", "more permits"),
    ({}, {"max_body": "1KiB"}, "max_body", "breaking", "413"),
    ({}, {"max_body": "unlimited"}, "max_body", "compatible", "larger"),
    ({}, {"maintenance": True}, "maintenance", "breaking", "503"),
    ({"maintenance": True}, {}, "maintenance", "compatible", "open again"),
    ({}, {"cache": {"ttl": "30s"}}, "cache", "risky", "30s old"),
    ({}, {"cache": {}}, "cache", "risky", "as old as their service says"),
    ({"cache": {"ttl": "1h"}}, {"cache": {"ttl": "heuristic"}}, "cache", "risky", "up to a day"),
    ({"cache": {"ttl": "30s"}}, {"cache": {}}, "cache", "compatible", "fresher"),
    ({"cache": {"ttl": "heuristic"}}, {"cache": {"ttl": "1h"}}, "cache", "compatible", "fresher"),
    ({}, {"transform": "old"}, "response transforms", "breaking", "another form"),
    ({}, {"transform": "old"}, "request transforms", "risky", "something else"),
    ({}, {"name": "renamed"}, "name", "compatible", "only logs"),
    ({}, {"summary": "A thing"}, "summary", "compatible", "people"),
]


@pytest.mark.parametrize(("before", "after", "what", "severity", "reason"), ROUTES)
def test_a_route_that_changed(
    before: dict[str, Any], after: dict[str, Any], what: str, severity: str, reason: str
) -> None:
    changes = compare(table(route(**before)), table(route(**after)))
    (change,) = [change for change in changes if change.what == what]
    assert (change.kind, change.versions, change.severity) == ("route", ("v2",), severity)
    assert reason in change.reason


V1 = {"deprecated": "2026-09-01T00:00:00Z", "sunset": "2027-09-01T00:00:00Z", "successor": "v2"}


def versions(v1: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    supported = {"v1": V1 | (v1 or {}), "v2": {}}
    return {"versions": {"default": "v2", "supported": supported} | members}


PAGE = "https://a.example"
TABLES = [
    # a part of the table after, name, what, severity
    (versions(default="v1"), "default", "default", "breaking"),
    (versions(supported={"v2": {}}), "v1", "removed", "breaking"),
    (versions({"sunset": "2027-01-01T00:00:00Z"}), "v1", "sunset", "breaking"),
    (versions({"sunset": "2028-01-01T00:00:00Z"}), "v1", "sunset", "compatible"),
    (versions({"after_sunset": "gone"}), "v1", "after_sunset", "breaking"),
    (versions({"preview": "beta"}), "v1", "preview", "breaking"),
    (versions(select={"query": "v"}), "select", "query", "compatible"),
    (versions(select={"header": None}), "select", "header", "breaking"),
    ({"paths": {"duplicate_slashes": "merge"}}, "paths", "duplicate_slashes", "compatible"),
    ({"rate_limits": {"few": {"quota": 1, "window": "1m", "by": "address"}}}, "few", "changed",
     "risky"),
    ({"rate_limits": {"few": {"quota": 2, "window": "1m", "by": "address", "enforce": False}}},
     "few", "changed", "compatible"),
    ({"rate_limits": {"few": {"quota": 2, "window": "1m", "by": "address",
                              "tiers": {"plans": {"pro": {"quota": 1}}}}}}, "few", "changed",
     "risky"),
    ({"roles": {"r": {"permissions": ["b"]}}}, "r", "permissions", "breaking"),
    ({"roles": {"r": {"permissions": ["a", "b"]}}}, "r", "permissions", "risky"),
    ({"security_headers": {"frame_options": None}}, "security_headers", "frame_options", "risky"),
    ({"cors": {"p": {"origins": ["https://b.example"]}}}, "thing", "cors", "breaking"),
    ({"cors": {"p": {"origins": [PAGE, "https://b.example"]}}}, "thing", "cors", "risky"),
    ({"services": {"data": {"binding": "DATA", "timeout": "1s"}, "auth": {"binding": "AUTH"}}},
     "data", "timeout", "risky"),
    ({"services": {"data": {"url": "https://a.example"}, "auth": {"binding": "AUTH"}}},
     "data", "url", "risky"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "name", "what", "severity"), TABLES)
def test_a_table_that_changed(members: dict[str, Any], name: str, what: str, severity: str) -> None:
    used = route(rate_limit="few", cors="p")
    pages: dict[str, Any] = {"cors": {"p": {"origins": [PAGE]}}}
    pages["roles"] = {"r": {"permissions": ["a"]}}
    changes = compare(table(used, **pages), table(used, **pages | members))
    assert (name, what, severity) in [(one.name, one.what, one.severity) for one in changes]


def test_what_is_the_same_in_several_versions_is_told_once() -> None:
    both = {"versions": ["v1", "v2"]}
    (change,) = compare(table(route(**both)), table(route(**both, maintenance=True)))
    assert change.versions == ("v1", "v2")


def test_routes_come_and_go() -> None:
    one, other = route(name="one", path="/one"), route(name="other", path="/other")
    changes = compare(table(one), table(other))
    assert [(change.name, change.what, change.severity) for change in changes] == [
        ("one", "removed", "breaking"),
        ("other", "added", "compatible"),
    ]


def test_a_changed_order_is_told() -> None:
    one, other = route(name="one", path="/one"), route(name="other", path="/other")
    (change,) = compare(table(one, other), table(other, one))
    assert (change.name, change.what, change.after) == ("one", "order", "behind other")


def test_equal_tables_have_no_changes() -> None:
    assert compare(table(), table()) == []


DOCUMENTS = [
    # operations, a document that has what they look for
    ([{"op": "rename", "path": "/a", "to": "b"}], {"a": "some a"}),
    ([{"op": "move", "from": "/a/b", "to": "/c"}], {"a": {"b": "some b"}}),
    ([{"op": "remove", "path": "/a"}], {"a": "some a"}),
    (
        [
            {"op": "rename", "path": "/items", "to": "plans"},
            {"op": "each", "path": "/plans", "do": [{"op": "rename", "path": "/x", "to": "y"}]},
        ],
        {"items": [{"x": "some x"}]},
    ),
]


@pytest.mark.parametrize(("operations", "expected"), DOCUMENTS)
def test_a_document_has_what_its_transform_looks_for(
    operations: list[dict[str, Any]], expected: Any
) -> None:
    assert sample(msgspec.convert(operations, list[BodyOperation])) == expected
