"""Two versions of one API: how a request chooses, and how v1 differs from v2."""

import itertools
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.consumer import Consumer, problem, unique

DOCUMENTATION = "https://example.com/docs/migrate-from-v1"


def links(response: httpx.Response) -> dict[str, str]:
    """Targets of the Link field by their relation."""
    return {str(link["rel"]): str(link["url"]) for link in response.links.values()}


@pytest.fixture
def roadmap(api: Consumer) -> Any:
    new = {"title": unique("Roadmap"), "summary": "Why", "status": "active"}
    created = api.post("/v2/roadmaps", json=new)
    assert created.status_code == 201, created.text
    return created.json()


def test_one_record_in_both_versions(api: Consumer, roadmap: Any) -> None:
    id = roadmap["id"]
    new = api.get(f"/v2/roadmaps/{id}")
    old = api.get(f"/v1/plans/{id}")
    assert new.json() == roadmap
    unchanged = {name: roadmap[name] for name in ("id", "created_at", "updated_at", "revision")}
    assert old.json() == {
        **unchanged,
        "name": roadmap["title"],
        "description": roadmap["summary"],
        "state": roadmap["status"],
        "owner_id": roadmap["owner"]["id"],
        "steps": roadmap["milestones"],
    }
    # Another representation of the same state: another tag, from which the gateway finds the way.
    assert old.headers["etag"].startswith(new.headers["etag"][:-1] + "~gw-")


def test_v1_says_that_it_is_going_away(api: Consumer, roadmap: Any) -> None:
    old = api.get(f"/v1/plans/{roadmap['id']}")
    deprecation, sunset = old.headers["deprecation"], old.headers["sunset"]
    assert deprecation == "@1788220800"
    assert sunset == "Wed, 01 Sep 2027 00:00:00 GMT"
    assert parsedate_to_datetime(sunset).timestamp() >= int(deprecation[1:])
    assert links(old) == {
        "deprecation": DOCUMENTATION,
        "sunset": DOCUMENTATION,
        "successor-version": f"/v2/roadmaps/{roadmap['id']}",
    }
    new = api.get(f"/v2/roadmaps/{roadmap['id']}")
    assert not {"deprecation", "sunset", "link"} & set(new.headers)


def test_errors_of_v1_say_so_too(api: Consumer, anonymous: Consumer) -> None:
    for response in (api.get("/v1/plans/nothing"), anonymous.get("/v1/plans")):
        assert response.status_code in (401, 404)
        assert response.headers["deprecation"] == "@1788220800"
        assert "successor-version" in links(response)


CHOSEN = [
    # path, API-Version, version
    ("/v1/plans", None, "v1"),
    ("/v2/roadmaps", None, "v2"),
    ("/v1/plans", "1", "v1"),
    ("/v1/plans", "v1", "v1"),
    ("/plans", "1", "v1"),
    ("/plans", "v1", "v1"),
    ("/roadmaps", "2", "v2"),
    ("/roadmaps", None, "v2"),
]


@pytest.mark.parametrize(("path", "field", "version"), CHOSEN)
def test_path_or_field_chooses_the_version(
    api: Consumer, path: str, field: str | None, version: str
) -> None:
    response = api.get(path, headers={"api-version": field} if field else {})
    assert response.status_code == 200
    assert ("deprecation" in response.headers) is (version == "v1")
    assert ("plans" in response.json()) is (version == "v1")
    by_path = path.startswith("/v")
    assert ("api-version" in response.headers.get("vary", "").lower()) is not by_path


NOT_CHOSEN = [
    # path, API-Version, code
    ("/v1/plans", "2", "version-conflict"),
    ("/v2/roadmaps", "v1", "version-conflict"),
    ("/v3/roadmaps", None, "unsupported-version"),
    ("/v9999/roadmaps", None, "unsupported-version"),
    ("/roadmaps", "3", "unsupported-version"),
    ("/roadmaps", "latest", "unsupported-version"),
    ("/roadmaps", "1.0", "unsupported-version"),
]


