"""Requests that show a difference: each subtle change of a table has one that is found."""

from typing import Any

import pytest

from cli.diff.generate import generate
from cli.diff.replay import Group, Runner, replay
from routing.table import Table
from tests.unit.fakes import NOW
from tests.unit.tables import route, table


def differences(a: Table, b: Table) -> list[Group]:
    return replay(Runner(a, NOW), Runner(b, NOW), generate(a, b).cases)


def tables(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> tuple[Table, Table]:
    """Two tables whose routes go to services of their own, so that it shows which one answers."""
    services = {
        one["name"]: {"url": f"https://{one['name']}.example.com"} for one in (*before, *after)
    }
    sides = [[one | {"service": one["name"]} for one in side] for side in (before, after)]
    return table(*sides[0], services=services), table(*sides[1], services=services)


def at(name: str, **members: Any) -> dict[str, Any]:
    return route(**{"name": name, "path": None, **members})


LETTERS = at("letters", path_regex="/files/[a-z]+")
WORDS = at("words", path_regex="/files/[a-z0-9]+")
ANY = at("any", path="/things/{id}")
NEW = at("new", path="/things/new")
NUMBER = at("number", path="/things/{id:int}")
BETA = at("beta", path="/things", headers={"X-Beta": "1"})
STABLE = at("stable", path="/things")
PAGED = at("paged", path="/things", query={"page": {"regex": "[0-9]+"}})
UNDER = at("under", path_prefix="/files")
ONE = at("one", path="/files/{name}/meta")
WILD = at("wild", path="/things", hosts=["*.example.com"])
EXACT = at("exact", path="/things", hosts=["api.example.com"])

SUBTLE = [
    # what was done, routes before, routes after, who answered, who answers
    ("two expressions change places", [LETTERS, WORDS], [WORDS, LETTERS], "letters", "words"),
    ("a literal goes", [ANY, NEW], [ANY], "new", "any"),
    ("a literal comes", [ANY], [ANY, NEW], "any", "new"),
    ("a parameter gets a type", [NUMBER, ANY], [ANY], "number", "any"),
    ("a typed parameter comes", [ANY], [NUMBER, ANY], "any", "number"),
    ("a header condition goes", [BETA, STABLE], [BETA | {"headers": {}}], "stable", "beta"),
    ("a query condition comes", [STABLE], [STABLE, PAGED], "stable", "paged"),
    ("a whole path comes under a prefix", [UNDER], [UNDER, ONE], "under", "one"),
    ("a whole path goes from a prefix", [UNDER, ONE], [UNDER], "one", "under"),
    ("a host comes under a wildcard", [WILD], [WILD, EXACT], "wild", "exact"),
    ("a wildcard comes", [STABLE], [STABLE, WILD], "stable", "wild"),
    (
        "parameters in different places",
        [at("left", path="/{a}/new/{b}"), at("right", path="/old/{c}/{d}")],
        [at("left", path="/{a}/new/{b}")],
        "right",
        "left",
    ),
]


@pytest.mark.parametrize(
    ("before", "after", "was", "now"), [case[1:] for case in SUBTLE], ids=[c[0] for c in SUBTLE]
)
def test_a_change_of_precedence_shows_in_a_request(
    before: list[dict[str, Any]], after: list[dict[str, Any]], was: str, now: str
) -> None:
    a, b = tables(before, after)
    found = {(group.a, group.b): group for group in differences(a, b)}
    assert (was, now) in found
    example = found[was, now].examples[0]
    assert example.a.service == f"https://{was}.example.com"
    assert example.b.service == f"https://{now}.example.com"
    # What is shown can be repeated, with the same result.
    assert Runner(a, NOW).see(example.case) == example.a
    assert Runner(b, NOW).see(example.case) == example.b


OLD = {"versions": ["v1"], "upstream_path": "/things"}
RENAMES = [{"op": "rename", "path": "/title", "to": "name"}]
OTHER = [{"op": "rename", "path": "/title", "to": "label"}]


def transforms(operations: list[dict[str, Any]], direction: str = "response") -> dict[str, Any]:
    return {"transforms": {"one": {direction: {"json": operations}}}}


EFFECTS = [
    # route before, route after, severity, reason
    ({}, {"access": "authenticated"}, "breaking", "it was answered and is refused"),
    ({"access": {"scopes": ["a"]}}, {"access": {"scopes": ["a", "b"]}}, "breaking",
     "it was answered and is refused"),
    ({"access": {"scopes": ["a"]}}, {"access": {"scopes": ["b"]}}, "risky",
     "it was refused for its credentials and is answered"),
    ({"methods": ["GET", "DELETE"]}, {"methods": ["GET"]}, "breaking",
     "it was answered and is refused"),
    ({"methods": ["GET"]}, {"methods": ["GET", "DELETE"]}, "compatible",
     "it was refused and is answered"),
    ({}, {"maintenance": True}, "breaking", "it was answered and is refused"),
    ({}, {"rate_limit": "few"}, "compatible", "the answer has other header fields"),
    ({}, {"upstream_path": "/other"}, "risky", "it goes elsewhere"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "severity", "reason"), EFFECTS)
def test_what_it_means_is_told(
    before: dict[str, Any], after: dict[str, Any], severity: str, reason: str
) -> None:
    a, b = table(route(**before)), table(route(**after))
    assert (severity, reason) in [(one.severity.word, one.reason) for one in differences(a, b)]


def test_a_renamed_member_of_an_answer_is_lost() -> None:
    a, b = (table(route(transform="one"), **transforms(one)) for one in (RENAMES, OTHER))
    (group,) = differences(a, b)
    assert (group.severity.word, group.parts) == ("breaking", ("body",))
    example = group.examples[0]
    assert (example.a.body, example.b.body) == (b'{"name":"some title"}', b'{"label":"some title"}')


def test_an_error_of_the_service_is_tried_where_errors_are_transformed() -> None:
    a = table(route(transform="one"), **transforms(RENAMES, "errors"))
    b = table(route(transform="one"), **transforms(OTHER, "errors"))
    assert [(group.a, group.b) for group in differences(a, b)] == [("thing", "thing")]


def test_each_way_to_name_the_version_is_tried() -> None:
    select = {"header": "X-Version", "media_type": "application/vnd.acme+json", "query": "v"}
    versions = {"default": "v2", "select": select, "supported": {"v1": {}, "v2": {}}}
    both = [route(versions=["v1", "v2"])]
    a = table(*both, versions=versions)
    for way in select:
        fewer = {**versions, "select": {**select, way: None}}
        assert differences(a, table(*both, versions=fewer)), way


def test_equal_tables_answer_alike() -> None:
    a, b = tables([LETTERS, ANY, BETA, UNDER, WILD], [LETTERS, ANY, BETA, UNDER, WILD])
    assert differences(a, b) == []


def test_the_requests_are_bounded_and_always_the_same() -> None:
    many = table(*(route(name=f"r{n}", path=f"/r{n}/{{id}}") for n in range(50)))
    first, second = generate(many, many, 200), generate(many, many, 200)
    assert first == second
    assert (len(first.cases), first.cut_off) == (200, True)
    # Whatever is cut off, each route has its request.
    targets = {case.call.path.split("/")[2] for case in first.cases}
    assert {f"r{n}" for n in range(50)} <= targets
