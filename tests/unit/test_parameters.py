"""Typed parameters accept what they say, and every example is one."""

import pytest

from routing.parameters import LITERAL_RANK, RANKS, TYPES, examples, split_parameter
from routing.paths import normalise_path


@pytest.mark.parametrize("name", TYPES)
def test_examples_fit_and_near_misses_do_not(name: str) -> None:
    entry = TYPES[name]
    assert all(entry.accepts(example) for example in entry.examples)
    assert not any(entry.accepts(miss) for miss in entry.near_misses)


@pytest.mark.parametrize("name", ["", *TYPES])
def test_examples_are_in_normal_form(name: str) -> None:
    for example in examples(name):
        assert normalise_path(f"/{example}") == f"/{example}"


def test_no_type_accepts_a_line_break_or_digits_of_other_scripts() -> None:
    for entry in TYPES.values():
        for text in ("1\n", "\u0661", "a\n", f"{entry.examples[0]}\n"):
            assert not entry.accepts(text)


def test_the_order_is_literal_int_uuid_date_slug_none() -> None:
    assert sorted(RANKS, key=RANKS.__getitem__) == ["int", "uuid", "date", "slug", ""]
    assert min(RANKS.values()) > LITERAL_RANK


@pytest.mark.parametrize(("segment", "parts"), [("{id}", ("id", "")), ("{id:int}", ("id", "int"))])
def test_a_parameter_is_a_name_and_a_type(segment: str, parts: tuple[str, str]) -> None:
    assert split_parameter(segment) == parts


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="int, uuid, date, slug, found `float`"):
        split_parameter("{id:float}")
