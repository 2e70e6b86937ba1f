"""JSON that is made to break its reader breaks nothing: not the answer, not the next request."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.consumer import Consumer, problem

MILLION = 1_000_000

INVALID = {
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "a million letters": b"x" * MILLION,
    "a million zero bytes": b"\x00" * MILLION,
    "a million random-looking bytes": bytes(number * 7919 % 256 for number in range(MILLION)),
    "a text that never ends": b'"' + b"a" * MILLION,
    "nothing": b"",
    "a half surrogate": b'{"old":"\\ud800"}',
    "no number": b'{"old":NaN}',
}


@pytest.mark.parametrize("content", INVALID.values(), ids=INVALID)
def test_what_is_not_json_is_refused(lab: Consumer, content: bytes) -> None:
    fields = {"content-type": "application/json"}
    problem(lab.post("/transformed/x", content=content, headers=fields), 400, "invalid-json")
    after = lab.post("/transformed/x", json={"old": 1})
    assert after.json()["body"] == '{"new":1}'


VALID = {
    "wide arrays": json.dumps({"old": list(range(100_000))}),
    "a long text": json.dumps({"old": "ä" * 200_000}),
    "many members": json.dumps({str(number): number for number in range(50_000)}),
    "a number of many digits": '{"old":' + "1" * 5000 + "}",
    "a large exponent": '{"old":1e999999}',
    "nested as deep as people do": '{"old":' + "[" * 100 + "]" * 100 + "}",
}


def read(text: str) -> Any:
    """A document whose numbers keep every digit."""
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


@pytest.mark.parametrize("text", VALID.values(), ids=VALID)
def test_what_is_large_and_valid_passes_or_is_refused_as_a_whole(lab: Consumer, text: str) -> None:
    fields = {"content-type": "application/json"}
    response = lab.post("/transformed/x", content=text, headers=fields)
    if response.status_code == 200:
        renamed = {"new" if name == "old" else name: value for name, value in read(text).items()}
        assert read(response.json()["body"]) == renamed
    else:
        problem(response, 400, "invalid-json")
    assert lab.post("/transformed/x", json={"old": 1}).json()["body"] == '{"new":1}'


@pytest.mark.parametrize("content", [b"[" * 9000, b"x" * 60_000, b'{"title":' * 5000])
def test_a_service_is_not_broken_either(api: Consumer, content: bytes) -> None:
    fields = {"content-type": "application/json"}
    problem(api.post("/v2/roadmaps", content=content, headers=fields), 400, "invalid-json")
    assert api.post("/v2/roadmaps", json={"title": "x"}).status_code == 201


def test_an_answer_of_a_service_is_not_trusted_either(lab: Consumer) -> None:
    for body in ("[" * 5000, "x" * 5000, ""):
        response = lab.get("/transformed/x", params={"body": body, "header": "X-Own: 1"})
        problem(response, 502, "upstream-invalid")
    assert lab.get("/transformed/x", params={"body": '{"new":1}'}).json() == {"old": 1}
