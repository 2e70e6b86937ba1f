"""Which version a request asks for, and what the answers of an ageing one say."""

import msgspec
import pytest

from contract.problems import Problem
from messages import Headers, Request
from routing.table import VersionsSettings
from routing.versions import Versions, in_version
from tests.cases import versioning
from tests.unit.tables import table

VERSIONS = Versions(table().versions)


@pytest.mark.parametrize(
    ("path", "version", "rest"),
    [
        ("/v1/plans", "v1", "/plans"),
        ("/v2", "v2", "/"),
        ("/v2/", "v2", "/"),
        ("/v2/v1/x", "v2", "/v1/x"),
        ("/plans", None, "/plans"),
        ("/", None, "/"),
        ("/v2x/plans", None, "/v2x/plans"),
        ("/V1/plans", None, "/V1/plans"),
        ("/v12345/plans", None, "/v12345/plans"),
        ("/version/v1", None, "/version/v1"),
    ],
)
def test_the_path_may_name_a_version(path: str, version: str | None, rest: str) -> None:
    found, behind = VERSIONS.in_path(path)
    assert (found.name if found else None, behind) == (version, rest)
    assert in_version(path) == (version is not None)


MANY = Versions(msgspec.convert(versioning.SETTINGS, VersionsSettings))
V = versioning.V


def asked(query: str = "", **fields: str) -> Request:
    named = [(name.replace("_", "-"), value) for name, value in fields.items()]
    return Request("GET", "/", query, Headers(named))


@pytest.mark.parametrize(("path", "query", "fields", "version"), versioning.CASES)
def test_the_version_of_a_request(
    path: str, query: str, fields: dict[str, str], version: str
) -> None:
    assert versioning.select_version(versioning.SETTINGS, path, query, fields) == version


def test_where_there_is_no_such_version_the_known_ones_are_listed() -> None:
    with pytest.raises(Problem) as refused:
        MANY.select(None, asked(api_version="v" * 500))
    assert refused.value.extensions == {"supported": ["v1", "v2", "v3", "v4", "v5"]}
    assert "v1 (2025-01-15), v2 (2026-06-01)" in str(refused.value.detail)
    assert len(str(refused.value.detail)) < 160


CONFLICTS = [
    # version in the path, request, what is said
    ("v1", asked(api_version="v2"), "The path says v1 and the API-Version field says v2."),
    ("v1", asked(accept=f"{V}; version=3"), "The path says v1 and the Accept field says v3."),
    ("v2", asked("api-version=1"), "The path says v2 and the parameter 'api-version' says v1."),
    (None, asked("api-version=1", api_version="2"), "The API-Version field says v2 and"),
    (None, asked("api-version=1&api-version=2"), "The parameter 'api-version' says v1 and"),
]


@pytest.mark.parametrize(("in_path", "request_", "detail"), CONFLICTS)
def test_two_versions_in_one_request_are_a_conflict(
    in_path: str | None, request_: Request, detail: str
) -> None:
    version = MANY.by_name[in_path] if in_path else None
    with pytest.raises(Problem) as refused:
        MANY.select(version, request_)
    assert refused.value.type.code == "version-conflict"
    assert str(refused.value.detail).startswith(detail)


def test_what_is_not_switched_on_is_not_looked_at() -> None:
    select = {"path": False, "header": None, "query": "v"}
    versions = Versions(
        table(
            versions={"default": "v2", "select": select, "supported": {"v1": {}, "v2": {}}}
        ).versions
    )
    assert versions.in_path("/v1/plans") == (None, "/v1/plans")
    assert versions.select(None, asked(api_version="v1", accept=f"{V}; version=1")) is None
    assert versions.vary == ()


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("", ""),
        ("api-version=1", ""),
        ("a=%20&api-version=1&b=+&c", "a=%20&b=+&c"),
        ("api%2dversion=1&&x", "&x"),
        ("a=api-version", "a=api-version"),
    ],
)
def test_the_parameter_is_not_passed_on(query: str, left: str) -> None:
    assert MANY.without_selector(query) == left


@pytest.mark.parametrize(
    ("settings", "fields", "links"),
    [
        ({}, [], []),
        (
            {"deprecated": "2026-09-01T02:00:00+02:00"},
            [("deprecation", "@1788220800")],
            [],
        ),
        (
            {"sunset": "2027-09-01T02:00:00+02:00"},
            [("sunset", "Wed, 01 Sep 2027 00:00:00 GMT")],
            [],
        ),
        (
            {"sunset": "2027-09-01T00:00:00Z", "documentation": "https://example.com/d"},
            [("sunset", "Wed, 01 Sep 2027 00:00:00 GMT")],
            ['<https://example.com/d>; rel="sunset"; type="text/html"'],
        ),
        ({"documentation": "https://example.com/d"}, [], []),
    ],
)
def test_an_ageing_version_says_so(
    settings: dict[str, str], fields: list[tuple[str, str]], links: list[str]
) -> None:
    versions = {"default": "v1", "supported": {"v1": settings}}
    version = Versions(table(versions=versions).versions).by_name["v1"]
    assert version.fields == fields
    assert version.links == links
