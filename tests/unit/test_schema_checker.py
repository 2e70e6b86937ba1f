"""What the checker says about documents, one keyword after the other, and about hostile ones."""

import json
import time
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from schema.checker import Checker, Checkers
from schema.compile import compile_schemas
from schema.program import Program
from schema.run import MAX_ERRORS
from transforms.documents import decode


def checker(schema: Any, *, formats: bool = False, **others: Any) -> Checker:
    """As the edge has it: the program has travelled as JSON."""
    program = compile_schemas({"it": schema, **others})
    decoded = msgspec.json.decode(msgspec.json.encode(program), type=Program)
    return Checkers(decoded, formats=formats).checker("it")


def errors(schema: Any, document: str, *, formats: bool = False) -> list[tuple[str, str]]:
    """Pointer and detail of each error."""
    found = checker(schema, formats=formats).errors(decode(document.encode()))
    return [(error.pointer, error.detail) for error in found]


SAYS: list[tuple[Any, str, list[tuple[str, str]]]] = [
    ({"type": "string"}, "1", [("", "expected a string, found 1")]),
    ({"type": ["string", "null"]}, "{}", [("", "expected a string or null, found an object of 0")]),
    ({"type": "integer"}, "1.5", [("", "expected an integer, found 1.5")]),
    ({"type": "boolean"}, "1", [("", "expected a boolean, found 1")]),
    ({"enum": ["a", 1, None]}, "true", [("", 'expected one of "a", 1, null, found true')]),
    ({"const": 1}, "true", [("", "expected 1, found true")]),
    ({"minimum": 0.1}, "0.09", [("", "expected at least 0.1, found 0.09")]),
    ({"exclusiveMaximum": 3}, "3.0", [("", "expected less than 3, found 3.0")]),
    ({"multipleOf": 0.01}, "1.005", [("", "expected a multiple of 0.01, found 1.005")]),
    ({"minLength": 1}, '""', [("", "expected at least 1 character, found 0")]),
    ({"maxItems": 1}, "[1, 2]", [("", "expected at most 1 item, found 2")]),
    ({"minProperties": 2}, "{}", [("", "expected at least 2 members, found 0")]),
    ({"pattern": "^a"}, '"ba"', [("", 'expected a text that matches ^a, found "ba"')]),
    ({"required": ["a", "b"]}, '{"b": 1}', [("", "the member `a` is missing")]),
    (
        {"dependentRequired": {"a": ["b"]}},
        '{"a": 1}',
        [("", "the member `b` is missing, which `a` needs")],
    ),
    (
        {"uniqueItems": True},
        '[1, [2, {"a": 1, "b": 2}], 3, [2.0, {"b": 2, "a": 1.0}]]',
        [("", "expected different items: 1 and 3 are equal")],
    ),
    ({"additionalProperties": False}, '{"a/b": 1}', [("/a~1b", "there is no such member")]),
    (
        {"prefixItems": [True], "items": False},
        "[1, 2]",
        [("/1", "there are more items than allowed")],
    ),
    ({"not": {"type": "null"}}, "null", [("", "it fits what it must not fit")]),
    (
        {"oneOf": [{"minimum": 1}, {"minimum": 2}]},
        "3",
        [("", "it fits the alternatives 1 and 2, and may fit one")],
    ),
    (
        {"contains": {"const": 1}, "maxContains": 1},
        "[1, 1]",
        [("", "expected at most 1 items of a certain kind, found 2")],
    ),
    (
        {"propertyNames": {"maxLength": 1}},
        '{"ab": 1}',
        [
            ("/ab", "expected at most 1 character, found 2"),
        ],
    ),
    (
        # of alternatives only one is for this kind of value
        {
            "anyOf": [
                {"type": "string"},
                {"properties": {"kind": {"const": "a"}, "n": {"type": "integer"}}},
                {"properties": {"kind": {"const": "b"}, "n": {"type": "string"}}},
            ]
        },
        '{"kind": "b", "n": 1}',
        [
            ("", "it fits none of 3 alternatives; this is said by number 3"),
            ("/n", "expected a string, found 1"),
        ],
    ),
]


@pytest.mark.parametrize(
    ("schema", "document", "expected"), SAYS, ids=lambda value: str(value)[:40]
)
def test_errors_say_what_was_expected_and_found(
    schema: Any, document: str, expected: list[tuple[str, str]]
) -> None:
    assert errors(schema, document) == expected


def test_all_errors_come_with_their_place_in_document_and_schema() -> None:
    schema = {
        "type": "object",
        "properties": {"list": {"items": {"$ref": "other#/$defs/short"}}, "n": {"maximum": 3}},
        "required": ["x"],
    }
    one = checker(schema, other={"$defs": {"short": {"maxLength": 2}}})
    found = one.errors({"list": ["abc", "a", "abcd"], "n": 4})
    assert {(error.pointer, error.schema) for error in found} == {
        ("", "it#/required"),
        ("/list/0", "other#/$defs/short/maxLength"),
        ("/list/2", "other#/$defs/short/maxLength"),
        ("/n", "it#/properties/n/maximum"),
    }


