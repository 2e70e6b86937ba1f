"""Whether a regular expression can backtrack for more than linear time: decided by its structure.

A backtracking matcher takes a step for each way in which a beginning of the text leads to a place
of the expression. Where there is at most one such way for every text and place, it takes at most
(length of the text) x (places) steps, whatever the text is. So that is what is required, and
decided: the places are the states of Glushkov's automaton, and the search goes through the pairs of
places that one text reaches in two ways. If the two meet again, the expression is ambiguous, and
the text is shown.

This refuses more than it has to: `(a|a)`, outside of any repeat, costs a constant factor only. But
it bounds what is written out (`a?a?a?...aaa`) as well as what is repeated, and can be explained.
Counted repeats of groups are taken for unbounded ones. A `.*` at the end matches whatever is left:
who gets there is done, so it is left out, and `.*Mobile.*` passes.
"""

from collections import deque
from importlib import import_module
from typing import Any, Final, NamedTuple

MAXREPEAT: Final = import_module("re._constants").MAXREPEAT
MAX_PLACES: Final = 2000
MAX_STEPS: Final = 300_000
"""What the search may cost, a fraction of a second; no expression for a path comes near."""

_OTHERS: Final = 256
_ALL: Final = (1 << _OTHERS + 1) - 1
"""A set of characters is the bits of an integer: one for each of Latin-1, one for all others."""
_SINGLE: Final = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN"})
_PREFERRED: Final = "a0A-_./ "


def _set_of(text: str) -> int:
    return sum(1 << ord(character) for character in set(text))


_DIGITS: Final = _set_of("0123456789")
_UPPER: Final = _set_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LOWER: Final = _UPPER << 32
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": _DIGITS,
    "CATEGORY_NOT_DIGIT": _ALL ^ _DIGITS,
    "CATEGORY_SPACE": _set_of(" \t\n\r\f\v"),
    "CATEGORY_NOT_SPACE": _ALL ^ _set_of(" \t\n\r\f\v"),
    "CATEGORY_WORD": _DIGITS | _UPPER | _LOWER | _set_of("_"),
    "CATEGORY_NOT_WORD": _ALL ^ (_DIGITS | _UPPER | _LOWER | _set_of("_")),
}


def characters(name: str, argument: Any, *, ignore_case: bool = False) -> int:
    """The set of characters that an item of the parse tree accepts."""
    if name == "LITERAL":
        return _folded(_range(argument, argument), ignore_case)
    if name == "NOT_LITERAL":
        return _complement(argument, argument, ignore_case)
    if name == "ANY":
        return _ALL
    negated = bool(argument) and str(argument[0][0]) == "NEGATE"
    accepted = 0
    for operation, value in argument[1:] if negated else argument:
        kind = str(operation)
        if kind == "LITERAL":
            accepted |= _range(value, value)
        elif kind == "RANGE":
            accepted |= _range(*value)
        else:
            accepted |= _CATEGORIES[str(value)]
    accepted = _folded(accepted, ignore_case)
    # Of the characters beyond Latin-1 a negated class excludes some at most.
    return (_ALL ^ accepted) | (1 << _OTHERS) if negated else accepted


def _complement(first: int, last: int, ignore_case: bool) -> int:
    return (_ALL ^ _folded(_range(first, last), ignore_case)) | (1 << _OTHERS)


def _range(first: int, last: int) -> int:
    within = min(last, _OTHERS - 1)
    accepted = ((1 << within + 1) - 1) >> first << first if first <= within else 0
    return accepted | (1 << _OTHERS if last >= _OTHERS else 0)


def _folded(accepted: int, ignore_case: bool) -> int:
    if not ignore_case:
        return accepted
    return accepted | (accepted & _UPPER) << 32 | (accepted & _LOWER) >> 32


class _Refused(Exception):
    """The reason, as a sentence."""


class _Fragment(NamedTuple):
    """A part: whether it can be empty, and the places where it begins and ends."""

    nullable: bool
    first: tuple[int, ...]
    last: tuple[int, ...]


_EMPTY: Final = _Fragment(True, (), ())
_NESTED: Final = (
    "repeats within repeats can share out one text in many ways, as in `(a+)+`, so that a long "
    "text takes more than linear time"
)
_EMPTY_REPEAT: Final = "it repeats something that can be empty, as in `(a*)*`"
_TOO_LARGE: Final = "it is too large to be checked: expected fewer groups and smaller counts"


