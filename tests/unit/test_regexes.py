"""Expressions of the table: what is refused and why, and that what passes takes linear time."""

import re
from collections.abc import Iterator
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.conditions import MAX_VALUE
from routing.regexes import compile_expression, examples, literal_prefix, objections, parse

ACCEPTED = [
    "",
    "abc",
    "[^/]+/[0-9]+",
    r"/legacy/(?P<id>[0-9]+)\.html",
    "(?:[a-z]+/)+[0-9]",
    "(?:/[a-z]+)*/[a-z]+",
    r"/files/.*\.pdf",
    r"/files/[^/]+\.(?:pdf|png|jpe?g)",
    "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "[0-9]{4}[0-9]{2}",
    r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}",
    "(?:en|de|fr)-[A-Z]{2}",
    "/a(?:/b)?(?:/c)?",
    "https?://[^/]+/.*",
    "Bearer .+",
    ".*Mobile.*",
    "(?P<all>.*)",
    "/x/(?P<a>[^/]+)/(?P<rest>.*)",
    r"v?[0-9]+(?:\.[0-9]+)*",
    "[a-z]+(?:-[a-z]+)*",
    "(ab?)*",
    "(?:ab|c)*d",
    "(?>a+)b",
    "(?:a|[a-z])b",
    "a*+b",
    "a+?b",
    "a{1000}",
    "(?:a|b){30}c",
    "[a-z0-9]+(?:[._-][a-z0-9]+)*@[a-z0-9-]+(?:\\.[a-z]{2,})+",
    r"\w+:\d+",
    "[^a-z]+[a-z]",
]

REFUSED = [
    # pattern, part of the reason
    ("(", "invalid syntax at position 1"),
    ("ab)", "invalid syntax at position 3"),
    ("a**", "invalid syntax at position 3"),
    ("[z-a]", "invalid syntax at position 2"),
    (r"\q", "invalid syntax at position 1"),
    ("(?P<a>x)(?P<a>y)", "invalid syntax"),
    ("[[a]", "unclear syntax"),
    ("a{99999999999}", "too large"),
    ("a{3000}", "too large"),
    ("(" * 30 + "a" + ")" * 30, "nests more than 20 groups"),
    ("(" * 250 + "a" + ")" * 250, "groups"),
    (r"(a)\1", "references back"),
    ("(?P<x>a)(?P=x)", "references back"),
    ("(?=a)b", "lookaround"),
    ("(?!a)b", "lookaround"),
    ("(?<=a)b", "lookaround"),
    ("a(?<!b)", "lookaround"),
    ("(a)?(?(1)b|c)", "conditional groups"),
    ("(?i)a", "flags"),
    ("(?i:a)", "flags"),
    ("(?-i:a)", "flags"),
    ("(?x) a", "flags"),
    ("^a", "leave out"),
    ("a$", "leave out"),
    (r"\ba", "anchors"),
    ("(a+)+", "more than one way"),
    ("(?:a+)*b", "more than one way"),
    ("(?>a+)+", "more than one way"),
    ("((ab)+)+", "repeats within repeats"),
    ("(?:[a-z]+)+", "more than one way"),
    ("(?:a{2,5}){2,5}", "more than one way"),
    ("a*a*", "'a' in more than one way"),
    (".*.*", "more than one way"),
    (".*.*=.*", "more than one way"),
    (".*/.*/x", "more than one way"),
    ("(?P<a>.*)(?P<b>.*)", "more than one way"),
    ("[a-z]+[a-z0-9]+", "more than one way"),
    (r"\w+\d+", "more than one way"),
    ("[^a]+[^b]+", "more than one way"),
    ("a?a?a?aaa", "more than one way"),
    ("a{0,100}a{0,100}", "more than one way"),
    ("(?:ab|[a-z]b)c", "more than one way"),
    ("(a|a)*", "come down to the same"),
    ("(a|a)", "come down to the same"),
    ("(a*|b*)c", "come down to the same"),
    ("(a|ab)*", "beginning of another"),
    ("(a|b|ab)*", "beginning of another"),
    ("(?:abc|[a-z]+d)+", "beginning of another"),
    ("(a*)*", "something that can be empty"),
    ("(a?)+", "something that can be empty"),
    ("(a*)?", "something that can be empty"),
    ("(?:a?b?){2}", "something that can be empty"),
    ("((a{0,10}){0,10}){0,10}", "something that can be empty"),
]


