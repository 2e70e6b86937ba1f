"""Regular expressions of the table: how they are compiled, what is refused, what they match.

They always match a whole path or value; classes are those of ASCII (`\\d` is `[0-9]`), and a dot is
any character, so that no line break gets past one. Whether an expression can backtrack for more
than linear time is `routing.ambiguity`.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, Final

MAX_NESTING: Final = 20
"""Groups within groups."""

_FLAGS: Final = re.ASCII | re.DOTALL
_PARAMETER: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_REPEATS: Final = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_ASSERTIONS: Final = {
    "ASSERT": "lookaround is not supported",
    "ASSERT_NOT": "lookaround is not supported",
    "GROUPREF": "references back to a group are not supported",
    "GROUPREF_EXISTS": "conditional groups are not supported",
    "AT": "anchors and word boundaries are not supported: it is always the whole text that has to "
    "match, so leave out `^` and `$`",
}


def compile_expression(pattern: str, *, ignore_case: bool = False) -> re.Pattern[str]:
    """`pattern` as the gateway uses it, with `fullmatch`."""
    return re.compile(pattern, _FLAGS | (re.IGNORECASE if ignore_case else 0))


def parse(pattern: str) -> Any:
    """The parse tree that Python's own compiler works from. Raises `re.error` and its like."""
    return import_module("re._parser").parse(pattern, _FLAGS)


def objections(pattern: str, *, path: bool, ignore_case: bool = False) -> list[str]:
    """Why `pattern` is refused, each as a sentence without a full stop; empty if it is not.

    `path`: it is for a path and not for a value. `ignore_case`: literals of paths match in any
    case, which makes more texts look alike.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = parse(pattern)
    except re.error as error:
        where = "" if error.pos is None else f" at position {error.pos + 1}"
        return [f"invalid syntax{where}: {error.msg}"]
    except Warning as warning:
        return [f"unclear syntax: {str(warning)[:1].lower()}{str(warning)[1:]}"]
    except (OverflowError, RecursionError):
        return ["it is too large: expected fewer groups and smaller counts"]
    if tree.state.flags != _FLAGS:
        return ["flags such as `(?i)` are not supported"]
    found = list(dict.fromkeys(_unsupported(tree, 0)))
    if path:
        found += _not_for_paths(pattern, tree)
    if not found:
        # Only where tables are checked: the edge never needs it.
        from routing.ambiguity import ambiguity  # noqa: PLC0415

        reason = ambiguity(tree, ignore_case=ignore_case)
        found = [reason] if reason else []
    return found


def _unsupported(items: Any, depth: int) -> Iterator[str]:
    if depth > MAX_NESTING:
        yield f"it nests more than {MAX_NESTING} groups"
        return
    for operation, argument in items:
        name = str(operation)
        if name in _ASSERTIONS:
            yield _ASSERTIONS[name]
        elif name == "SUBPATTERN":
            _, added, removed, body = argument
            if added or removed:
                yield "flags such as `(?i)` are not supported"
            yield from _unsupported(body, depth + 1)
        elif name == "ATOMIC_GROUP":
            yield from _unsupported(argument, depth + 1)
        elif name in _REPEATS:
            yield from _unsupported(argument[2], depth + 1)
        elif name == "BRANCH":
            for alternative in argument[1]:
                yield from _unsupported(alternative, depth + 1)


def _not_for_paths(pattern: str, tree: Any) -> Iterator[str]:
    if not literal_prefix(pattern).startswith("/"):
        yield "expected an expression whose every match begins with a slash"
    for name in tree.state.groupdict:
        if not _PARAMETER.fullmatch(name):
            yield (
                f"expected a group's name in lower case (letters, digits, underscores; 32 at "
                f"most), found `{name}`"
            )


def group_names(pattern: str) -> tuple[str, ...]:
    """The names of the groups of `pattern`, in order: its parameters."""
    return tuple(compile_expression(pattern).groupindex)


def literal_prefix(pattern: str) -> str:
    """The text that every match of `pattern` begins with, as far as it is written there."""
    return _prefix(parse(pattern))[0]


def _prefix(items: Any) -> tuple[str, bool]:
    """The literal text that `items` begin with, and whether that is all there is."""
    text = ""
    for operation, argument in items:
        name = str(operation)
        more, complete = "", False
        if name == "LITERAL":
            more, complete = chr(argument), True
        elif name == "SUBPATTERN":
            more, complete = _prefix(argument[3])
        elif name == "ATOMIC_GROUP":
            more, complete = _prefix(argument)
        elif name in _REPEATS and argument[0] > 0:
            more, complete = _prefix(argument[2])
            complete = complete and tuple(argument[:2]) == (1, 1)
        text += more
        if not complete:
            return text, False
    return text, True


_PREFERRED: Final = "a0A-_./ b1B"
"""Characters for examples, the plainest first."""
_VARIANTS: Final = 8


def examples(pattern: str, limit: int = 5) -> list[str]:
    """Up to `limit` different texts that match `pattern`, always the same ones.

    The first is as short as it gets; the others try further alternatives and more repeats.
    """
    tree, compiled = parse(pattern), compile_expression(pattern)
    texts = dict.fromkeys(_example(tree, variant) for variant in range(_VARIANTS))
    return [text for text in texts if compiled.fullmatch(text)][:limit]


def _example(items: Any, variant: int) -> str:
    return "".join(_example_of(str(operation), argument, variant) for operation, argument in items)


def _example_of(name: str, argument: Any, variant: int) -> str:
    if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
        return _character(name, argument, variant)
    if name in ("SUBPATTERN", "ATOMIC_GROUP"):
        return _example(argument[3] if name == "SUBPATTERN" else argument, variant)
    if name == "BRANCH":
        alternatives = argument[1]
        return _example(alternatives[variant % len(alternatives)], variant // len(alternatives))
    if name in _REPEATS:
        lowest, highest, body = argument
        times: int = min(lowest + (0, 1, 2)[variant % 3], int(highest), max(lowest, 64))
        return _example(body, variant) * times
    return ""


def _character(name: str, argument: Any, variant: int) -> str:
    """A character that fits; found by trying, as the classes are the compiler's business."""
    fits = _fitting(name, argument)
    if not fits:
        return ""
    # What else the class names comes up in later examples.
    return str(fits[(variant // 3) % min(len(fits), 3)])


def _fitting(name: str, argument: Any) -> Sequence[str]:
    if name == "LITERAL":
        return chr(argument)
    if name == "ANY":
        return _PREFERRED
    from routing.ambiguity import characters  # noqa: PLC0415

    allowed = characters(name, argument)
    plain = [one for one in _PREFERRED if allowed >> ord(one) & 1]
    return plain or [chr(code) for code in range(256) if allowed >> code & 1][:3]
