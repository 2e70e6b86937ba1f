"""`pattern` and `patternProperties`: expressions of ECMA-262 as Python's, with bounded time.

JSON Schema looks for a match anywhere in the text; `^` and `$` are taken at the ends of an
expression or of its alternatives. What remains has to pass `routing.regexes.objections`, so that
one attempt takes linear time. Where attempts begin at every character it may be quadratic: such an
alternative says so, and the checker counts what it costs.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from routing.regexes import compile_expression, objections

LONGEST: Final = 1000

_SPACES: Final = r"\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_ANY: Final = r"[^\n\r\u2028\u2029]"
_PLAIN_ESCAPES: Final = frozenset("dDwWtnvfrxbB")
_GROUPS: Final = ("(?:", "(?=", "(?!", "(?<=", "(?<!")
_ANCHORS: Final = (
    "`^` and `$` are supported at the ends of an expression or of its alternatives only, and `\\b` "
    "not at all"
)

Expression = list[Any]
"""How to match (`fullmatch`, `match`, `search`), the expression, and whether it is linear."""
Matches = Callable[[str], Any]


class NotSupported(ValueError):
    """The text says why a pattern is refused, as a part of a sentence."""


def translate(pattern: str) -> list[Expression]:
    """The alternatives of `pattern`, one of which has to match. Raises `NotSupported`."""
    if len(pattern) > LONGEST:
        raise NotSupported(f"it has {len(pattern)} characters, and may have {LONGEST}")
    return [_expression(*alternative) for alternative in _Scanner(pattern).alternatives()]


def _expression(text: str, starts: bool, ends: bool) -> Expression:
    found = objections(text, path=False)
    if found:
        reason = _ANCHORS if found[0].startswith("anchors") else found[0]
        raise NotSupported(reason)
    if starts:
        return ["fullmatch" if ends else "match", text, True]
    anywhere = f".*(?:{text})" if ends else f".*(?:{text}).*"
    linear = not objections(anywhere, path=False)
    # `\Z` and not `$`, which Python also finds before a last line feed.
    return ["search", f"(?:{text})\\Z" if ends else text, linear]


def matcher(expression: Expression) -> Matches:
    """The function that tells whether a text matches."""
    how, text, _ = expression
    matches: Matches = getattr(compile_expression(text), how)
    return matches


class _Scanner:
    """Goes through a pattern once and puts its dialect into Python's."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def alternatives(self) -> list[tuple[str, bool, bool]]:
        """The text of each alternative without its anchors, and whether it has them."""
        found, text, starts, ends = [], "", False, False
        while self._at < len(self._pattern):
            letter = self._pattern[self._at]
            outside = self._depth == 0
            if outside and letter == "^" and not text and not starts:
                starts = True
                self._at += 1
            elif outside and letter == "$" and self._pattern[self._at + 1 :][:1] in ("", "|"):
                ends = True
                self._at += 1
            elif outside and letter == "|":
                found.append((text, starts, ends))
                text, starts, ends = "", False, False
                self._at += 1
            else:
                text += self._item(letter)
        return [*found, (text, starts, ends)]

    def _item(self, letter: str) -> str:
        rest = self._pattern[self._at :]
        if letter == "\\":
            return self._escape(in_class=False)
        if letter == "[":
            return self._class()
        self._at += 1
        if letter == ".":
            return _ANY
        if letter == "(":
            self._depth += 1
            if rest.startswith("(?") and not rest.startswith(_GROUPS):
                raise NotSupported(f"ECMA-262 has no group `{rest[:3]}`, or it is not supported")
        elif letter == ")":
            self._depth -= 1
        elif letter == "{" and not re.match(r"\{[0-9]+(,[0-9]*)?\}", rest):
            raise NotSupported("expected counts such as `{2,5}`; as a character it is `\\{`")
        elif letter in "*+?}" and rest[1:2] == "+":
            raise NotSupported("ECMA-262 has no possessive quantifiers such as `a++`")
        return letter

    def _class(self) -> str:
        self._at += 1
        text = "["
        if self._pattern[self._at :][:1] == "^":
            text += "^"
            self._at += 1
        if self._pattern[self._at :][:1] == "]":
            raise NotSupported("a class of characters without any")
        while self._at < len(self._pattern):
            letter = self._pattern[self._at]
            if letter == "\\":
                text += self._escape(in_class=True)
                continue
            self._at += 1
            text += "\\[" if letter == "[" else letter
            if letter == "]":
                return text
        raise NotSupported("a class of characters without an end")

    def _escape(self, *, in_class: bool) -> str:
        letter = self._pattern[self._at + 1 : self._at + 2]
        self._at += 2
        if letter == "s":
            return _SPACES if in_class else f"[{_SPACES}]"
        if letter == "S":
            if in_class:
                raise NotSupported("`\\S` inside a class of characters is not supported")
            return f"[^{_SPACES}]"
        if letter == "u" and self._pattern[self._at :][:1] != "{":
            return "\\u"
        if letter == "c" and re.match("[A-Za-z]", self._pattern[self._at :]):
            self._at += 1
            return f"\\x{ord(self._pattern[self._at - 1]) % 32:02x}"
        if letter == "0" and not self._pattern[self._at :][:1].isdigit():
            return "\\x00"
        if letter in _PLAIN_ESCAPES or (letter and not letter.isalnum()):
            return f"\\{letter}"
        if letter in ("p", "P"):
            raise NotSupported("properties of characters, `\\p{…}`, are not supported")
        if letter.isdigit():
            raise NotSupported("references back to a group are not supported")
        raise NotSupported(f"there is no escape `\\{letter}`, or it is not supported")
