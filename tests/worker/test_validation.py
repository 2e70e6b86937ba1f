"""Validation over HTTP: all errors of a request at once, and answers reported or refused."""

import json
from typing import Any

import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, problem

DAY = {"x-day": "2026-06-01"}


def told(document: Any) -> set[tuple[str, str]]:
    """Where each error is."""
    return {(error["in"], error["pointer"]) for error in document["errors"]}


def test_what_fits_arrives_as_it_was_sent(lab: Consumer) -> None:
    text = '{"item":"lamp","count":4.0,"price":1.10,"parts":[{"item":"bulb","tags":["a"]}]}'
    fields = {**DAY, "content-type": "application/json; charset=utf-8"}
    response = lab.post("/validated/7?limit=3&tag=a&tag=b", content=text, headers=fields)
    assert response.status_code == 200, response.text
    assert response.json()["body"] == text


def test_a_body_gets_all_its_errors(lab: Consumer) -> None:
    body = {
        "item": "a" * 21,
        "count": 3,
        "price": 1.005,
        "tags": ["a", "b", "a"],
        "parts": [{}, {"item": 1, "colour": "red"}],
        "a/b~c ü": 1,
    }
    document = problem(lab.post("/validated/7", json=body, headers=DAY), 422, "invalid-content")
    pointers = {pointer for _, pointer in told(document)}
    assert pointers == {
        *("#/item", "#/count", "#/price", "#/tags"),
        *("#/parts/0", "#/parts/1/item", "#/parts/1/colour", "#/a~1b~0c%20%C3%BC"),
    }
    assert {place for place, _ in told(document)} == {"body"}
    by_pointer = {error["pointer"]: error for error in document["errors"]}
    assert by_pointer["#/item"] == {
        "in": "body",
        "pointer": "#/item",
        "detail": "expected at most 20 characters, found 21",
        "schema": "order#/properties/item/maxLength",
    }
    assert document["detail"] == "The body does not fit: 8 errors."


def test_parameters_get_all_their_errors_before_the_body_is_read(lab: Consumer) -> None:
    target = "/validated/x?limit=0&limit=1&tag=1&tag=2&tag=3&page=4"
    response = lab.post(target, content=b"{", headers={"x-day": "2026-02-30"})
    document = problem(response, 400, "malformed-request")
    assert told(document) == {
        ("path", "#/id"),
        *(("query", f"#/{name}") for name in ("limit", "tag", "page")),
        ("header", "#/x-day"),
    }
    missing = problem(lab.get("/validated/7"), 400, "malformed-request")
    assert told(missing) == {("header", "#/x-day")}


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "another media type": (
        {"content": "item=lamp", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        *(415, "unsupported-media-type"),
    ),
    "no media type": ({"content": "{}"}, 415, "unsupported-media-type"),
    "an encoding": (
        {
            "content": "{}",
            "headers": {"content-type": "application/json", "content-encoding": "gzip"},
        },
        *(415, "unsupported-media-type"),
    ),
    "no body": ({}, 422, "invalid-content"),
    "no JSON": (
        {"content": '{"item":', "headers": {"content-type": "application/json"}},
        *(400, "invalid-json"),
    ),
    "too deep": (
        {"content": "[" * 200 + "]" * 200, "headers": {"content-type": "application/json"}},
        *(400, "invalid-json"),
    ),
    "too large": (
        {"content": b" " * 65_537, "headers": {"content-type": "application/json"}},
        *(413, "content-too-large"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_document_is_refused(lab: Consumer, case: str) -> None:
    sent, status, code = REFUSED[case]
    fields = {**DAY, **sent.get("headers", {})}
    document = problem(lab.post("/validated/7", **{**sent, "headers": fields}), status, code)
    assert document["detail"]


def test_get_needs_no_body(lab: Consumer) -> None:
    assert lab.get("/validated/7", headers=DAY).status_code == 200


def test_a_body_that_goes_too_deep_to_be_checked_is_refused(lab: Consumer) -> None:
    body: Any = {"item": "x"}
    for _ in range(63):
        body = {"item": "x", "parts": [body]}
    document = problem(lab.post("/validated/7", json=body, headers=DAY), 422, "invalid-content")
    assert "nested too deeply" in document["errors"][-1]["detail"]


JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('{"ok":true}', None),
        ('{"ok":1,"secret":"x"}', ["#/ok answer#/properties/ok/const"]),
        ("[]", ["# answer#/type"]),
        ("{", ["# not JSON"]),
    ],
)
def test_answers_are_reported_or_refused(
    lab: Consumer, runtime: LocalRuntime, body: str, found: list[str] | None
) -> None:
    for action in ("reported", "refused"):
        start = len(runtime.log_lines())
        response = lab.get(f"/answers/{action}", params={"body": body, "header": JSON})
        if found and action == "refused":
            assert body not in problem(response, 502, "upstream-invalid")["detail"]
        else:
            assert (response.status_code, response.text) == (200, body)
        line = json.loads(runtime.wait_for_log(response.headers["x-request-id"], start=start))
        assert line.get("response_invalid") == found


@pytest.mark.parametrize("query", [{"status": "404"}, {"header": "Content-Type: text/plain"}])
def test_errors_and_other_answers_are_not_checked(lab: Consumer, query: dict[str, str]) -> None:
    response = lab.get("/answers/refused", params={"body": "[]", **query})
    assert response.text == "[]"


def test_an_answer_that_is_too_large_to_be_checked(lab: Consumer) -> None:
    text = json.dumps({"ok": True, "more": "x" * 1024})
    response = lab.get("/answers/refused", params={"body": text, "header": JSON})
    problem(response, 502, "upstream-invalid")


def test_each_version_is_told_in_its_own_words(api: Consumer) -> None:
    newer = problem(api.post("/v2/roadmaps", json={"name": "x"}), 422, "invalid-content")
    assert told(newer) == {("body", "#"), ("body", "#/name")}
    older = problem(api.post("/v1/plans", json={"title": "x"}), 422, "invalid-content")
    assert told(older) == {("body", "#"), ("body", "#/title")}
    assert "`name`" in older["errors"][0]["detail"]


def test_a_change_that_says_nothing_is_checked_as_the_newer_version(api: Consumer) -> None:
    for path in ("/v2/roadmaps", "/v1/plans"):
        document = problem(api.get(f"{path}?limit=0"), 400, "malformed-request")
        assert told(document) == {("query", "#/limit")}
