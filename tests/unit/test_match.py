"""The matcher finds the most specific route, and agrees with a slow one that is easy to read."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.match import Matcher
from routing.paths import PathTemplate

ROUTES = [
    ("GET", "/roadmaps"),
    ("POST", "/roadmaps"),
    ("GET", "/roadmaps/{id}"),
    ("DELETE", "/roadmaps/{id}"),
    ("GET", "/roadmaps/latest"),
    ("GET", "/roadmaps/{id}/milestones"),
    ("GET", "/roadmaps/latest/{part}"),
    ("POST", "/{any}/{thing}/milestones"),
]

FOUND = [
    # method, path, template, parameters
    ("GET", "/roadmaps", "/roadmaps", {}),
    ("POST", "/roadmaps", "/roadmaps", {}),
    ("HEAD", "/roadmaps", "/roadmaps", {}),
    ("GET", "/roadmaps/7", "/roadmaps/{id}", {"id": "7"}),
    ("GET", "/roadmaps/a%20b", "/roadmaps/{id}", {"id": "a%20b"}),
    ("GET", "/roadmaps/latest", "/roadmaps/latest", {}),
    # A literal wins; where it has not the method, the parameter gets its turn.
    ("DELETE", "/roadmaps/latest", "/roadmaps/{id}", {"id": "latest"}),
    ("GET", "/roadmaps/latest/milestones", "/roadmaps/latest/{part}", {"part": "milestones"}),
    ("POST", "/roadmaps/latest/milestones", "/{any}/{thing}/milestones",
     {"any": "roadmaps", "thing": "latest"}),
]  # fmt: skip

NOT_FOUND = [
    # method, path, methods that the path has
    ("GET", "/", []),
    ("GET", "/road", []),
    ("GET", "/roadmaps/", []),
    ("GET", "/roadmaps/7/", []),
    ("GET", "/roadmaps/7/milestones/8", []),
    ("PUT", "/roadmaps", ["GET", "HEAD", "POST"]),
    ("PATCH", "/roadmaps/latest", ["DELETE", "GET", "HEAD"]),
    ("HEAD", "/x/y/milestones", ["POST"]),
    ("get", "/roadmaps", ["GET", "HEAD", "POST"]),
]


def matcher(routes: Sequence[tuple[str, str]]) -> Matcher[str]:
    built: Matcher[str] = Matcher()
    for method, template in routes:
        built.add(method, PathTemplate(template), template)
    return built


@pytest.mark.parametrize(("method", "path", "template", "parameters"), FOUND)
def test_the_most_specific_route_answers(
    method: str, path: str, template: str, parameters: dict[str, str]
) -> None:
    assert matcher(ROUTES).find(method, path) == (template, parameters)


@pytest.mark.parametrize(("method", "path", "methods"), NOT_FOUND)
def test_what_has_no_route_still_knows_its_methods(
    method: str, path: str, methods: list[str]
) -> None:
    assert matcher(ROUTES).find(method, path) is None
    assert matcher(ROUTES).methods(path) == methods


def test_a_path_is_taken_whatever_its_parameters_are_called() -> None:
    built = matcher([("GET", "/a/{x}")])
    assert built.add("GET", PathTemplate("/a/{y}"), "second") == "/a/{x}"
    assert built.add("PUT", PathTemplate("/a/{y}"), "second") is None
    assert built.find("PUT", "/a/1") == ("second", {"y": "1"})


def find_slowly(routes: Sequence[tuple[str, str]], method: str, path: str) -> str | None:
    """Compare every template with the path; literals first, from the left."""
    parts = path[1:].split("/")
    candidates = []
    for offered, template in routes:
        segments = template[1:].split("/")
        if offered == method and len(segments) == len(parts):
            pairs = list(zip(segments, parts, strict=True))
            if all(part and ("{" in segment or segment == part) for segment, part in pairs):
                candidates.append((["{" in segment for segment in segments], template))
    return min(candidates)[1] if candidates else None


segments = st.sampled_from(["a", "b", "{p}"])
templates = st.lists(segments, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
paths = st.lists(st.sampled_from(["a", "b", "c", ""]), min_size=1, max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)
methods = st.sampled_from(["GET", "POST"])


@given(st.lists(st.tuples(methods, templates), max_size=12), methods, paths)
def test_the_tree_agrees_with_a_comparison_of_all_templates(
    routes: list[tuple[str, str]], method: str, path: str
) -> None:
    found = matcher(routes).find(method, path)
    assert (found.target if found else None) == find_slowly(routes, method, path)