def ambiguity(tree: Any, *, ignore_case: bool = False) -> str | None:
    """Why the expression with this parse tree is refused, as a sentence; None if it is not."""
    try:
        places = _Places(ignore_case)
        items, rest = _without_rest(list(tree))
        places.search(places.sequence(items, repeated=False), rest=rest)
    except _Refused as refused:
        return str(refused)
    return None


def _without_rest(items: list[Any]) -> tuple[list[Any], bool]:
    """`items` without a `.*` at their end, and whether there was one.

    Where a repeat stands before it, it stays: `.*.*` is a mistake even if it costs nothing.
    """
    if not items:
        return items, False
    *before, (operation, argument) = items
    name = str(operation)
    if name == "SUBPATTERN":
        inner, rest = _without_rest(list(argument[3]))
        if rest and (inner or not (before and _is_repeat(before[-1]))):
            return [*before, (operation, (*argument[:3], inner))], True
    elif name.endswith("REPEAT"):
        lowest, highest, body = argument
        single = _single(body)
        if single and single[0] == "ANY" and lowest < highest == MAXREPEAT:
            kept = [body[0]] * lowest
            if not (before and _is_repeat(before[-1])):
                return [*before, *kept], True
    return items, False


def _is_repeat(item: Any) -> bool:
    """Whether `item` is a repeat, or a group that ends with one."""
    operation, argument = item
    if str(operation) == "SUBPATTERN":
        return len(argument[3]) > 0 and _is_repeat(argument[3][-1])
    return str(operation).endswith("REPEAT") and argument[1] > 1