@pytest.mark.parametrize("pattern", ACCEPTED)
def test_what_is_clear_passes(pattern: str) -> None:
    assert objections(pattern, path=False) == []


@pytest.mark.parametrize(("pattern", "reason"), REFUSED)
def test_what_is_not_supported_or_ambiguous_is_refused(pattern: str, reason: str) -> None:
    found = objections(pattern, path=False)
    assert len(found) == 1
    assert reason in found[0]
    assert not found[0].endswith(".")


def test_all_objections_to_syntax_are_told_at_once() -> None:
    assert len(objections(r"^(a)\1(?=b)$", path=True)) == 4


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("/a/(?P<id>[0-9]+)", None),
        ("/(?:a|b)", None),
        ("/?a", "begins with a slash"),
        ("a/b", "begins with a slash"),
        ("/a|b", "begins with a slash"),
        ("/(?P<Id>a)", "lower case"),
        ("/(?P<_x>a)", "lower case"),
    ],
)
def test_paths_begin_with_a_slash_and_name_their_parameters_in_lower_case(
    pattern: str, reason: str | None
) -> None:
    found = objections(pattern, path=True)
    assert found == [] if reason is None else reason in found[0]


def test_where_case_is_ignored_more_looks_alike() -> None:
    assert objections("/[a-z]+[A-Z]+", path=True) == []
    assert "more than one way" in objections("/[a-z]+[A-Z]+", path=True, ignore_case=True)[0]
    assert "more than one way" in objections("/(?:ab|Ab)c", path=True, ignore_case=True)[0]
    assert "more than one way" in objections("/[^a]+A*", path=True, ignore_case=False)[0]
    assert objections("/[^a]+A*", path=True, ignore_case=True) == []


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        ("/a/b", "/a/b"),
        (r"/a\.b/(?P<x>.*)", "/a.b/"),
        ("/(?:ab)c", "/abc"),
        ("/ab+", "/ab"),
        ("/ab*", "/a"),
        ("/a(?:bc){2}d", "/abc"),
        ("/ab|/ac", "/a"),
        ("/a|b", ""),
        ("[/]a", "/a"),
        (".*", ""),
    ],
)
def test_the_literal_prefix_is_what_every_match_begins_with(pattern: str, prefix: str) -> None:
    assert literal_prefix(pattern) == prefix


@pytest.mark.parametrize("pattern", ACCEPTED)
def test_examples_match_and_are_always_the_same(pattern: str) -> None:
    found = examples(pattern)
    assert 1 <= len(found) <= 5
    assert len(set(found)) == len(found)
    assert all(compile_expression(pattern).fullmatch(text) for text in found)
    assert examples(pattern) == found


# ---- Time: what passes takes a time that grows with the length of the text.


