"""What the loader reads, where it says things stand, and what it refuses in bounded time."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.yaml_source import (
    MAX_ALIASED,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_ERRORS,
    MAX_VALUES,
    Position,
    SourceErrors,
    ValuePath,
    parse_yaml,
    read_yaml,
)


def read(text: str) -> Any:
    return parse_yaml(text.encode()).value


def refusals(data: bytes) -> list[tuple[int, int, str]]:
    with pytest.raises(SourceErrors) as refused:
        parse_yaml(data)
    return [(*error.position, error.message) for error in refused.value.errors]


SCALARS: list[tuple[str, Any]] = [
    # as written, what it is in the core schema of YAML 1.2
    ("text", "text"),
    ("'7'", "7"),
    ('"true"', "true"),
    ("", None),
    ("~", None),
    ("null", None),
    ("NULL", None),
    ("nUll", "nUll"),
    ("true", True),
    ("FALSE", False),
    ("tRue", "tRue"),
    ("7", 7),
    ("-7", -7),
    ("+7", 7),
    ("007", 7),
    ("0o17", 15),
    ("0x1F", 31),
    ("18446744073709551615", 2**64 - 1),
    ("-9223372036854775808", -(2**63)),
    ("1.50", 1.5),
    (".5", 0.5),
    ("1.", 1.0),
    ("-1e3", -1000.0),
    # What YAML 1.1 would have taken for something else.
    ("on", "on"),
    ("yes", "yes"),
    ("No", "No"),
    ("2026-06-01", "2026-06-01"),
    ("2026-06-01T00:00:00Z", "2026-06-01T00:00:00Z"),
    ("12:30:45", "12:30:45"),
    ("1_000", "1_000"),
    ("0b11", "0b11"),
    ("<<", "<<"),
    ("=", "="),
    ("1.2.3", "1.2.3"),
    ("-.5x", "-.5x"),
    ("!!str 7", "7"),
    ("!!int '7'", 7),
    ("!!float 7", 7.0),
    ("!!bool true", True),
    ("!!null ''", None),
]


@pytest.mark.parametrize(("written", "value"), SCALARS)
def test_a_scalar_means_what_the_core_schema_says(written: str, value: Any) -> None:
    found = read(f"key: {written}\n")["key"]
    assert found == value
    assert type(found) is type(value)


REFUSED: list[tuple[bytes, list[tuple[int, int, str]]]] = [
    # file, (line, column, part of the message) of each error
    (b"", [(1, 1, "empty")]),
    (b"# only a comment\n", [(1, 1, "empty")]),
    (b"a: 1\nb:\n  c: 1\n  c: 2\n", [(4, 3, "`c` is already set in line 3")]),
    (b"{a: 1, 'a': 2}", [(1, 8, "`a` is already set in line 1")]),
    (b"1: x", [(1, 1, "expected a text as key, found `1`; put it in quotes")]),
    (b"true: x", [(1, 1, "found `true`")]),
    (b"~: x", [(1, 1, "found `null`")]),
    (b"[a]: x", [(1, 1, "found a list or mapping")]),
    (b"a: 1\na: 2\n3: 4\n", [(2, 1, "already set"), (3, 1, "found `3`")]),
    (b"a: !!python/name:os.system x", [(1, 4, "no tag `!!python/name:os.system`")]),
    (b"a: !mine [1]", [(1, 4, "no tag `!mine`")]),
    (b"a: !!set {b}", [(1, 4, "no tag `!!set`")]),
    (b"!!seq {a: 1}", [(1, 1, "no tag `!!seq`")]),
    (b"a: !!timestamp 2026-01-01", [(1, 4, "no tag `!!timestamp`")]),
    (b"a: !!merge x", [(1, 4, "no tag `!!merge`")]),
    (b"a: !!int x", [(1, 4, "`!!int` expects a whole number, found `x`")]),
    (b"a: .nan", [(1, 4, "a number that JSON can hold")]),
    (b"a: -.INF", [(1, 4, "a number that JSON can hold")]),
    (b"a: 1e999", [(1, 4, "a number that JSON can hold")]),
    (b"a: !!float .inf", [(1, 4, "a number that JSON can hold")]),
    (b"a: 18446744073709551616", [(1, 4, "at most 64 bits")]),
    (b"a: " + b"9" * 5000, [(1, 4, "at most 64 bits")]),
    (b"a: 1\n---\nb: 2\n", [(2, 1, "one document")]),
    (b"a: *b", [(1, 4, "`*b` has no anchor")]),
    (b"a: &b [1, *b]", [(1, 11, "`*b` is inside its own anchor")]),
    (b"a:\n\t- b", [(2, 1, "indent with spaces")]),
    (b"a: [1,\n  2\n", [(3, 1, "that begins in line 1")]),
    (b"a: 'b", [(1, 6, "end of stream")]),
    (b"%YAML 3.0\n---\na: 1", [(1, 1, "incompatible")]),
    (b"a: b\n  c: d", [(2, 4, "not valid YAML")]),
    (b'a: "\\ud800"', [(1, 7, "Unicode")]),
    (b"a: caf\xe9", [(1, 7, "not UTF-8: unexpected byte 0xE9")]),
    (b"\xef\xbb\xbfa: \xff", [(1, 4, "unexpected byte 0xFF")]),
    ("a: 1".encode("utf-16"), [(1, 1, "not UTF-8")]),
    (b"a: 1\nb: \x1b[31m", [(2, 4, "U+001B")]),
    (b"a: \x00", [(1, 4, "U+0000")]),
]


@pytest.mark.parametrize(("data", "errors"), REFUSED)
def test_what_is_refused_and_where(data: bytes, errors: list[tuple[int, int, str]]) -> None:
    found = refusals(data)
    assert [error[:2] for error in found] == [error[:2] for error in errors]
    for (_, _, message), (_, _, part) in zip(found, errors, strict=True):
        assert part in message


def doubling(levels: int) -> bytes:
    """Each line stands for nine of the one before."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, levels):
        nine = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} [{nine}]")
    return "\n".join(lines).encode()