@pytest.mark.parametrize(("path", "field", "code"), NOT_CHOSEN)
def test_a_choice_that_makes_no_sense_is_refused(
    api: Consumer, path: str, field: str | None, code: str
) -> None:
    response = api.get(path, headers={"api-version": field} if field else {})
    document = problem(response, 400, code)
    if code == "unsupported-version":
        assert document["supported"] == ["v1", "v2"]
        assert "v1 (2025-03-01), v2 (2026-06-01)" in document["detail"]


@pytest.mark.parametrize(("path", "field"), [("/roadmaps", "1"), ("/v1/roadmaps", None)])
def test_a_path_of_another_version_is_not_found(
    api: Consumer, path: str, field: str | None
) -> None:
    response = api.get(path, headers={"api-version": field} if field else {})
    problem(response, 404, "not-found")


SPOKEN = {
    # version: (prefix, fields, roadmap's path, milestone's path, words)
    "v2": ("/v2", {}, "roadmaps", "milestones", ("title", "summary", "status", "due_on")),
    "v2 by field": (
        *("", {"api-version": "2"}, "roadmaps", "milestones"),
        ("title", "summary", "status", "due_on"),
    ),
    "v1": ("/v1", {}, "plans", "steps", ("name", "description", "state", "due")),
    "v1 by field": (
        *("", {"api-version": "1"}, "plans", "steps"),
        ("name", "description", "state", "due"),
    ),
}


@pytest.mark.parametrize(
    ("prefix", "fields", "outer", "inner", "words"), SPOKEN.values(), ids=SPOKEN
)
def test_a_version_is_spoken_throughout(
    api: Consumer,
    prefix: str,
    fields: dict[str, str],
    outer: str,
    inner: str,
    words: tuple[str, str, str, str],
) -> None:
    api.headers.update(fields)
    title, summary, status, due = words

    created = api.post(f"{prefix}/{outer}", json={title: "A", summary: "B", status: "draft"})
    assert created.status_code == 201, created.text
    place = created.headers["location"]
    assert place == f"{prefix}/{outer}/{created.json()['id']}"
    assert created.json().items() >= {title: "A", summary: "B", status: "draft"}.items()

    changed = api.patch(place, json={title: "C", status: "active"})
    assert changed.json().items() >= {title: "C", summary: "B", status: "active"}.items()
    assert api.get(place).json() == changed.json()

    step = api.post(f"{place}/{inner}", json={title: "D", due: "2027-02-28"})
    assert step.status_code == 201, step.text
    assert step.headers["location"] == f"{place}/{inner}/{step.json()['id']}"
    assert step.json().items() >= {title: "D", due: "2027-02-28", "done": False}.items()
    done = api.patch(step.headers["location"], json={due: None, "done": True})
    assert done.json() == {**step.json(), due: None, "done": True}
    assert api.get(step.headers["location"]).json() == done.json()

    listed = api.get(f"{place}/{inner}").json()
    assert list(listed.values()) == [[done.json()]]
    assert api.delete(step.headers["location"]).status_code == 204
    assert api.delete(place).status_code == 204
    problem(api.get(place), 404, "not-found")


def test_a_list_with_its_steps_is_in_the_words_of_v1(api: Consumer) -> None:
    place = api.post("/v1/plans", json={"name": "A"}).headers["location"]
    step = api.post(f"{place}/steps", json={"name": "B", "due": "2027-02-28"}).json()
    listed = api.get("/v1/plans", params={"include": "milestones", "limit": 100}).json()
    assert set(listed) == {"plans", "next"}
    (plan,) = [plan for plan in listed["plans"] if place.endswith(plan["id"])]
    assert plan["steps"] == [step]
    assert set(step) == {"id", "plan_id", "name", "due", "done", "position"}


def test_pages_follow_each_other_in_v1(api: Consumer) -> None:
    made = {api.post("/v1/plans", json={"name": "A"}).json()["id"] for _ in range(3)}
    seen: set[str] = set()
    parameters: dict[str, str] = {"limit": "2"}
    for _ in itertools.count():
        page = api.get("/v1/plans", params=parameters).json()
        seen |= {plan["id"] for plan in page["plans"]}
        if page["next"] is None:
            break
        parameters["cursor"] = page["next"]
    assert made <= seen
