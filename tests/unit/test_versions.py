"""Which version a request asks for, and what the answers of an ageing one say."""

import pytest

from contract.problems import Problem
from routing.versions import Versions, in_version
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


@pytest.mark.parametrize(
    ("value", "version"), [("v1", "v1"), ("2", "v2"), (" v2 ", "v2"), (None, None)]
)
def test_the_field_may_name_a_version(value: str | None, version: str | None) -> None:
    found = VERSIONS.in_header(value)
    assert (found.name if found else None) == version


@pytest.mark.parametrize("name", ["v3", "v0", "v01", "", "latest", "v1, v2", "v" * 500])
def test_an_unknown_version_is_refused_and_the_known_ones_are_listed(name: str) -> None:
    with pytest.raises(Problem) as refused:
        VERSIONS.in_header(name)
    assert refused.value.type.code == "unsupported-version"
    assert refused.value.extensions == {"supported": ["v1", "v2"]}
    assert len(str(refused.value.detail)) < 120


def test_an_unknown_version_in_the_path_is_refused() -> None:
    with pytest.raises(Problem, match="asks for 'v3'"):
        VERSIONS.in_path("/v3/plans")


def test_path_and_field_must_not_name_different_versions() -> None:
    one, two = VERSIONS.by_name["v1"], VERSIONS.by_name["v2"]
    VERSIONS.agree(one, one)
    VERSIONS.agree(one, None)
    with pytest.raises(Problem) as refused:
        VERSIONS.agree(one, two)
    assert refused.value.type.code == "version-conflict"


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
