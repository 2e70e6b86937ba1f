"""The depth of JSON, measured without recursion: never too little, and in linear time."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.nesting import MAX_DEPTH, is_too_deep

LIMIT = 3

SHALLOW = [
    b"",
    b"1",
    b"[[[]]]",
    b'{"a":{"b":[1]}}',
    b"[[],[],[],[],[],[]]",
    b"[[{}],[[]],{}]",
    rb'["[[[[[[[[[", "\"[[[[[", {}]',
    rb'["\\", [], [], [], {"]]]": []}]',
]
DEEP = [
    b"[[[[]]]]",
    b'{"a":{"b":[{}]}}',
    b"[[],[],[[[1]]],[]]",
    rb'["\\",[[[{"a":1}]]]]',
    b"[" * 1_000_000,
    b'{"a":' * 200_000,
    b"]" * 10 + b"[" * 10,
    b"[{" * 100_000 + b"}]" * 100_000,
]
# Each of these takes quadratic time where a string is looked for again at every quote.
LONG = [b'"' + rb"\"" * 500_000 + b"[" * 200, b'"' * 999_999 + b"[" * 200, rb"\"[" * 300_000]


@pytest.mark.parametrize("text", SHALLOW)
def test_what_is_within_the_limit_passes(text: bytes) -> None:
    assert not is_too_deep(text, LIMIT)


@pytest.mark.parametrize("text", DEEP, ids=lambda text: repr(text[:20]))
def test_what_is_beyond_the_limit_does_not(text: bytes) -> None:
    assert is_too_deep(text, LIMIT)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", LONG, ids=lambda text: repr(text[:20]))
def test_hostile_texts_are_measured_in_linear_time(text: bytes) -> None:
    is_too_deep(text)


def depth(value: Any) -> int:
    """The depth by recursion: what the measure is measured by."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


documents = st.recursive(
    st.none() | st.integers() | st.text(alphabet='[]{}"\\a,:'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='[]{}"\\a'), inner),
    max_leaves=20,
)


@given(documents, st.integers(0, 6))
def test_the_measure_agrees_with_recursion(document: Any, limit: int) -> None:
    text = json.dumps(document).encode()
    assert is_too_deep(text, limit) == (depth(document) > limit)


@given(st.binary(), st.integers(0, 3))
def test_any_bytes_can_be_measured(text: bytes, limit: int) -> None:
    assert is_too_deep(text, limit) in (True, False)


def test_the_limit_is_far_above_what_people_nest() -> None:
    assert MAX_DEPTH >= 100
