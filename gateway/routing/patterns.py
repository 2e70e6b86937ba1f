"""The path that a route matches: whole, by its beginning, or by a regular expression."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from routing.parameters import examples
from routing.paths import PathTemplate
from routing.regexes import compile_expression, group_names, literal_prefix
from routing.regexes import examples as expression_examples

Kind = Literal["path", "path_prefix", "path_regex"]
KINDS: Final[Sequence[Kind]] = ("path", "path_prefix", "path_regex")
"""In order of precedence."""


class PathPattern:
    """One of the three, by its text. It is taken apart when it is first needed.

    A prefix ends at the end of a segment: `/a` is the beginning of `/a`, `/a/` and `/a/b`, and not
    of `/ab`. The prefix `/` is the beginning of everything.
    """

    __slots__ = ("_compiled", "_template", "kind", "text")

    def __init__(self, kind: Kind, text: str) -> None:
        self.kind = kind
        self.text = text
        self._template: PathTemplate | None = None
        self._compiled: tuple[bool, re.Pattern[str]] | None = None

    @property
    def template(self) -> PathTemplate:
        """The path or prefix as a template. Raises `ValueError` for a regular expression."""
        if self._template is None:
            if self.kind == "path_regex":
                raise ValueError(f"a regular expression is no template: {self.text}")
            self._template = PathTemplate(self.text)
        return self._template

    @property
    def depth(self) -> int:
        """The number of segments; 0 for the prefix `/`, and for a regular expression."""
        if self.kind == "path_regex" or (self.kind == "path_prefix" and self.text == "/"):
            return 0
        return len(self.template.segments)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Their names: those of the template, or the expression's named groups."""
        if self.kind == "path_regex":
            return group_names(self.text)
        return self.template.parameters

    @property
    def ranks(self) -> tuple[int, ...]:
        """What each segment is (`parameters.RANKS`): the smaller, the more specific."""
        return self.template.ranks[: self.depth]

    @property
    def shape(self) -> tuple[str, ...]:
        """Equal where two patterns match the same paths, whatever they call the parameters."""
        if self.kind == "path_regex":
            return (self.kind, self.text)
        return (self.kind, *self.template.shape)

    def expression(self, *, ignore_case: bool = False) -> re.Pattern[str]:
        """The regular expression, compiled."""
        if self._compiled is None or self._compiled[0] is not ignore_case:
            self._compiled = (ignore_case, compile_expression(self.text, ignore_case=ignore_case))
        return self._compiled[1]

    def literal_prefix(self) -> str:
        """What every match of the regular expression begins with."""
        return literal_prefix(self.text)

    def examples(self) -> list[str]:
        """A few paths that match, the plainest first; for a prefix, longer ones as well."""
        if self.kind == "path_regex":
            return expression_examples(self.text)
        texts: Mapping[str, Sequence[str]] = {
            name: examples(type) for name, type in self.template.types.items()
        }
        filled = [
            self.template.fill(dict(zip(texts, values, strict=True)))
            for values in _few(list(texts.values()))
        ]
        if self.kind == "path_prefix":
            shorter = "" if self.text == "/" else filled[0]
            filled += [f"{shorter}/", f"{shorter}/more/x1"]
        return list(dict.fromkeys(filled))

    def __repr__(self) -> str:
        return f"PathPattern({self.kind!r}, {self.text!r})"


def _few(choices: list[Sequence[str]], limit: int = 4) -> list[tuple[str, ...]]:
    """Combinations in which everything comes up once, without all that there are."""
    if not choices:
        return [()]
    length = min(max(map(len, choices)), limit)
    return [tuple(one[number % len(one)] for one in choices) for number in range(length)]