NUMBERS = [
    ({"multipleOf": 0.1}, "0.3", True),
    ({"multipleOf": 0.0001}, "0.0075", True),
    ({"multipleOf": 0.01}, "19.99", True),
    ({"multipleOf": 3}, "9007199254740993", True),
    ({"multipleOf": 7}, "1e400", False),
    ({"multipleOf": 1e-300}, "1e400", True),
    ({"multipleOf": 2}, "1e-99999999", False),
    ({"multipleOf": 2}, "0e-99999999", True),
    ({"type": "integer"}, "1e99999999", True),
    ({"type": "integer"}, "1.000", True),
    ({"type": "integer"}, "1e-99999999", False),
    ({"maximum": 9007199254740992}, "9007199254740993", False),
    ({"maximum": 1e308}, "1e309", False),
    ({"const": 0.1}, "0.10", True),
    ({"enum": [1]}, "1.0", True),
    ({"enum": [[0.5, {"a": 1}]]}, '[0.50, {"a": 1.0}]', True),
    ({"enum": [False]}, "0", False),
    ({"enum": [0]}, "false", False),
    ({"uniqueItems": True}, "[0, false, 1, true]", True),
    ({"uniqueItems": True}, "[1, 1.0]", False),
]


@pytest.mark.parametrize(("schema", "document", "fits"), NUMBERS)
def test_numbers_are_compared_by_value(schema: Any, document: str, fits: bool) -> None:
    assert (errors(schema, document) == []) is fits


FORMATS = [
    ("date", "2024-02-29", "2023-02-29"),
    ("time", "23:59:60Z", "23:58:60Z"),
    ("date-time", "2026-06-01t12:30:00.5+02:00", "2026-06-01 12:30:00Z"),
    ("duration", "P1Y2M3DT4H", "P1S"),
    ("email", '"a b"@[IPv6:::1]', "a..b@example.com"),
    ("hostname", "a-b.example", "a_b.example"),
    ("ipv4", "192.0.2.1", "192.0.2.01"),
    ("ipv6", "2001:db8::1", "fe80::1%eth0"),
    ("uri", "https://[::1]:8080/a?b#c", "/a"),
    ("uri-reference", "../a?b", "a b"),
    ("uuid", "6F1D4C3A-9b2e-4f70-8a51-0c9d2e7b6a18", "6f1d4c3a9b2e4f708a510c9d2e7b6a18"),
    ("json-pointer", "/a~1b", "a"),
    ("relative-json-pointer", "1/a", "01/a"),
]


@pytest.mark.parametrize(("name", "good", "bad"), FORMATS)
def test_formats_are_checked_where_a_route_asks_for_it(name: str, good: str, bad: str) -> None:
    schema = {"format": name}
    assert errors(schema, json.dumps(good), formats=True) == []
    assert len(errors(schema, json.dumps(bad), formats=True)) == 1
    assert errors(schema, json.dumps(bad)) == []
    assert errors(schema, "12", formats=True) == []


def test_there_are_fifty_errors_at_most() -> None:
    found = errors({"items": {"type": "string"}}, json.dumps(list(range(10_000))))
    assert len(found) == MAX_ERRORS
    nested = {"items": {"anyOf": [{"items": {"type": "string"}}]}}
    assert len(errors(nested, json.dumps([list(range(1000))] * 10))) == MAX_ERRORS


SAME_HASH = (1 << 61) - 1
"""Python gives all multiples of it one hash."""

HOSTILE: dict[str, tuple[Any, Any]] = {
    "many items to compare": ({"uniqueItems": True}, [SAME_HASH * n for n in range(4000)]),
    "many arrays to compare": ({"uniqueItems": True}, [[n] * 5 for n in range(8000)]),
    "alternatives in alternatives": (
        {
            "$ref": "#/$defs/n0",
            "$defs": {
                **{f"n{n}": {"anyOf": [{"$ref": f"#/$defs/n{n + 1}"}] * 2} for n in range(20)},
                "n20": {"type": "null"},
            },
        },
        1,
    ),
    "alternatives at each level": (
        {"anyOf": [{"items": {"$ref": "#"}, "type": "array"}] * 3},
        json.loads("[" * 40 + "1" + "]" * 40),
    ),
    "a pattern that is tried everywhere": ({"pattern": "a+b"}, "a" * 200_000),
    "many patterns for many names": (
        {"patternProperties": {f"^{n}x": True for n in range(200)}},
        {f"{n:0100}": 1 for n in range(5000)},
    ),
    "constants beside a large document": (
        {"items": {"enum": [[n] * 100 for n in range(50)]}},
        [[n] * 100 for n in range(3000)],
    ),
    "too deep": ({"items": {"$ref": "#"}}, json.loads("[" * 128 + "]" * 128)),
    "digits": ({"multipleOf": 3}, Decimal("1" * 200_000 + ".5")),
    "everything unevaluated": (
        {"unevaluatedItems": False, "contains": {"const": 1}},
        [1] * 50_000 + [2] * 50_000,
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_check_ends_soon_whatever_it_is_given(case: str) -> None:
    schema, document = HOSTILE[case]
    one = checker(schema)
    started = time.perf_counter()
    found = one.errors(document)
    assert time.perf_counter() - started < 4
    if case.startswith(("alternatives", "a pattern")):
        assert found  # given up is not passed
