"""When two JSON values are equal (JSON Schema core, section 4.2.2), and which of a list are.

Numbers are equal by value, true and false are no numbers, members of objects have no order.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from schema.numbers import exact, is_number


def constant(value: Any) -> Any:
    """A value of a schema with its numbers as they were written."""
    if isinstance(value, dict):
        return {name: constant(member) for name, member in value.items()}
    if isinstance(value, list):
        return [constant(item) for item in value]
    return exact(value) if isinstance(value, float) else value


def equal(known: Any, value: Any) -> bool:
    """Whether the two are equal; takes no longer than `known`, which a schema says, is large."""
    if isinstance(known, bool) or known is None:
        return value is known
    if isinstance(known, str):
        return isinstance(value, str) and value == known
    if isinstance(known, list):
        return (
            isinstance(value, list)
            and len(value) == len(known)
            and all(equal(one, other) for one, other in zip(known, value, strict=True))
        )
    if isinstance(known, dict):
        return (
            isinstance(value, dict)
            and len(value) == len(known)
            and all(name in value and equal(one, value[name]) for name, one in known.items())
        )
    return is_number(value) and bool(value == known)


def first_duplicate(values: list[Any], spend: Callable[[int], None]) -> tuple[int, int] | None:
    """The places of two equal values. They are sorted, not hashed: whoever chooses numbers can
    choose them with one hash. `spend` is told how many values were looked at."""
    if all(value.__class__ is str for value in values) and len(set(values)) == len(values):
        return None
    forms = sorted((_form(value, spend), place) for place, value in enumerate(values))
    for (form, place), (other, later) in pairwise(forms):
        if form == other:
            return place, later
    return None


def _form(value: Any, spend: Callable[[int], None]) -> tuple[Any, ...]:
    """A tuple that is equal for equal values, and has a place among all others."""
    if value is None or isinstance(value, bool):
        return (0, {None: 0, False: 1, True: 2}[value])
    if isinstance(value, str):
        return (2, value)
    if isinstance(value, list):
        spend(len(value))
        return (3, tuple([_form(item, spend) for item in value]))
    if isinstance(value, dict):
        spend(len(value))
        return (4, tuple([(name, _form(value[name], spend)) for name in sorted(value)]))
    return (1, value)
