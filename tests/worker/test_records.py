"""Records through the gateway: what is written is read, and conditions hold."""

from collections.abc import Iterator
from typing import Any

import pytest

from contract.problems import registry
from tests.consumer import Consumer, problem, unique


def test_what_is_posted_is_read(api: Consumer) -> None:
    new = {"title": "Größe 🗺", "summary": "<b>&amp;\u2028", "status": "active"}
    created = api.post("/v2/roadmaps", json=new)
    assert created.status_code == 201
    shown = api.get(created.headers["location"])
    assert shown.json() == created.json()
    assert shown.json().items() >= new.items()
    assert shown.headers["etag"] == created.headers["etag"]


def test_the_owner_is_whoever_the_token_says(api: Consumer) -> None:
    forged = {"gateway-identity": '{"subject":"root","kind":"token"}'}
    created = api.post("/v2/roadmaps", json={"title": "x"}, headers=forged)
    assert created.json()["owner"]["id"].startswith("subject-")


def test_a_change_meets_the_revision_that_it_was_made_for(api: Consumer) -> None:
    created = api.post("/v2/roadmaps", json={"title": "x"})
    place, tag = created.headers["location"], created.headers["etag"]
    changed = api.patch(place, json={"title": "y"}, headers={"if-match": tag})
    assert (changed.status_code, changed.json()["title"]) == (200, "y")
    late = api.patch(place, json={"title": "z"}, headers={"if-match": tag})
    problem(late, 412, "precondition-failed")
    problem(api.delete(place, headers={"if-match": tag}), 412, "precondition-failed")
    current = {"if-match": changed.headers["etag"]}
    assert api.delete(place, headers=current).status_code == 204


@pytest.mark.parametrize("place", ["/v2/roadmaps", "/v1/plans"])
def test_what_has_not_changed_is_not_sent_again(api: Consumer, place: str) -> None:
    word = "title" if "v2" in place else "name"
    created = api.post(place, json={word: unique("x")})
    place = created.headers["location"]
    again = api.get(place, headers={"if-none-match": created.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == created.headers["etag"]
    head = api.head(place)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == created.headers["etag"]


CHUNKED = "a body of unknown length"


def in_chunks(size: int) -> Iterator[bytes]:
    yield b'{"title":"'
    for _ in range(size // 4096):
        yield b"x" * 4096
    yield b'"}'


REFUSED: dict[str, tuple[str, dict[str, Any], int, str]] = {
    # path, how it is sent, status, code
    "a member is missing": ("/v2/roadmaps", {"json": {}}, 422, "invalid-content"),
    "a member is unknown": (
        *("/v2/roadmaps", {"json": {"title": "x", "colour": "red"}}, 422, "invalid-content"),
    ),
    "a member is of another kind": ("/v2/roadmaps", {"json": {"title": 1}}, 422, "invalid-content"),
    "in v1 a member is missing": ("/v1/plans", {"json": {}}, 422, "invalid-content"),
    "broken JSON for the service": ("/v2/roadmaps", {"content": '{"title":'}, 400, "invalid-json"),
    "broken JSON for the transform": ("/v1/plans", {"content": '{"name":'}, 400, "invalid-json"),
    "two documents": ("/v1/plans", {"content": "{} {}"}, 400, "invalid-json"),
    "no UTF-8": ("/v1/plans", {"content": b'{"name":"\xff"}'}, 400, "invalid-json"),
    "another media type": (
        *("/v2/roadmaps", {"data": {"title": "x"}}, 415, "unsupported-media-type"),
    ),
    "a body over the limit": (
        *("/v2/roadmaps", {"json": {"title": "x" * 70_000}}, 413, "content-too-large"),
    ),
    "in v1 a body over the limit": (
        *("/v1/plans", {"json": {"name": "x" * 70_000}}, 413, "content-too-large"),
    ),
    "a body over the limit, of unknown length": (
        *("/v2/roadmaps", {"content": CHUNKED}, 413, "content-too-large"),
    ),
    "in v1 a body over the limit, of unknown length": (
        *("/v1/plans", {"content": CHUNKED}, 413, "content-too-large"),
    ),
}


@pytest.mark.parametrize(("path", "sent", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_taken_is_a_problem(
    api: Consumer, path: str, sent: dict[str, Any], status: int, code: str
) -> None:
    if "content" in sent:
        content = in_chunks(70_000) if sent["content"] is CHUNKED else sent["content"]
        sent = {"content": content, "headers": {"content-type": "application/json"}}
    document = problem(api.post(path, **sent), status, code)
    if code == "content-too-large":
        assert document["limit"] == 65536
    assert api.get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v2/roadmaps", "GET, HEAD, OPTIONS, POST"),
        ("DELETE", "/v2/roadmaps", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/v2/roadmaps/x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("GET", "/oauth/token", "OPTIONS, POST"),
        ("HEAD", "/oauth/token", "OPTIONS, POST"),
        ("POST", "/v2/statistics", "GET, HEAD, OPTIONS"),
        ("PUT", "/v1/plans", "GET, HEAD, OPTIONS, POST"),
    ],
)
def test_a_method_that_a_path_does_not_have(
    api: Consumer, method: str, path: str, allowed: str
) -> None:
    response = api.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    if method != "HEAD":
        problem(response, 405, "method-not-allowed")


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/v2", "/v2/", "/v2/roadmaps/", "/v2/roadmaps/x/y/z/w", "/v2/plans"]
)
def test_a_path_that_there_is_not(api: Consumer, path: str) -> None:
    problem(api.get(path), 404, "not-found")


@pytest.mark.parametrize("code", registry())
def test_a_problem_explains_itself_at_its_type(anonymous: Consumer, code: str) -> None:
    entry = registry()[code]
    explained = anonymous.get(entry.uri)
    assert explained.status_code == 200
    assert explained.json()["explanation"] == entry.explanation
    assert explained.json()["status"] == entry.status