def pumped(pattern: str, length: int) -> Iterator[str]:
    """Long texts that nearly match: pieces of matches over and over, with a wrong end."""
    pieces = {"a", "/", "a/", "0", "a.", "ab"}
    for example in examples(pattern):
        pieces.update((example, example[-4:], example[len(example) // 2 :]))
    for piece in sorted(filter(None, pieces)):
        for start in ("", literal_prefix(pattern), examples(pattern)[0]):
            text = (start + piece * (length // len(piece) + 1))[: length - 1]
            yield text + "\x00"


def seconds(compiled: re.Pattern[str], texts: list[str]) -> float:
    """CPU time for all of them, the best of three."""
    best = float("inf")
    for _ in range(3):
        start = process_time()
        for text in texts:
            compiled.fullmatch(text)
        best = min(best, process_time() - start)
    return best


@pytest.mark.parametrize("pattern", ACCEPTED)
def test_what_passes_takes_linear_time(pattern: str) -> None:
    """Eight times the length may take 24 times as long; quadratic time would be 64."""
    compiled = compile_expression(pattern)
    short = seconds(compiled, [*pumped(pattern, MAX_VALUE // 8)] * 8)
    long = seconds(compiled, [*pumped(pattern, MAX_VALUE)])
    # What is over in a millisecond is too short to be measured, and short enough.
    assert long < max(24 * short / 8, 0.001)


class Steps:
    """A backtracking matcher on the parse tree, which counts what it tries."""

    def __init__(self, pattern: str) -> None:
        self._tree = list(parse(pattern))
        self.taken = 0

    def match(self, text: str) -> bool:
        return any(end == len(text) for end in self._ends(self._tree, text, 0))

    def _ends(self, items: list[Any], text: str, at: int) -> Iterator[int]:
        self.taken += 1
        if not items:
            yield at
            return
        (operation, argument), rest = items[0], items[1:]
        for end in self._item(str(operation), argument, text, at):
            yield from self._ends(rest, text, end)

    def _item(self, name: str, argument: Any, text: str, at: int) -> Iterator[int]:
        if name == "SUBPATTERN":
            yield from self._ends(list(argument[3]), text, at)
        elif name == "BRANCH":
            for alternative in argument[1]:
                yield from self._ends(list(alternative), text, at)
        elif name == "MAX_REPEAT":
            lowest, highest, body = argument
            yield from self._repeat(lowest, highest, list(body), text, at)
        elif at < len(text) and self._accepts(name, argument, text[at]):
            yield at + 1

    def _repeat(
        self, lowest: int, highest: int, body: list[Any], text: str, at: int
    ) -> Iterator[int]:
        if highest > 0:
            for end in self._ends(body, text, at):
                if end > at or lowest > 0:
                    yield from self._repeat(max(lowest - 1, 0), highest - 1, body, text, end)
        if lowest == 0:
            yield at

    def _accepts(self, name: str, argument: Any, character: str) -> bool:
        if name == "LITERAL":
            return ord(character) == int(argument)
        if name == "ANY":
            return True
        return any(
            ord(character) == value
            if str(kind) == "LITERAL"
            else value[0] <= ord(character) <= value[1]
            for kind, value in argument
        )


atoms = st.sampled_from(["a", "b", "[ab]", "[a-c]", "."])
generated = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
    ),
    max_leaves=7,
)


@settings(max_examples=300, deadline=None)
@given(generated, st.lists(st.sampled_from(["a", "b", "ab", "ba", "aab", "c"]), min_size=1))
def test_whatever_passes_is_matched_in_steps_that_grow_with_the_length(
    pattern: str, pieces: list[str]
) -> None:
    if objections(pattern, path=False):
        return
    taken = []
    for length in (12, 24, 48):
        text = ("".join(pieces) * length)[:length] + "!"
        steps = Steps(pattern)
        assert steps.match(text) is (compile_expression(pattern).fullmatch(text) is not None)
        taken.append(steps.taken)
    assert taken[2] <= 6 * max(taken[0], 40)


@settings(max_examples=300, deadline=None)
@given(generated)
def test_prefixes_and_examples_are_sound_for_any_pattern(pattern: str) -> None:
    compiled = compile_expression(pattern)
    for text in examples(pattern):
        assert compiled.fullmatch(text)
        assert text.startswith(literal_prefix(pattern))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab/.[]()|*+?{}\\^$-1,:<>P=!", max_size=60), st.booleans())
def test_any_text_is_accepted_or_refused_and_never_a_surprise(pattern: str, path: bool) -> None:
    if not objections(pattern, path=path):
        compile_expression(pattern)
        literal_prefix(pattern)


def test_the_check_itself_is_bounded() -> None:
    """512 characters is what the table allows; none of them keeps the check busy."""
    for pattern in ("(?:a|b|c|d|e)" * 39, "a?" * 256, "(?:.?b)" * 73, "[a-z]?" * 85, ".*b" * 170):
        start = process_time()
        objections(pattern, path=False)
        assert process_time() - start < 5
