"""Parameters as values: a text of a path, query or header field read by the `type` of its schema.

A text that cannot be read as what the schema asks for stays a text, and the schema says what is
wrong about it.
"""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

from schema.keywords import REFERENCES
from schema.program import Program

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,999})")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,999})(?:\.[0-9]{1,999})?(?:[eE][+-]?[0-9]{1,9})?")


class Reading(NamedTuple):
    """How texts are read: the types that the value may have, and how the items of an array are."""

    types: frozenset[str]
    items: "Reading | None" = None

    @property
    def several(self) -> bool:
        """Whether a parameter may be given several times."""
        return "array" in self.types

    def value(self, texts: Sequence[str]) -> Any:
        """The value of a parameter: an array of all texts, or the only one."""
        if self.several:
            items = self.items or _ANY
            return [_one(text, items.types) for text in texts]
        return _one(texts[0], self.types)


_ANY: Final = Reading(frozenset())
_MAX_STEPS: Final = 20
"""References that are followed to find a type."""


def _one(text: str, types: frozenset[str]) -> Any:
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    return text


def reading(program: Program, number: int) -> Reading:
    """How to read texts for the schema of a node: its `type`, or that of what it refers to."""
    types, items = _kinds(program, number)
    if "array" in types and items is not None:
        return Reading(types, Reading(_kinds(program, items)[0]))
    return Reading(types)


def _kinds(program: Program, number: int) -> tuple[frozenset[str], int | None]:
    """The types that a node names, and the node of its items."""
    for _ in range(_MAX_STEPS):
        keywords = program.nodes[number].keywords
        if "type" in keywords:
            return frozenset(keywords["type"]), keywords.get("items")
        following = [keywords[one][0] for one in REFERENCES if one in keywords]
        following += keywords.get("allOf", ())
        if not following:
            break
        number = following[0]
    return frozenset(), None
