"""For random schemas and documents the checker agrees with the usual library, and never raises."""

import json
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from schema.checker import Checkers
from schema.compile import Refused, compile_schemas
from schema.keywords import TYPES
from schema.program import Program
from schema.texts import Reading
from transforms.documents import decode, encode

NAMES = st.sampled_from(["a", "b", "ab", "c/d", "e~f", ""])
NUMBERS = st.one_of(
    st.integers(-5, 5),
    st.integers(-(2**60), 2**60),
    st.sampled_from([0.5, 1.0, 1.5, -2.0, 2.25, 1e20]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.text("ab/~é", max_size=4), NAMES)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)
COUNT = st.integers(0, 3)
PATTERNS = st.sampled_from(["a", "^a", "b$", "^ab$", "^[ab]+$", "a|^b"])
ASSERTIONS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.one_of(
        st.sampled_from(TYPES), st.lists(st.sampled_from(TYPES), min_size=1, unique=True)
    ),
    "enum": st.lists(DOCUMENTS, min_size=1, max_size=3),
    "const": DOCUMENTS,
    "multipleOf": st.sampled_from([1, 2, 0.5, 0.25, 3]),
    **dict.fromkeys(("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum"), NUMBERS),
    **dict.fromkeys(
        ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"), COUNT
    ),
    "pattern": PATTERNS,
    "uniqueItems": st.booleans(),
    "required": st.lists(NAMES, max_size=2, unique=True),
    "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True)),
    "$ref": st.sampled_from(["#/$defs/one", "#/$defs/two"]),
}


def schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3)
    named = st.dictionaries(NAMES, inner, max_size=3)
    applicators = {
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), several),
        **dict.fromkeys(("properties", "dependentSchemas"), named),
        "patternProperties": st.dictionaries(PATTERNS, inner, max_size=2),
        **dict.fromkeys(("not", "if", "items", "additionalProperties", "propertyNames"), inner),
        **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems"), inner),
    }
    conditional = st.fixed_dictionaries({"if": inner}, optional={"then": inner, "else": inner})
    counted = st.fixed_dictionaries(
        {"contains": inner}, optional={"minContains": COUNT, "maxContains": COUNT}
    )
    plain = st.fixed_dictionaries({}, optional={**ASSERTIONS, **applicators})
    parts = st.tuples(plain, st.one_of(st.just({}), conditional, counted))
    return parts.map(lambda pair: {**pair[0], **pair[1]})


LEAVES = st.one_of(st.booleans(), st.fixed_dictionaries({}, optional=ASSERTIONS))
SCHEMAS = st.recursive(LEAVES, schemas, max_leaves=6)
WHOLE = st.tuples(SCHEMAS, SCHEMAS, SCHEMAS).map(
    lambda three: {
        **(three[0] if isinstance(three[0], dict) else {"allOf": [three[0]]}),
        "$defs": {"one": three[1], "two": three[2]},
    }
)


def compiled(schema: Any) -> Program | Refused:
    try:
        return compile_schemas({"it": schema})
    except Refused as refused:
        return refused


@settings(max_examples=300, deadline=None)
@given(WHOLE, st.lists(DOCUMENTS, min_size=1, max_size=4))
def test_it_agrees_with_the_usual_library(schema: Any, documents: list[Any]) -> None:
    program = compiled(schema)
    if isinstance(program, Refused):
        assert all("leads back to itself" in one.message for one in program.objections)
        return
    checker = Checkers(msgspec.json.decode(msgspec.json.encode(program), type=Program)).checker(
        "it"
    )
    usual = Draft202012Validator(schema)
    for document in documents:
        found = checker.errors(decode(json.dumps(document).encode()))
        assert (not found) is usual.is_valid(document), (schema, document, found)


ANYTHING = st.recursive(
    st.one_of(SCALARS, st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(NAMES, st.sampled_from([*ASSERTIONS, "items", "properties", "anyOf", "$id"])),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
@given(ANYTHING)
def test_whatever_is_given_for_a_schema_is_compiled_or_refused(schema: Any) -> None:
    program = compiled(schema)
    assert isinstance(program, Program) or program.objections


@settings(max_examples=300, deadline=None)
@given(st.sets(st.sampled_from(TYPES)), st.lists(st.text("0123456789-+.eEtruefals ", max_size=12)))
def test_texts_are_read_as_json_or_stay_what_they_are(types: set[str], texts: list[str]) -> None:
    for text in texts:
        value = Reading(frozenset(types) - {"array"}).value([text])
        if not isinstance(value, str):
            assert value == decode(text.encode())
            assert isinstance(value, bool | int | Decimal)
            assert decode(encode(value)) == value
        else:
            assert value == text
