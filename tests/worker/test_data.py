"""The data Worker in workerd and D1: its API is specified elsewhere, here it is the border."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.identified import identified
from tests.plan import DATA
from tests.worker.conftest import Caller


@pytest.fixture
def data(runtime: LocalRuntime) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=runtime.url(DATA), headers=identified("DATA"), timeout=20) as client:
        yield client


def created(response: httpx.Response) -> Any:
    assert response.status_code == 201, response.text
    return response.json()


def test_a_record_lives_from_post_to_delete(data: httpx.Client) -> None:
    response = data.post("/roadmaps", json={"title": "Größe \U0001f5fa"})
    roadmap = created(response)
    path = response.headers["location"]
    step = created(data.post(f"{path}/milestones", json={"title": "One", "due_on": "2027-02-28"}))
    changed = data.patch(path, json={"summary": "Why"}, headers={"if-match": '"2"'})
    assert changed.headers["etag"] == '"3"'

    shown = data.get(path)
    assert shown.json() == changed.json()
    assert shown.json()["milestones"] == [step]
    assert shown.json()["title"] == roadmap["title"]
    assert shown.headers["content-type"] == "application/json"
    unchanged = data.get(path, headers={"if-none-match": '"3"'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert data.head(path).headers["etag"] == '"3"'

    items = data.get("/roadmaps", params={"include": "milestones"}).json()["items"]
    assert shown.json() in items
    assert data.get("/statistics").json()["milestones"] >= 1

    gone = data.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert data.get(f"{path}/milestones/{step['id']}").status_code == 404


def test_null_reaches_the_database_and_comes_back(data: httpx.Client) -> None:
    path = data.post("/roadmaps", json={"title": "x"}).headers["location"]
    step = created(data.post(f"{path}/milestones", json={"title": "x", "due_on": "2027-01-01"}))
    response = data.patch(f"{path}/milestones/{step['id']}", json={"due_on": None, "done": True})
    assert response.json() == {**step, "due_on": None, "done": True}


def test_two_writers_on_one_revision_cannot_both_win(data: httpx.Client) -> None:
    path = data.post("/roadmaps", json={"title": "x"}).headers["location"]

    def write(number: int) -> int:
        patch = {"title": f"by {number}"}
        return data.patch(path, json=patch, headers={"if-match": '"1"'}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(write, range(8)))
    assert statuses == [200] + [412] * 7
    assert data.get(path).json()["revision"] == 2


def test_concurrent_requests_each_get_their_own_answer(data: httpx.Client) -> None:
    def write_and_read(number: int) -> bool:
        path = data.post("/roadmaps", json={"title": f"Roadmap {number}"}).headers["location"]
        return bool(data.get(path).json()["title"] == f"Roadmap {number}")

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(write_and_read, range(48)))


ERRORS: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "no such path": ("GET", "/nothing", {}, 404, "not-found"),
    "a wrong method": ("PUT", "/roadmaps", {}, 405, "method-not-allowed"),
    "broken JSON": (
        *("POST", "/roadmaps"),
        {"content": b'{"title":', "headers": {"content-type": "application/json"}},
        *(400, "invalid-json"),
    ),
    "a body that is too large": (
        *("POST", "/roadmaps"),
        {"json": {"title": "x", "summary": "x" * 70_000}},
        *(413, "content-too-large"),
    ),
    "a body of unknown length that is too large": (
        *("POST", "/roadmaps"),
        {
            "content": iter([b'"' + b"x" * 40_000, b"x" * 40_000 + b'"']),
            "headers": {"content-type": "application/json"},
        },
        *(413, "content-too-large"),
    ),
}


@pytest.mark.parametrize(
    ("method", "path", "request_", "status", "code"), ERRORS.values(), ids=ERRORS
)
def test_errors_are_problem_documents(
    data: httpx.Client, method: str, path: str, request_: dict[str, Any], status: int, code: str
) -> None:
    fields = {**request_.get("headers", {}), "x-request-id": "r-1"}
    response = data.request(method, path, **{**request_, "headers": fields})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["code"], problem["request_id"]) == (code, "r-1")


def test_a_body_of_unknown_length_is_read_whole(data: httpx.Client) -> None:
    parts = iter([b'{"title":', b'"in ', b'parts"}'])
    response = data.post("/roadmaps", content=parts, headers={"content-type": "application/json"})
    assert created(response)["title"] == "in parts"


def test_it_says_how_it_is(caller: Caller) -> None:
    assert caller.ping("DATA") == "ok"
