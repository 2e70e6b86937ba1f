"""Conditions hold for the values that they name, and say why they do not."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from routing.conditions import MAX_VALUE, Condition, field_values
from routing.table import Condition as Settings


def condition(settings: Any) -> Condition:
    return Condition("k", msgspec.convert(settings, Settings))


@pytest.mark.parametrize(
    ("settings", "values", "shortfall"),
    [
        ("a", ["a"], None),
        ("a", ["b", "a"], None),
        ("a", ["A"], "is `A`, expected `a`"),
        ("a", ["a "], "is `a `, expected `a`"),
        ("a", [], "is missing"),
        ("", [""], None),
        ({"exact": "a"}, ["a"], None),
        ({"regex": "[0-9]+"}, ["12"], None),
        ({"regex": "[0-9]+"}, ["x", "12"], None),
        ({"regex": "[0-9]+"}, ["12\n"], "is `12\n`, expected a match of `[0-9]+`"),
        ({"regex": "[0-9]+"}, ["x12"], "is `x12`, expected a match of `[0-9]+`"),
        ({"regex": r"\d"}, ["\u0661"], "is `\u0661`, expected a match of `\\d`"),
        ({"regex": ".*"}, ["a\nb"], None),
        ({"regex": ".*"}, [""], None),
        ({"regex": ".*"}, [], "is missing"),
        ({"present": True}, [""], None),
        ({"present": True}, [], "is missing"),
        ({"present": False}, [], None),
        ({"present": False}, ["x"], "is there"),
    ],
)
def test_a_condition_holds_if_a_value_fulfils_it(
    settings: Any, values: list[str], shortfall: str | None
) -> None:
    made = condition(settings)
    assert made.holds(values) is (shortfall is None)
    if shortfall is not None:
        assert made.shortfall(values) == shortfall


def test_a_value_without_bounds_matches_no_expression() -> None:
    made = condition({"regex": "a*"})
    assert made.holds(["a" * MAX_VALUE])
    assert not made.holds(["a" * (MAX_VALUE + 1)])


def test_what_is_shown_of_a_value_is_bounded() -> None:
    assert len(condition("a").shortfall(["x" * 10_000] * 9)) < 250


def test_a_condition_without_content_is_a_defect() -> None:
    with pytest.raises(ValueError, match="one of `exact`, `regex` and `present`"):
        condition({})


@pytest.mark.parametrize(
    ("settings", "examples"),
    [("a", ["a"]), ({"present": True}, ["1"]), ({"present": False}, [None])],
)
def test_examples_fulfil_the_condition(settings: Any, examples: list[str | None]) -> None:
    assert condition(settings).examples() == examples


def test_examples_of_an_expression_fulfil_it() -> None:
    made = condition({"regex": "v[0-9]+(?:beta|rc)?"})
    examples = [example for example in made.examples() if example is not None]
    assert len(examples) > 1
    assert all(made.holds([example]) for example in examples)


@pytest.mark.parametrize(
    ("lines", "values"),
    [
        ([], []),
        (["a"], ["a"]),
        (["a", "b"], ["a", "b"]),
        (["a, b"], ["a, b", "a", "b"]),
        (["a,,b ", "c"], ["a,,b ", "c", "a", "b"]),
        ([","], [","]),
    ],
)
def test_a_field_has_its_lines_and_their_members_as_values(
    lines: Sequence[str], values: Sequence[str]
) -> None:
    assert field_values(lines) == values
