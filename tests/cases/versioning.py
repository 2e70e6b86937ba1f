"""Which version a request asks for: what it says, and the version or the problem that it gets.

`select_version` runs one case; it is the same code under CPython and in workerd.
"""

from typing import Any, Final

import msgspec

from contract.problems import Problem
from messages import Headers, Request
from routing.table import VersionsSettings
from routing.versions import Versions

SETTINGS: Final[dict[str, Any]] = {
    "default": "v2",
    "select": {
        "header": "API-Version",
        "media_type": "application/vnd.acme+json",
        "query": "api-version",
    },
    "supported": {
        "v1": {"released": "2025-01-15"},
        "v2": {"released": "2026-06-01"},
        "v3": {"released": "2026-10-01"},
        "v4": {"released": "2026-11-01", "preview": "preview:v4"},
        "v5": {},
    },
}

UNSUPPORTED: Final = "unsupported-version"
CONFLICT: Final = "version-conflict"
V: Final = "application/vnd.acme+json"


def _field(value: str) -> dict[str, str]:
    return {"api-version": value}


def _accept(value: str) -> dict[str, str]:
    return {"accept": value}


CASES: Final[list[tuple[str, str, dict[str, str], str]]] = [
    # path, query, header fields, version or problem
    # Nobody names one: the default.
    ("/plans", "", {}, "v2"),
    ("/", "", {}, "v2"),
    # The path, up to the end of a segment.
    ("/v1/plans", "", {}, "v1"),
    ("/v2", "", {}, "v2"),
    ("/v2/", "", {}, "v2"),
    ("/v3/v1/plans", "", {}, "v3"),
    ("/v2x/plans", "", {}, "v2"),
    ("/V1/plans", "", {}, "v2"),
    ("/v12345/plans", "", {}, "v2"),
    ("/version/v1", "", {}, "v2"),
    ("/v9/plans", "", {}, UNSUPPORTED),
    ("/v01/plans", "", {}, UNSUPPORTED),
    # The field: a name, with or without the letter.
    ("/plans", "", _field("v1"), "v1"),
    ("/plans", "", _field("1"), "v1"),
    ("/plans", "", _field(" v3 "), "v3"),
    ("/plans", "", _field("v4"), "v4"),
    ("/plans", "", _field("5"), "v5"),
    ("/plans", "", _field(""), UNSUPPORTED),
    ("/plans", "", _field("v9"), UNSUPPORTED),
    ("/plans", "", _field("v01"), UNSUPPORTED),
    ("/plans", "", _field("V1"), UNSUPPORTED),
    ("/plans", "", _field("latest"), UNSUPPORTED),
    ("/plans", "", _field("v1, v2"), UNSUPPORTED),
    ("/plans", "", _field("1.0"), UNSUPPORTED),
    ("/plans", "", _field("\u0661"), UNSUPPORTED),
    ("/plans", "", _field("v" * 500), UNSUPPORTED),
    # A date picks the newest version that was out by then; never a preview, never an undated one.
    ("/plans", "", _field("2025-01-15"), "v1"),
    ("/plans", "", _field("2026-05-31"), "v1"),
    ("/plans", "", _field("2026-06-01"), "v2"),
    ("/plans", "", _field("2026-10-15"), "v3"),
    ("/plans", "", _field("2099-12-31"), "v3"),
    ("/plans", "", _field("2025-01-14"), UNSUPPORTED),
    ("/plans", "", _field("2026-02-30"), UNSUPPORTED),
    ("/plans", "", _field("2026-6-1"), UNSUPPORTED),
    ("/plans", "", _field("20260601"), UNSUPPORTED),
    ("/plans", "", _field("2026-06-01T00:00:00Z"), UNSUPPORTED),
    # A parameter of the API's media type.
    ("/plans", "", _accept(f"{V}; version=1"), "v1"),
    ("/plans", "", _accept(f"{V};version=v3"), "v3"),
    ("/plans", "", _accept(f'{V}; version="1"'), "v1"),
    ("/plans", "", _accept(f"{V}; VERSION=1"), "v1"),
    ("/plans", "", _accept("Application/VND.acme+JSON; version=1"), "v1"),
    ("/plans", "", _accept(f"{V}; version=2026-10-07"), "v3"),
    ("/plans", "", _accept(f"text/html, {V}; version=1;q=0.5, */*;q=0.1"), "v1"),
    ("/plans", "", _accept(f"{V}; version=1;q=0.5, {V}; version=3"), "v3"),
    ("/plans", "", _accept(f"{V}; version=1, {V}; version=3"), "v1"),
    ("/plans", "", _accept(f"{V}; version=1;q=0, {V}; version=3;q=0.2"), "v3"),
    ("/plans", "", _accept(f"{V}; version=1;q=much"), "v2"),
    ("/plans", "", _accept(f"{V};q=0.5"), "v2"),
    ("/plans", "", _accept("application/json; version=1"), "v2"),
    ("/plans", "", _accept("*/*"), "v2"),
    ("/plans", "", _accept(f"{V}; version=9"), UNSUPPORTED),
    ("/plans", "", _accept(f"{V}; version="), UNSUPPORTED),
    ("/plans", "", _accept(", ".join(["text/html"] * 33)), "malformed-request"),
    # A parameter of the query.
    ("/plans", "api-version=1", {}, "v1"),
    ("/plans", "a=b&api-version=v3&c", {}, "v3"),
    ("/plans", "api%2Dversion=1", {}, "v1"),
    ("/plans", "api-version=%31", {}, "v1"),
    ("/plans", "api-version=2026-10-30", {}, "v3"),
    ("/plans", "api-version=1&api-version=v1", {}, "v1"),
    ("/plans", "API-Version=1", {}, "v2"),
    ("/plans", "a=api-version", {}, "v2"),
    ("/plans", "api-version=9", {}, UNSUPPORTED),
    ("/plans", "api-version", {}, UNSUPPORTED),
    # Several may, if they agree.
    ("/v1/plans", "", _field("1"), "v1"),
    ("/v1/plans", "", _field("2025-06-01"), "v1"),
    ("/v1/plans", "api-version=1", _field("v1") | _accept(f"{V}; version=2025-02-01"), "v1"),
    ("/v1/plans", "", _field("v2"), CONFLICT),
    ("/v1/plans", "", _accept(f"{V}; version=3"), CONFLICT),
    ("/v2/plans", "api-version=1", {}, CONFLICT),
    ("/v2/plans", "", _field("2026-10-02"), CONFLICT),
    ("/plans", "api-version=1", _field("2"), CONFLICT),
    ("/plans", "api-version=1&api-version=2", {}, CONFLICT),
    ("/plans", "", _field("1") | _accept(f"{V}; version=2"), CONFLICT),
    # What does not exist is said before what does not agree.
    ("/v1/plans", "", _field("v9"), UNSUPPORTED),
]


def select_version(settings: Any, path: str, query: str, fields: dict[str, str]) -> str:
    """The name of the version that a request gets, or the code of the problem."""
    versions = Versions(msgspec.convert(settings, VersionsSettings))
    request = Request("GET", path, query, Headers(fields.items()))
    try:
        in_path, _ = versions.in_path(path)
        return (versions.select(in_path, request) or versions.default).name
    except Problem as problem:
        return problem.type.code
