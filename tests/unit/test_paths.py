"""Paths have one normal form, and what could mean another path to somebody is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.problems import Problem
from routing.paths import MAX_PATH, PathTemplate, normalise_path

NORMAL = [
    # raw, normal form
    ("/", "/"),
    ("/roadmaps", "/roadmaps"),
    ("/roadmaps/", "/roadmaps/"),
    ("/a.b/c..d", "/a.b/c..d"),
    ("/.well-known/x", "/.well-known/x"),
    ("/%61bc", "/abc"),
    ("/%7Euser", "/~user"),
    ("/caf%c3%a9", "/caf%C3%A9"),
    ("/%252F", "/%252F"),
    ("/a%20b", "/a%20b"),
    ("/a;v=1,2/$x@y:z", "/a;v=1,2/$x@y:z"),
    ("/%2E%2E%2E", "/..."),
]

REFUSED = [
    # raw, part of the reason
    ("", "slash"),
    ("roadmaps", "slash"),
    ("*", "slash"),
    ("//", "empty segment"),
    ("//roadmaps", "empty segment"),
    ("/roadmaps//", "empty segment"),
    ("/a//b", "empty segment"),
    ("/.", "dot segment"),
    ("/a/../b", "dot segment"),
    ("/a/%2e%2E/b", "dot segment"),
    ("/a/.%2e", "dot segment"),
    ("/a%2Fb", "%2F"),
    ("/a%5cb", "%5C"),
    ("/a%00", "%00"),
    ("/a%0d%0aSet-Cookie", "%0D"),
    ("/a%7f", "%7F"),
    ("/a\\b", "percent-encoded"),
    ("/a b", "percent-encoded"),
    ("/a\n", "percent-encoded"),
    ("/café", "percent-encoded"),
    ("/a%", "percent-encoded"),
    ("/a%zz", "percent-encoded"),
    ("/a{b}", "percent-encoded"),
    ("/" + "a" * MAX_PATH, "longer"),
]


@pytest.mark.parametrize(("raw", "normal"), NORMAL)
def test_a_path_has_one_normal_form(raw: str, normal: str) -> None:
    assert normalise_path(raw) == normal


@pytest.mark.parametrize(("raw", "reason"), REFUSED)
def test_an_ambiguous_path_is_refused_and_not_repaired(raw: str, reason: str) -> None:
    with pytest.raises(Problem) as refused:
        normalise_path(raw)
    assert refused.value.type.code == "malformed-request"
    assert reason in str(refused.value.detail)


pieces = st.sampled_from(
    [
        "/",
        "//",
        ".",
        "..",
        "a",
        "B~",
        "%2e",
        "%2F",
        "%5c",
        "%41",
        "%c3%a9",
        "%25",
        "%",
        "\\",
        " ",
        "é",
    ]
)


@given(st.lists(pieces, max_size=12).map("".join))
def test_whatever_passes_is_in_normal_form_and_harmless(raw: str) -> None:
    try:
        normal = normalise_path("/" + raw)
    except Problem:
        return
    assert normalise_path(normal) == normal
    segments = normal[1:].split("/")
    assert not {".", ".."} & set(segments)
    assert "" not in segments[:-1]
    assert not any(bad in normal.upper() for bad in ("%2F", "%5C", "%00", "\\"))


@pytest.mark.parametrize(
    ("text", "values", "filled"),
    [
        ("/roadmaps", {}, "/roadmaps"),
        ("/roadmaps/{id}", {"id": "7"}, "/roadmaps/7"),
        ("/a/{x}/b/{y}", {"x": "1", "y": "a%20b", "z": "unused"}, "/a/1/b/a%20b"),
    ],
)
def test_a_template_is_filled_in(text: str, values: dict[str, str], filled: str) -> None:
    assert PathTemplate(text).fill(values) == filled


def test_templates_of_one_shape_match_the_same_paths_under_other_names() -> None:
    one, other = PathTemplate("/a/{x}/{y}"), PathTemplate("/a/{id}/{step}")
    assert one.shape == other.shape != PathTemplate("/a/b/{y}").shape
    assert one.renamed({"x": "id", "y": "step"}).text == other.text
