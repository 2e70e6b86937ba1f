"""What holds for operations on any document. What each does is in tests/cases/transforms.py."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.cases.transforms import EDITS
from transforms.operations import BodyOperation, compile_operations
from transforms.pointer import MISSING, Pointer
from transforms.templates import NO_VALUES


def edit(document: Any, *operations: dict[str, Any]) -> Any:
    """The document after `operations`, which have no request to read from."""
    return compile_operations(msgspec.convert(operations, list[BodyOperation]))(document, NO_VALUES)


@pytest.mark.parametrize(
    "first",
    [
        {"op": "set", "path": "/extra", "value": {}},
        {"op": "translate", "path": "/extra", "values": {"make": {}}},
    ],
)
def test_a_value_from_the_table_never_carries_one_clients_data_to_the_next(
    first: dict[str, Any],
) -> None:
    operations = [first, {"op": "move", "from": "/secret", "to": "/extra/secret"}]
    collect = compile_operations(msgspec.convert(operations, list[BodyOperation]))
    secret = {"extra": "make", "secret": 1}
    assert collect(secret, NO_VALUES) == {"extra": {"secret": 1}}
    assert collect({"extra": "make"}, NO_VALUES) == {"extra": {}}


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
    assume(repr(fresh) not in repr(document))
    before = copy.deepcopy(document)
    there = edit(document, {"op": "rename", "path": path, "to": fresh})
    assert edit(there, {"op": "rename", "path": f"{parent}/{escaped}", "to": old}) == before


@given(documents)
def test_no_document_makes_an_operation_fail(document: Any) -> None:
    for cases in EDITS.values():
        for case in cases:
            edit(copy.deepcopy(document), *case.operations)


places = st.sampled_from(["/a", "/b", "/a/b", "/a/0", "/a/1", "/b/-", "/0", "/1", "/a/b/0"])


@given(documents | st.just({"a": [1, {"b": 2}, 3], "b": {"0": 1}}), places, places)
def test_a_move_loses_nothing(document: Any, source: str, to: str) -> None:
    """To a place where nothing was: what is there before is there after."""
    assume(Pointer(to).get(document) is MISSING)
    before = sorted(map(repr, scalars(document)))
    after = edit(document, {"op": "move", "from": source, "to": to})
    assert sorted(map(repr, scalars(after))) == before


def scalars(document: Any) -> list[Any]:
    match document:
        case dict():
            return [leaf for value in document.values() for leaf in scalars(value)]
        case list():
            return [leaf for value in document for leaf in scalars(value)]
        case _:
            return [document]
