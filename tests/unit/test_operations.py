"""What each operation does to a JSON document, and what it leaves alone."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from transforms.operations import BodyOperation, Edit, compile_operations


def edit(*operations: dict[str, Any]) -> Edit:
    return compile_operations(msgspec.convert(list(operations), list[BodyOperation]))


CASES: list[tuple[dict[str, Any], Any, Any]] = [
    # operation, document, document after it
    ({"op": "rename", "path": "/a", "to": "b"}, {"a": 1}, {"b": 1}),
    ({"op": "rename", "path": "/x/a", "to": "b"}, {"x": {"a": 1}}, {"x": {"b": 1}}),
    ({"op": "rename", "path": "/a", "to": "b/~"}, {"a": 1}, {"b/~": 1}),
    ({"op": "rename", "path": "/a", "to": "b"}, {"c": 1}, {"c": 1}),
    ({"op": "rename", "path": "/a", "to": "b"}, [1], [1]),
    ({"op": "rename", "path": "/a", "to": "b"}, {"a": None}, {"b": None}),
    ({"op": "move", "from": "/a/b", "to": "/c"}, {"a": {"b": 1}}, {"a": {}, "c": 1}),
    ({"op": "move", "from": "/a", "to": "/b/c"}, {"a": 1}, {"b": {"c": 1}}),
    ({"op": "move", "from": "/x", "to": "/c"}, {"a": 1}, {"a": 1}),
    # Nothing gets lost where the way is blocked.
    ({"op": "move", "from": "/a", "to": "/b/c"}, {"a": 1, "b": "text"}, {"a": 1, "b": "text"}),
    ({"op": "rename", "path": "/0", "to": "b"}, [1, 2], [1, 2]),
    ({"op": "set", "path": "/a", "value": 2}, {"a": 1}, {"a": 2}),
    ({"op": "set", "path": "/a/b", "value": [1]}, {}, {"a": {"b": [1]}}),
    ({"op": "set", "path": "/a", "value": None}, {}, {"a": None}),
    ({"op": "remove", "path": "/a"}, {"a": 1, "b": 2}, {"b": 2}),
    ({"op": "remove", "path": "/a/0"}, {"a": [1, 2]}, {"a": [2]}),
    ({"op": "remove", "path": "/a"}, "text", "text"),
    ({"op": "replace", "path": "/a", "values": {"x": "y"}}, {"a": "x"}, {"a": "y"}),
    ({"op": "replace", "path": "/a", "values": {"x": {"k": 1}}}, {"a": "x"}, {"a": {"k": 1}}),
    ({"op": "replace", "path": "/a", "values": {"x": "y"}}, {"a": "z"}, {"a": "z"}),
    ({"op": "replace", "path": "/a", "values": {"1": "y"}}, {"a": 1}, {"a": 1}),
    ({"op": "replace", "path": "/a", "values": {"x": "y"}}, {}, {}),
    (
        {"op": "each", "path": "/a", "do": [{"op": "rename", "path": "/x", "to": "y"}]},
        {"a": [{"x": 1}, {"z": 2}, 3]},
        {"a": [{"y": 1}, {"z": 2}, 3]},
    ),
    ({"op": "each", "path": "/a", "do": [{"op": "remove", "path": "/x"}]}, {"a": 1}, {"a": 1}),
]


@pytest.mark.parametrize(("operation", "before", "after"), CASES)
def test_an_operation(operation: dict[str, Any], before: Any, after: Any) -> None:
    assert edit(operation)(copy.deepcopy(before)) == after


def test_operations_are_applied_in_order() -> None:
    swap = edit(
        {"op": "rename", "path": "/a", "to": "c"},
        {"op": "rename", "path": "/b", "to": "a"},
        {"op": "rename", "path": "/c", "to": "b"},
    )
    assert swap({"a": 1, "b": 2}) == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    "first",
    [
        {"op": "set", "path": "/extra", "value": {}},
        {"op": "replace", "path": "/extra", "values": {"make": {}}},
    ],
)
def test_a_value_from_the_table_never_carries_one_clients_data_to_the_next(
    first: dict[str, Any],
) -> None:
    collect = edit(first, {"op": "move", "from": "/secret", "to": "/extra/secret"})
    assert collect({"extra": "make", "secret": 1}) == {"extra": {"secret": 1}}
    assert collect({"extra": "make"}) == {"extra": {}}


names = st.text(max_size=5)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=15,
)


@given(documents, st.sampled_from(["/a", "/b/c", "/d/0/e"]), names.filter(bool))
def test_renaming_there_and_back_changes_nothing(document: Any, path: str, to: str) -> None:
    old = path.rsplit("/", 1)[1]
    fresh = f"{to}!"  # taken neither by the document's members nor by `old`
    parent = path.rsplit("/", 1)[0]
    escaped = fresh.replace("~", "~0").replace("/", "~1")
    there = edit({"op": "rename", "path": path, "to": fresh})
    back = edit({"op": "rename", "path": f"{parent}/{escaped}", "to": old})
    assume(repr(fresh) not in repr(document))
    before = copy.deepcopy(document)
    assert back(there(document)) == before


@given(documents)
def test_no_document_makes_an_operation_fail(document: Any) -> None:
    for operation, _, _ in CASES:
        edit(operation)(copy.deepcopy(document))
