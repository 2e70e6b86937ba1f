"""Lossless transforms: which claims a trial refutes, and with which document."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.operations import BodyOperation, compile_operations
from transforms.roundtrip import MAX_DOCUMENTS, counterexample, examples
from transforms.settings import TransformSettings
from transforms.templates import NO_VALUES

Operations = list[dict[str, Any]]


def rename(path: str, to: str) -> dict[str, Any]:
    return {"op": "rename", "path": path, "to": to}


def tried(up: Operations, down: Operations) -> Any:
    settings = {"request": {"json": up}, "response": {"json": down}}
    return counterexample(msgspec.convert(settings, TransformSettings))


def each(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"op": "each", "path": "/items", "do": list(operations)}


SWAP = [rename("/a", "c"), rename("/b", "a"), rename("/c", "b")]
WORDS = {"op": "translate", "path": "/state", "values": {"open": "active", "closed": "archived"}}
BACK = {"op": "translate", "path": "/state", "values": {"active": "open", "archived": "closed"}}

LOSSLESS: list[tuple[str, Operations, Operations]] = [
    ("nothing", [], []),
    ("a rename", [rename("/name", "title")], [rename("/title", "name")]),
    ("a swap", SWAP, SWAP),
    ("a rename that another rename makes room for",
     [rename("/a", "b"), rename("/b", "c")], [rename("/c", "b"), rename("/b", "a")]),
    ("a wrap", [{"op": "wrap", "path": "", "key": "data"}],
     [{"op": "unwrap", "path": "", "key": "data"}]),
    ("a rename inside of what was wrapped",
     [{"op": "wrap", "path": "", "key": "data"}, rename("/data/a", "b")],
     [rename("/data/b", "a"), {"op": "unwrap", "path": "", "key": "data"}]),
    ("elements of a list", [each(rename("/due", "due_on"))], [each(rename("/due_on", "due"))]),
    ("words", [WORDS], [BACK]),
    ("a move and what it leaves", [{"op": "move", "from": "/owner_id", "to": "/owner/id"}],
     [{"op": "move", "from": "/owner/id", "to": "/owner_id"}, {"op": "remove", "path": "/owner"}]),
    ("what only the service sees", [{"op": "set", "path": "/via", "template": "${header.x-a}"}],
     [{"op": "remove", "path": "/via"}]),
    ("a member that came later", [each({"op": "default", "path": "/currency", "value": "EUR"})],
     [each({"op": "remove", "path": "/currency"})]),
]  # fmt: skip

LOSSY: list[tuple[str, Operations, Operations, Any, Any]] = [
    ("a rename that nobody takes back", [rename("/a", "b")], [], {"a": "some text"},
     {"b": "some text"}),
    ("a member that goes", [{"op": "remove", "path": "/a"}], [], {"a": "some text"}, {}),
    ("a member that comes", [], [{"op": "set", "path": "/kind", "value": "plan"}], {},
     {"kind": "plan"}),
    ("a default", [{"op": "default", "path": "/a", "value": 1}], [], {}, {"a": 1}),
    ("a type", [{"op": "cast", "path": "/n", "to": "string"}],
     [{"op": "cast", "path": "/n", "to": "integer"}], {"n": "1"}, {"n": 1}),
    ("two words for one",
     [{"op": "translate", "path": "/s", "values": {"a": "x", "b": "x"}}],
     [{"op": "translate", "path": "/s", "values": {"x": "a"}}], {"s": "b"}, {"s": "a"}),
    ("elements that are forgotten", [each(rename("/a", "b"))], [],
     {"items": [{"a": "some text"}, {"a": "some text"}]},
     {"items": [{"b": "some text"}, {"b": "some text"}]}),
    ("an object that was wrapped, with more members",
     [{"op": "unwrap", "path": "/a", "key": "id"}], [{"op": "wrap", "path": "/a", "key": "id"}],
     {"a": {"unknown": ["as it was"], "id": "some text"}, "unknown": ["as it was"]},
     {"a": {"id": "some text"}, "unknown": ["as it was"]}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("up", "down"), [case[1:] for case in LOSSLESS], ids=[c[0] for c in LOSSLESS]
)
def test_what_comes_back_as_it_was(up: Operations, down: Operations) -> None:
    assert tried(up, down) is None


@pytest.mark.parametrize(
    ("up", "down", "document", "came_back"), [case[1:] for case in LOSSY], ids=[c[0] for c in LOSSY]
)
def test_what_does_not(up: Operations, down: Operations, document: Any, came_back: Any) -> None:
    assert tried(up, down) == (document, came_back)


def test_the_examples_are_always_the_same_and_not_too_many() -> None:
    many = [rename(f"/a{number}", f"b{number}") for number in range(60)]
    operations = msgspec.convert(many, list[BodyOperation])
    first = list(examples(operations, []))
    assert first == list(examples(operations, []))
    assert 500 < len(first) <= MAX_DOCUMENTS


# Below: reversible operations with their inverses, at random, in the client's vocabulary.

scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.text("xyz", max_size=3)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def reversible(
    draw: st.DrawFn, depth: int = 2, prefix: str = "new"
) -> tuple[Operations, Operations]:
    """Operations, and those that take them back, on documents with the members a, b and c.

    No name is given twice: what one operation has put away another would overwrite.
    """
    up: Operations = []
    down: Operations = []
    for number in range(draw(st.integers(0, 4))):
        match draw(st.sampled_from(["rename", "move", "wrap", "words", "each"])):
            case "rename":
                old, new = draw(st.sampled_from("abc")), f"{prefix}{number}"
                there, back = [rename(f"/{old}", new)], [rename(f"/{new}", old)]
            case "move":
                old, new = draw(st.sampled_from("abc")), f"{prefix}{number}"
                there = [{"op": "move", "from": f"/{old}", "to": f"/{new}/{old}"}]
                back = [{"op": "move", "from": f"/{new}/{old}", "to": f"/{old}"},
                        {"op": "remove", "path": f"/{new}"}]  # fmt: skip
            case "wrap":
                path = draw(st.sampled_from(["/a", "/b"]))
                there = [{"op": "wrap", "path": path, "key": "k"}]
                back = [{"op": "unwrap", "path": path, "key": "k"}]
            case "words":
                path = draw(st.sampled_from(["/a", "/b"]))
                there = [{"op": "translate", "path": path, "values": {"x": "X", "y": "Y"}}]
                back = [{"op": "translate", "path": path, "values": {"X": "x", "Y": "y"}}]
            case _ if depth:
                path = draw(st.sampled_from(["/a", "/b"]))
                inner = draw(reversible(depth=depth - 1, prefix=f"{prefix}{number}-"))
                if not inner[0]:
                    continue
                there = [{"op": "each", "path": path, "do": inner[0]}]
                back = [{"op": "each", "path": path, "do": inner[1]}]
            case _:
                continue
        up += there
        down = back + down
    return up, down


@given(reversible(), values)
def test_up_then_down_is_the_identity(pair: tuple[Operations, Operations], document: Any) -> None:
    up, down = (compile_operations(msgspec.convert(part, list[BodyOperation])) for part in pair)
    before = msgspec.json.encode(document, order="sorted")
    assert msgspec.json.encode(down(up(document, NO_VALUES), NO_VALUES), order="sorted") == before


@given(reversible())
def test_no_trial_refutes_a_claim_that_is_true(pair: tuple[Operations, Operations]) -> None:
    assert tried(*pair) is None
