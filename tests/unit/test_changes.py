"""What version changes make of the routes: old paths, transforms one behind the other."""

from typing import Any

import pytest

from routing.changes import VersionedRoutes
from tests.unit.tables import route, table

VERSIONS = {"default": "v3", "supported": {"v1": {}, "v2": {}, "v3": {}}}
TRANSFORMS: dict[str, Any] = {name: {} for name in ("own", "second", "first", "also-first")}
SECOND = {
    "name": "second-change",
    "date": "2026-06-01",
    "from": "v2",
    "to": "v3",
    "paths": {"/projects": "/roadmaps", "/projects/{id}/parts": "/roadmaps/{id}/milestones"},
    "transforms": [{"routes": ["get", "milestone"], "transform": "second"}],
    "added": ["search"],
}
FIRST = {
    "name": "first-change",
    "date": "2025-06-01",
    "from": "v1",
    "to": "v2",
    "paths": {
        "/plans": "/projects",
        "/steps/{milestone}/of/{id}": "/projects/{id}/parts/{milestone}",
    },
    "transforms": [
        {"routes": ["get"], "transform": "first"},
        {"routes": ["get", "list"], "transform": "also-first"},
    ],
}  # fmt: skip
TABLE = table(
    route(name="list", path="/roadmaps", versions=["v3"]),
    route(name="search", path="/search", versions=["v3"]),
    route(name="legacy", path="/legacy", versions=["v1"]),
    route(name="get", path="/roadmaps/{id:int}", versions=["v3"], transform="own"),
    route(name="milestone", path="/roadmaps/{id}/milestones/{milestone}", versions=["v3"]),
    route(name="files", path=None, path_prefix="/roadmaps/{id}/files", versions=["v3"]),
    route(name="feed", path=None, path_regex="/roadmaps/feed[.]xml", versions=["v3"]),
    route(name="everywhere", path="/statistics", versions=["v1", "v3"], upstream_path="/s"),
    route(name="keys", path="/keys", versions=None),
    versions=VERSIONS,
    transforms=TRANSFORMS,
    changes=[FIRST, SECOND],
)

OFFERED = {
    # version: name, path, path at the service, changes, transforms
    "v3": [
        ("list", "/roadmaps", "/roadmaps", (), ()),
        ("search", "/search", "/search", (), ()),
        ("get", "/roadmaps/{id:int}", "/roadmaps/{id}", (), ("own",)),
        ("milestone", "/roadmaps/{id}/milestones/{milestone}",
         "/roadmaps/{id}/milestones/{milestone}", (), ()),
        ("files", "/roadmaps/{id}/files", "/roadmaps/{id}/files", (), ()),
        ("feed", "/roadmaps/feed[.]xml", None, (), ()),
        ("everywhere", "/statistics", "/s", (), ()),
    ],
    "v2": [
        ("list", "/projects", "/roadmaps", ("second-change",), ()),
        ("get", "/projects/{id:int}", "/roadmaps/{id}", ("second-change",), ("second", "own")),
        ("milestone", "/projects/{id}/parts/{milestone}",
         "/roadmaps/{id}/milestones/{milestone}", ("second-change",), ("second",)),
        ("files", "/projects/{id}/files", "/roadmaps/{id}/files", ("second-change",), ()),
        ("feed", "/roadmaps/feed[.]xml", None, ("second-change",), ()),
        ("everywhere", "/statistics", "/s", ("second-change",), ()),
    ],
    "v1": [
        ("list", "/plans", "/roadmaps", ("first-change", "second-change"), ("also-first",)),
        ("legacy", "/legacy", "/legacy", (), ()),
        ("get", "/plans/{id:int}", "/roadmaps/{id}", ("first-change", "second-change"),
         ("first", "also-first", "second", "own")),
        ("milestone", "/steps/{milestone}/of/{id}", "/roadmaps/{id}/milestones/{milestone}",
         ("first-change", "second-change"), ("second",)),
        ("files", "/plans/{id}/files", "/roadmaps/{id}/files",
         ("first-change", "second-change"), ()),
        ("feed", "/roadmaps/feed[.]xml", None, ("first-change", "second-change"), ()),
        ("everywhere", "/statistics", "/s", (), ()),
    ],
    None: [("keys", "/keys", "/keys", (), ())],
}  # fmt: skip


@pytest.mark.parametrize("version", OFFERED)
def test_a_route_is_offered_in_every_version_that_has_it(version: str | None) -> None:
    routes = VersionedRoutes(TABLE).of(version)
    assert [
        (
            each.settings.name,
            each.settings.path or each.settings.path_prefix or each.settings.path_regex,
            each.settings.upstream_path,
            each.changes,
            each.transforms,
        )
        for each in routes
    ] == OFFERED[version]
    assert {each.version for each in routes} == {version}
