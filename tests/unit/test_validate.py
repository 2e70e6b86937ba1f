"""The walker finds everything that msgspec would, all of it at once, in the author's words."""

import copy
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta

from cli.validate import MAX_VIOLATIONS, Violation, violations
from routing.table import Condition, Method, RouteSettings, Table
from routing.units import Duration, Lifetime
from tests.unit.tables import document, route
from transforms.operations import BodyOperation


class Point(msgspec.Struct, forbid_unknown_fields=True):
    x: int
    y: int = 0


class Loose(msgspec.Struct):
    x: int


class Renamed(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind", tag="renamed"):
    source: str = msgspec.field(name="from")


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    whole: Annotated[int, Meta(ge=1, le=9)] = 1
    part: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    least: Annotated[int, Meta(ge=1)] = 1
    even: Annotated[int, Meta(multiple_of=2)] = 2
    text: Annotated[str, Meta(min_length=1, max_length=3)] = "a"


Names = dict[Annotated[str, Meta(pattern="^[a-z]+$", description="A lower-case name.")], int]
Short = Annotated[list[int], Meta(min_length=1, max_length=2)]

METHODS = "one of `DELETE`, `GET`, `PATCH`, `POST`, `PUT`"
OPERATIONS = (
    "one of `add`, `set`, `replace`, `default`, `append`, `remove`, `rename`, `move`, `copy`, "
    "`each`, `wrap`, `unwrap`, `cast`, `translate`"
)
LIFETIME = "a duration such as 30s or 1h30m, `heuristic` or `stated`"
DATE = "a date and time such as 2026-06-01T00:00:00Z"

CASES: list[tuple[Any, Any, list[str]]] = [
    # value, type, messages
    (1, int, []),
    (True, int, ["expected a whole number, found `true`"]),
    (1.0, int, ["expected a whole number, found the number 1.0; did you mean `1`?"]),
    (1, float, []),
    ("1", float, ["expected a number, found the text `1`; did you mean `1`?"]),
    ("9" * 20, bool, [f"expected true or false, found the text `{'9' * 20}`"]),
    (1, bool, ["expected true or false, found the number 1"]),
    (None, str, ["expected a text, found nothing"]),
    ("", str, []),
    (7, str, ["expected a text, found the number 7; did you mean `\"7\"`?"]),
    ("x" * 99, int, [f"expected a whole number, found `{'x' * 57}...`"]),
    ("a\nb", int, ["expected a whole number, found `a\\nb`"]),
    (0, None, ["expected null, found the number 0"]),
    ("1 m", Duration, ["expected a duration such as 250ms, 30s or 1h30m, found `1 m`"]),
    ("stated", Lifetime, []),
    ("30s", Lifetime, []),
    ("auto", Lifetime, [f"expected {LIFETIME}, found `auto`"]),
    ("30sheuristic", Lifetime, [f"expected {LIFETIME}, found `30sheuristic`"]),
    ("Heuristic", Lifetime, [f"expected {LIFETIME}, found `Heuristic`; did you mean `heuristic`?"]),
    ("post", Method, [f"expected {METHODS}, found `post`; did you mean `POST`?"]),
    ("1", Literal[1, 2], ["expected one of `1`, `2`, found the text `1`; did you mean `1`?"]),
    (True, Literal[1, 2], ["expected one of `1`, `2`, found `true`"]),
    ("2026-06-01T00:00:00Z", datetime, []),
    ("June", datetime, [f"expected {DATE}, found `June`"]),
    (0, datetime, [f"expected {DATE}, found the number 0"]),
    ("2026-06-01", date, []),
    ("2026-6-1", date, ["expected a date such as 2026-06-01, found `2026-6-1`"]),
    ("2026-06-01T10:00:00Z", date, [("expected a date such as 2026-06-01, found "
                                    "`2026-06-01T10:00:00Z`; did you mean `2026-06-01`?")]),
    ("abcd", Annotated[str, Meta(max_length=3)],
     ["expected a text, found `abcd`, which has 4 characters, and may have 3"]),
    ("x", Condition, []),
    ({"exact": "x", "present": 1}, Condition, ["expected true or false, found the number 1"]),
    ({"any": [None]}, Any, []),
    (None, int | None, []),
    ("x", int | None, ["expected a whole number, found `x`"]),
    ([], int | None, ["expected a whole number, found an empty list"]),
    ([1], int | Point,
     ["expected a whole number or a mapping with `x`, found a list; did you mean `1`?"]),
    ({"x": "a"}, int | Point, ["expected a whole number, found `a`"]),
    ([1, "a", True], list[int], ["expected a whole number, found `a`",
                                 "expected a whole number, found `true`"]),
    ({}, tuple[int, ...], ["expected a list, found an empty mapping"]),
    ([], Short, ["expected at least one entry, found an empty list"]),
    ([1, 2, 3], Short, ["expected at most 2 entries, found 3"]),
    ({"a": 1, "B": 2}, Names, ["expected a lower-case name, found `B`; did you mean `b`?"]),
    ([], Names, ["expected a mapping of names, found an empty list"]),
    ({"x": 1}, Point, []),
    ({"x": 1, "z": 2}, Loose, []),
    (None, Point, ["expected a mapping with `x`, found nothing"]),
    ({}, Point, ["`x` is missing (expected a whole number)"]),
    ({"X": 1}, Point, ["`x` is missing (expected a whole number)",
                       "there is no member `X` here; did you mean `x`?"]),
    ({"x": 1, "other": 2}, Point, ["there is no member `other` here (known: x, y)"]),
    ({"from": "a"}, Renamed, []),
    ({"kind": "other", "from": "a"}, Renamed, ["expected `renamed`, found `other`"]),
    ({"source": "a"}, Renamed, ["`from` is missing (expected a text)",
                                "there is no member `source` here (known: from)"]),
    ({"whole": 0, "part": 1, "least": 0, "even": 3, "text": ""}, Limits,
     ["expected a whole number from 1 to 9, found the number 0",
      "expected a number above 0 and below 1, found the number 1",
      "expected a whole number of at least 1, found the number 0",
      "expected a whole number divisible by 2, found the number 3",
      "expected a text that is not empty, found an empty text"]),
    ({"op": "remove", "path": "/a"}, BodyOperation, []),
    ({"path": "/a"}, BodyOperation, [f"`op` is missing (expected {OPERATIONS})"]),
    ({"op": "remov"}, BodyOperation,
     [f"expected {OPERATIONS}, found `remov`; did you mean `remove`?"]),
    ({"op": 1}, BodyOperation, [f"expected {OPERATIONS}, found the number 1"]),
    ({"op": "each", "path": "/a", "do": [{"op": "remove", "path": "a"}]}, BodyOperation,
     ["expected a JSON Pointer (RFC 6901) such as /owner/name, found `a`; did you mean `/a`?"]),
    ({"op": "wrap", "path": "/a"}, BodyOperation,
     ["`key` is missing (expected a text that is not empty)"]),
    (["x"], BodyOperation, ["expected a mapping with `op`, found a list"]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "kind", "messages"), CASES)
def test_what_does_not_fit_is_said_in_the_authors_words(
    value: Any, kind: Any, messages: list[str]
) -> None:
    assert [violation.message for violation in violations(value, kind)] == messages
    assert accepted(value, kind) is (messages == [])


def accepted(value: Any, kind: Any) -> bool:
    """Whether msgspec takes the value."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def test_every_violation_has_its_path_and_none_hides_another() -> None:
    wrong = document(
        route(methods=["GET", "GTE"], access={"scopes": []}, aggregate={"part": {}}), rate_limits=[]
    )
    wrong["services"]["Data"] = {"timeout": "0s"}
    assert [(violation.path, violation.key) for violation in violations(wrong, Table)] == [
        (("services", "Data"), True),
        (("services", "Data", "timeout"), False),
        (("rate_limits",), False),
        (("routes", 0, "methods", 1), False),
        (("routes", 0, "access", "scopes"), False),
        (("routes", 0, "aggregate"), False),
        (("routes", 0, "aggregate", "part"), True),
    ]


def test_a_type_that_no_table_uses_is_refused_by_the_walker() -> None:
    with pytest.raises(TypeError):
        violations(1, bytes)
    with pytest.raises(TypeError):
        violations([], bytes)


def test_a_flood_of_violations_is_cut_off() -> None:
    assert len(violations(["x"] * 10_000, list[int])) == MAX_VIOLATIONS


def test_a_violation_concerns_the_value_where_nothing_else_is_said() -> None:
    assert Violation(("a",), "x") == (("a",), "x", False)


# Below: mutated tables. The walker finds something exactly when msgspec refuses.

RIGHT = document(
    route(),
    route(
        name="old",
        versions=["v1"],
        access={"scopes": ["a:b"]},
        upstream_path="/x/{id}",
        rate_limit="few",
        transform="old",
        cache={"ttl": "30s"},
        max_body="unlimited",
    ),
    services={
        "data": {"binding": "DATA", "circuit_breaker": {"probes": 2, "wait_open": "1s"}},
        "far": {"url": "https://example.com"},
    },
    transforms={
        "old": {
            "response": {
                "json": [
                    {"op": "move", "from": "/a", "to": "/b"},
                    {"op": "set", "path": "/a", "value": {"b": [None, 1.5]}},
                    {"op": "translate", "path": "/a", "values": {"x": 1}},
                    {"op": "each", "path": "/a", "do": [{"op": "remove", "path": "/b"}]},
                ]
            }
        }
    },
)
WORDS = ["v1", "v9", "GET", "/a/{b}", "30s", "0s", "1MiB", "unlimited", "public", "rename", "DATA",
         "2026-01-01T00:00:00Z", "https://example.com", "A", "", "/a~2", "few\n"]  # fmt: skip
KEYS = ["op", "path", "from", "to", "source", "ttl", "name", "json", "UPPER", "x", "v3", "timeout"]

replacements = st.recursive(
    st.sampled_from([None, True, 0, 1, -1, 2**40, 0.5, 100.0, 101, *WORDS]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)
    ),
    max_leaves=4,
)


def mutate(value: Any, data: st.DataObject) -> Any:
    """Replace, remove or add something at a place that hypothesis chooses."""
    if not isinstance(value, (dict, list)) or not value or data.draw(st.integers(0, 9)) == 0:
        return data.draw(replacements)
    steps: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    step = data.draw(st.sampled_from(steps))
    match data.draw(st.sampled_from(["inside", "inside", "inside", "remove", "add"])):
        case "inside":
            value[step] = mutate(value[step], data)
        case "remove":
            del value[step]
        case _ if isinstance(value, dict):
            value[data.draw(st.sampled_from(KEYS))] = data.draw(replacements)
        case _:
            value.append(data.draw(replacements))
    return value


@settings(max_examples=300)
@given(st.data())
def test_the_walker_accepts_exactly_what_msgspec_accepts(data: st.DataObject) -> None:
    value = copy.deepcopy(RIGHT)
    for _ in range(data.draw(st.integers(1, 3))):
        value = mutate(value, data)
    assert (violations(value, Table) == []) is accepted(value, Table)


@given(replacements)
def test_the_same_for_values_from_nowhere(value: Any) -> None:
    for kind in (Table, RouteSettings, BodyOperation, tuple[BodyOperation, ...], Limits, Names):
        assert (violations(value, kind) == []) is accepted(value, kind)
