"""Schemas that are refused, and what is said about them."""

from typing import Any

import pytest

from schema.compile import Refused, compile_schemas, unchecked_formats
from schema.patterns import NotSupported, matcher, translate

WRONG: list[tuple[Any, tuple[str | int, ...], str]] = [
    (3, (), "expected a schema (an object, true or false), found `3`"),
    ({"requird": []}, ("requird",), "there is no keyword `requird` in JSON Schema 2020-12; did"),
    ({"items": [{}]}, ("items",), "expected a schema (an object, true or false), found a list"),
    ({"definitions": {}}, ("definitions",), "`definitions` is of older drafts: say `$defs`"),
    ({"nullable": True}, ("nullable",), "`nullable` is of OpenAPI 3.0: add `null` to `type`"),
    ({"type": "int"}, ("type",), "expected one of the types null, boolean, integer, number"),
    ({"type": ["string", "nul"]}, ("type", 1), "found `nul`; did you mean `null`?"),
    ({"enum": []}, ("enum",), "expected a list with at least one entry, found an empty list"),
    ({"maxLength": -1}, ("maxLength",), "expected a whole number of at least 0, found `-1`"),
    ({"minItems": 1.5}, ("minItems",), "expected a whole number of at least 0, found `1.5`"),
    ({"multipleOf": 0}, ("multipleOf",), "expected a number above 0, found `0`"),
    ({"maximum": "3"}, ("maximum",), "expected a number, found `3`"),
    ({"required": "a"}, ("required",), "expected a list of names, found `a`"),
    ({"required": ["a", "a"]}, ("required", 1), "`a` is named twice"),
    ({"properties": []}, ("properties",), "expected a mapping of names to schemas, found an empty"),
    ({"then": {}}, ("then",), "`then` has no effect without `if`"),
    ({"$schema": "http://json-schema.org/draft-07/schema#"}, ("$schema",), "expected the dialect"),
    ({"$ref": "thinh"}, ("$ref",), "there is no schema `thinh`; did you mean `thing`?"),
    ({"$ref": "https://example.com/a"}, ("$ref",), "a reference leads to a schema of the table"),
    ({"$ref": "#/$defs/a"}, ("$ref",), "there is no schema at `/$defs/a` of `it`"),
    ({"$ref": "#a"}, ("$ref",), "there is no `$anchor: a` in `it`"),
    ({"$ref": "#"}, (), "it leads back to itself without going into the value"),
    (
        {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}},
         "$ref": "#/$defs/a"},
        ("$defs", "b", "not"),
        "it leads back to itself",
    ),
    ({"pattern": "(a+)+"}, ("pattern",), "the expression is refused: it can match"),
    ({"pattern": "a(?=b)"}, ("pattern",), "lookaround is not supported"),
    ({"patternProperties": {"[": {}}}, ("patternProperties", "["), "a class of characters"),
    ({"$id": "https://schemas.invalid/thing"}, ("$id",), "is taken by another schema"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "path", "message"), WRONG, ids=lambda value: str(value)[:40])
def test_a_schema_is_refused_at_the_place_that_is_wrong(
    schema: Any, path: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(Refused) as refused:
        compile_schemas({"thing": True, "it": schema})
    (objection,) = refused.value.objections
    assert (objection.document, objection.path) == ("it", path)
    assert message in objection.message


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(Refused) as refused:
        compile_schemas({"a": {"type": "x", "maximum": "y"}, "b": {"$defs": {"c": {"z": 1}}}})
    assert {objection.path for objection in refused.value.objections} == {
        *(("type",), ("maximum",), ("$defs", "c", "z")),
    }


def test_schemas_within_schemas_have_an_end() -> None:
    schema: Any = {}
    for _ in range(60):
        schema = {"not": schema}
    with pytest.raises(Refused, match="at most 50 schemas within schemas"):
        compile_schemas({"it": schema})


def test_formats_that_nobody_checks_are_found_through_references() -> None:
    schema = {"items": {"$ref": "other"}}
    program = compile_schemas({"it": schema, "other": {"format": "iri"}, "more": {"format": "x"}})
    assert unchecked_formats(program, "it") == ["iri"]


MATCHES = [
    ("a", "bab", "b"),
    ("^a", "ab", "ba"),
    ("a$", "ba", "a\n"),
    ("^a|b$", "xb", "xa"),
    ("^(a|b)$", "b", "ab"),
    ("^.$", "ä", "\n"),
    (r"^\s$", "\u00a0", "a"),
    (r"^[\s]$", "\ufeff", "a"),
    (r"^\S+$", "ab", "a\u2003"),
    (r"^\d$", "1", "\u0661"),
    (r"^\cA$", "\x01", "A"),
    (r"^\/\-$", "/-", "/"),
    ("^[[]$", "[", "]"),
    ("f.*o", "afoo", "of"),
]


@pytest.mark.parametrize(("pattern", "matching", "other"), MATCHES)
def test_patterns_are_those_of_ecma_262(pattern: str, matching: str, other: str) -> None:
    matchers = [matcher(expression) for expression in translate(pattern)]
    assert any(matches(matching) for matches in matchers)
    assert not any(matches(other) for matches in matchers)


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"\p{L}", r"\a", r"\A", r"\Z", r"\1", "a++", "(?i)a", "(?P<a>b)", "(?>a)", "a{,3}", "{"),
        *("[]", "[^]", "[a", "a^b", r"\bab", "(a", "a)", r"\u{61}", "*", r"a\\"[:2], "[z-a]"),
    ],
)
def test_what_differs_between_dialects_is_refused(pattern: str) -> None:
    with pytest.raises(NotSupported):
        translate(pattern)
