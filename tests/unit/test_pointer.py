"""JSON Pointer: reading, writing and taking away at an address (RFC 6901)."""

from typing import Any

import pytest

from transforms.pointer import MISSING, Pointer

# RFC 6901, section 5.
DOCUMENT: dict[str, Any] = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", DOCUMENT),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_the_examples_of_the_specification(pointer: str, value: Any) -> None:
    assert Pointer(pointer).get(DOCUMENT) == value


@pytest.mark.parametrize(
    "pointer", ["/bar", "/foo/2", "/foo/-", "/foo/01", "/foo/٣", "/foo/0/x", "/foo/bar", "/m~01n"]
)
def test_what_is_not_there_is_missing(pointer: str) -> None:
    assert Pointer(pointer).get(DOCUMENT) is MISSING


def test_a_pointer_begins_with_a_slash() -> None:
    with pytest.raises(ValueError, match="begins with a slash"):
        Pointer("foo")


SET = [
    # document, pointer, what it is after 9 was set there
    ({}, "/a", {"a": 9}),
    ({"a": 1}, "/a", {"a": 9}),
    ({}, "/a/b/c", {"a": {"b": {"c": 9}}}),
    ({"a": [1, 2]}, "/a/1", {"a": [1, 9]}),
    ({"a": [{"b": 1}]}, "/a/0/b", {"a": [{"b": 9}]}),
    ([1], "/0", [9]),
    (1, "", 9),
    # The way is blocked: nothing changes.
    ({"a": 1}, "/a/b", {"a": 1}),
    ({"a": "text"}, "/a/0", {"a": "text"}),
    ({"a": [1]}, "/a/1", {"a": [1]}),
    ({"a": [1]}, "/a/-", {"a": [1]}),
    ({"a": [1]}, "/a/x/y", {"a": [1]}),
    ({"a": 1}, "/a/b/c", {"a": 1}),
    (1, "/a", 1),
]


@pytest.mark.parametrize(("document", "pointer", "after"), SET)
def test_setting_makes_objects_but_never_replaces_what_is_in_the_way(
    document: Any, pointer: str, after: Any
) -> None:
    place = Pointer(pointer)
    leads_somewhere = place.leads_somewhere(document)
    assert place.set(document, 9) == after
    assert leads_somewhere == (place.get(after) == 9)


TAKE = [
    # document, pointer, what was taken, what is left
    ({"a": 1, "b": 2}, "/a", 1, {"b": 2}),
    ({"a": [1, 2, 3]}, "/a/1", 2, {"a": [1, 3]}),
    ({"a": {"b": None}}, "/a/b", None, {"a": {}}),
    ({"a": 1}, "/b", MISSING, {"a": 1}),
    ({"a": 1}, "/b/c", MISSING, {"a": 1}),
    ({"a": 1}, "/a/b", MISSING, {"a": 1}),
    ({"a": [1]}, "/a/1", MISSING, {"a": [1]}),
]


@pytest.mark.parametrize(("document", "pointer", "taken", "left"), TAKE)
def test_taking_away(document: Any, pointer: str, taken: Any, left: Any) -> None:
    assert Pointer(pointer).take(document) is taken
    assert document == left