TORTURE = [
    # file, part of the message
    (b"a" * (MAX_BYTES + 1), f"at most {MAX_BYTES // 1024} KiB"),
    (b"[" * 100_000, f"more than {MAX_DEPTH} levels"),
    (b"{a: " * 100_000, f"more than {MAX_DEPTH} levels"),
    (b"- " * 100_000, f"more than {MAX_DEPTH} levels"),
    (b"? " * 100_000, f"more than {MAX_DEPTH} levels"),
    (b"[" + b"1," * (MAX_VALUES + 1), f"at most {MAX_VALUES} keys and values"),
    (doubling(20), f"more than {MAX_ALIASED} values"),
    (b"- &a [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n- "
     + b"[" * 30 + b"*a" + b"]" * 30, f"more than {MAX_DEPTH} levels"),
    (b"a: 1\n" * (MAX_ERRORS + 50), "too many errors"),
    (b"!" * 1_000_000, "no tag"),
    (b"'" * 1_000_001, "end of stream"),
    (b"a: &b\n" * 10_000 + b"c: *d", "too many errors"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), TORTURE, ids=lambda value: repr(value[:12]))
def test_torture_ends_in_a_refusal_of_bounded_length(data: bytes, message: str) -> None:
    found = refusals(data)
    assert message in found[-1][2]
    assert len(found) <= MAX_ERRORS + 1
    assert all(len(error[2]) < 300 for error in found)


def test_aliases_within_the_limit_share_what_they_stand_for() -> None:
    value = read("a: &a {b: [1]}\nc: *a\nd: [*a, *a]\n")
    assert value["d"] == [{"b": [1]}, {"b": [1]}]
    assert value["d"][0] is value["a"]


SOURCE = """\
versions:
  default: v2
routes:
  - name: a
    path: /a
  - {name: b, methods: [GET, POST]}
  - &c
    name: c
more: [*c]
"""

PLACES: list[tuple[ValuePath, bool, tuple[int, int]]] = [
    # path, of the key?, line and column
    ((), False, (1, 1)),
    (("versions",), True, (1, 1)),
    (("versions",), False, (2, 3)),
    (("versions", "default"), True, (2, 3)),
    (("versions", "default"), False, (2, 12)),
    (("routes", 0), False, (4, 5)),
    (("routes", 0, "path"), False, (5, 11)),
    (("routes", 1, "methods", 1), False, (6, 30)),
    (("more", 0, "name"), False, (8, 11)),
    # Where there is no such place, the nearest one above it.
    (("routes", 0, "service"), False, (4, 5)),
    (("routes", 7, "name"), False, (4, 3)),
    (("versions", "default", "x"), False, (2, 12)),
]


@pytest.mark.parametrize(("path", "key", "place"), PLACES)
def test_everything_has_its_place(path: ValuePath, key: bool, place: tuple[int, int]) -> None:
    assert parse_yaml(SOURCE.encode()).find(path, key=key).position == Position(*place)


def test_columns_count_characters_and_a_byte_order_mark_is_none() -> None:
    source = parse_yaml("\ufeff{é: ü, b: x}".encode())
    assert source.find(("b",)).position == Position(1, 11)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "no such file or directory"),
        (lambda path: path.mkdir(), "is a directory"),
    ],
)
def test_a_file_that_cannot_be_opened(tmp_path: Path, make: Any, reason: str) -> None:
    path = tmp_path / "routes.yaml"
    make(path)
    with pytest.raises(SourceErrors, match=f"cannot be read: {reason}"):
        read_yaml(path)


def test_an_endless_file_is_not_read() -> None:
    with pytest.raises(SourceErrors, match="is a device"):
        read_yaml(Path("/dev/zero"))


letters = st.text(st.sampled_from("ab:-{}[],&*!|>'\"%@`#?\n\t \\~0é"), max_size=60)


@given(letters)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = read(text)
    except SourceErrors:
        return
    assert not (isinstance(value, float) and not math.isfinite(value))