class _Places:
    """The places of an expression: what each accepts, and which may follow it."""

    def __init__(self, ignore_case: bool) -> None:
        self._ignore_case = ignore_case
        self._accepts: list[int] = []
        self._follow: list[dict[int, None]] = []
        self._steps = 0

    def sequence(self, items: Any, *, repeated: bool) -> _Fragment:
        """Enter `items`, one after the other."""
        whole = _EMPTY
        for operation, argument in items:
            whole = self._join(whole, self._item(str(operation), argument, repeated))
        return whole

    def _item(self, name: str, argument: Any, repeated: bool) -> _Fragment:
        if name in _SINGLE:
            return self._place(name, argument)
        if name == "SUBPATTERN":
            return self.sequence(argument[3], repeated=repeated)
        if name == "ATOMIC_GROUP":
            return self.sequence(argument, repeated=repeated)
        if name == "BRANCH":
            return self._branch(argument[1], repeated)
        if name.endswith("REPEAT"):
            lowest, highest, body = argument
            return self._repeat(lowest, highest, body, repeated=repeated)
        raise _Refused(f"{name.lower().replace('_', ' ')} is not supported")

    def _place(self, name: str, argument: Any) -> _Fragment:
        if len(self._accepts) >= MAX_PLACES:
            raise _Refused(_TOO_LARGE)
        self._accepts.append(characters(name, argument, ignore_case=self._ignore_case))
        self._follow.append({})
        here = (len(self._accepts) - 1,)
        return _Fragment(False, here, here)

    def _join(self, one: _Fragment, two: _Fragment) -> _Fragment:
        self._link(one.last, two.first)
        return _Fragment(
            one.nullable and two.nullable,
            one.first + two.first if one.nullable else one.first,
            one.last + two.last if two.nullable else two.last,
        )

    def _link(self, lasts: tuple[int, ...], firsts: tuple[int, ...]) -> None:
        for last in lasts:
            self._count(len(firsts))
            for first in firsts:
                if first in self._follow[last]:
                    raise _Refused(_NESTED)
                self._follow[last][first] = None

    def _branch(self, alternatives: Any, repeated: bool) -> _Fragment:
        fragments = [self.sequence(one, repeated=repeated) for one in alternatives]
        if sum(fragment.nullable for fragment in fragments) > 1:
            raise _Refused("several alternatives come down to the same, as in `(a|a)` or `(a*|b*)`")
        if repeated:
            for number, one in enumerate(fragments):
                for two in fragments[number + 1 :]:
                    self._apart(one, two)
        return _Fragment(
            any(fragment.nullable for fragment in fragments),
            tuple(place for fragment in fragments for place in fragment.first),
            tuple(place for fragment in fragments for place in fragment.last),
        )

    def _apart(self, one: _Fragment, two: _Fragment) -> None:
        """In a repeat no alternative may be the beginning of another, as in `(a|ab)*`."""
        texts = {
            (i, j): shared for i in one.first for j in two.first if (shared := self._shared(i, j))
        }
        waiting = deque(texts)
        while waiting or one.nullable or two.nullable:
            pair = waiting.popleft() if waiting else None
            if pair is None or pair[0] in one.last or pair[1] in two.last:
                here = f" (here both begin with {texts[pair]!r})" if pair else ""
                raise _Refused(
                    "within a repeat one alternative is the beginning of another, as in `(a|ab)*`"
                    + here
                )
            self._count(1)
            for i in self._follow[pair[0]]:
                for j in self._follow[pair[1]]:
                    shared = self._shared(i, j)
                    if shared and (i, j) not in texts:
                        texts[i, j] = texts[pair] + shared
                        waiting.append((i, j))

    def _repeat(self, lowest: Any, highest: Any, body: Any, *, repeated: bool) -> _Fragment:
        if highest == 0:
            return _EMPTY
        single = _single(body)
        if single is not None and highest > 1:
            return self._repeat_single(single, int(lowest), int(highest))
        fragment = self.sequence(body, repeated=repeated or highest > 1)
        if (lowest, highest) == (1, 1):
            return fragment
        if fragment.nullable:
            raise _Refused(_EMPTY_REPEAT)
        if highest > 1:
            self._link(fragment.last, fragment.first)
        return fragment._replace(nullable=lowest == 0)

    def _repeat_single(self, single: tuple[str, Any], lowest: int, highest: int) -> _Fragment:
        """`x{2,5}` is taken for `xxx*`: so is `[0-9]{4}[0-9]{2}` what it looks like."""
        whole = _EMPTY
        for _ in range(lowest):
            whole = self._join(whole, self._place(*single))
        if highest > lowest:
            more = self._place(*single)
            if highest > lowest + 1:
                self._link(more.last, more.first)
            whole = self._join(whole, more._replace(nullable=True))
        return whole

    def _shared(self, one: int, two: int) -> str:
        """A character that both places accept, a plain one if possible; empty if there is none."""
        common = self._accepts[one] & self._accepts[two]
        if not common:
            return ""
        for character in _PREFERRED:
            if common >> ord(character) & 1:
                return character
        return chr((common & -common).bit_length() - 1)

    def search(self, whole: _Fragment, *, rest: bool) -> None:
        """Look for a text that leads to one place, or to the end, in two ways. Raises `_Refused`.

        `rest`: anything may follow, so that the first way to the end is the only one taken.
        """
        start = -1
        texts: dict[tuple[int, int], str] = {(start, start): ""}
        waiting = deque(texts)
        ends = set() if rest else set(whole.last)
        while waiting:
            pair = waiting.popleft()
            one, two = pair
            if one != two and one in ends and two in ends:
                raise _Refused(_twice(texts[pair]))
            firsts = whole.first if one == start else self._follow[one]
            seconds = whole.first if two == start else self._follow[two]
            for i in firsts:
                self._count(len(seconds))
                for j in seconds:
                    if one == two and j < i:
                        continue
                    shared = self._shared(i, j)
                    if not shared:
                        continue
                    if i == j and one != two:
                        raise _Refused(_twice(texts[pair] + shared))
                    following = (i, j) if i <= j else (j, i)
                    if following not in texts:
                        texts[following] = texts[pair] + shared
                        waiting.append(following)

    def _count(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise _Refused(_TOO_LARGE)


def _twice(text: str) -> str:
    return (
        f"it can match {text!r} in more than one way, so that a long text may take more than "
        "linear time: expected parts that begin or end differently, such as `[^/]+` for `.*`"
    )


def _single(body: Any) -> tuple[str, Any] | None:
    """The only item of `body`, through groups, where it accepts one character."""
    while len(body) == 1:
        operation, argument = body[0]
        name = str(operation)
        if name in _SINGLE:
            return name, argument
        if name != "SUBPATTERN":
            return None
        body = argument[3]
    return None
