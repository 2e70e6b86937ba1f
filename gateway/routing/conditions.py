"""Conditions of a route on header fields and query parameters: text, expression, or presence.

A name may occur several times in a request. A condition holds if any of the values fulfils it; the
one that wants the name absent holds if there is no value.
"""

import re
from collections.abc import Sequence
from typing import Final

from routing.regexes import compile_expression
from routing.regexes import examples as expression_examples
from routing.table import Condition as Settings
from routing.table import ConditionSettings

MAX_VALUE: Final = 8192
"""Characters. A longer value matches no expression, so that looking at it stays cheap."""

_SHOWN: Final = 60


class Condition:
    """What one name has to be. Its expression is compiled when it is first needed."""

    __slots__ = ("_compiled", "exact", "name", "present", "regex")

    def __init__(self, name: str, settings: Settings) -> None:
        """`name` as it is spelled where it is looked up. Raises `ValueError` for no condition."""
        if isinstance(settings, str):
            settings = ConditionSettings(exact=settings)
        self.name = name
        self.exact = settings.exact
        self.regex = settings.regex
        self.present = settings.present
        self._compiled: re.Pattern[str] | None = None
        if self.exact is None and self.regex is None and self.present is None:
            raise ValueError("expected one of `exact`, `regex` and `present`: check the table")

    @property
    def key(self) -> tuple[str, str | None, str | None, bool | None]:
        """Equal for two conditions that always hold together."""
        return self.name, self.exact, self.regex, self.present

    def holds(self, values: Sequence[str]) -> bool:
        """Whether it holds for a request in which the name has these values."""
        if self.exact is not None:
            return self.exact in values
        if self.regex is not None:
            return any(self._matches(value) for value in values)
        return bool(values) is self.present

    def shortfall(self, values: Sequence[str]) -> str:
        """Why it does not hold, as what follows the name in a sentence."""
        if self.present is False:
            return "is there"
        if not values:
            return "is missing"
        shown = ", ".join(f"`{value[:_SHOWN]}`" for value in values[:3])
        expected = f"`{self.exact}`" if self.exact is not None else f"a match of `{self.regex}`"
        return f"is {shown}, expected {expected}"

    def examples(self) -> list[str | None]:
        """Values for which it holds; None is a name that does not occur."""
        if self.exact is not None:
            return [self.exact]
        if self.regex is not None:
            return list(expression_examples(self.regex))
        return ["1"] if self.present else [None]

    def _matches(self, value: str) -> bool:
        if len(value) > MAX_VALUE:
            return False
        if self._compiled is None:
            self._compiled = compile_expression(self.regex or "")
        return self._compiled.fullmatch(value) is not None


def field_values(lines: Sequence[str]) -> Sequence[str]:
    """The values of a header field: its lines, and the members of lines that are lists.

    workerd joins lines of one name with commas (RFC 9110, section 5.2), so that a field that was
    sent twice can only be told by its members. A line that has commas of its own counts as a whole
    as well.
    """
    if not any("," in line for line in lines):
        return lines
    members = (member.strip(" \t") for line in lines if "," in line for member in line.split(","))
    return [*lines, *filter(None, members)]
