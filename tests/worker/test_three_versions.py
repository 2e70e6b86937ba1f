"""v1, v2 and v3 of one record, from one service through two changes, by each way to name a version.

The table is docs/examples/three-versions.yaml, the service the real data Worker.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, bearer, mint, problem, unique
from tests.plan import VERSIONED


class Ask(NamedTuple):
    """A way to name the version: what it does to the path, the parameters and the fields."""

    prefix: str = ""
    parameters: dict[str, str] = {}  # noqa: RUF012  (never changed)
    fields: dict[str, str] = {}  # noqa: RUF012


RELEASED = {"v1": "2025-03-03", "v2": "2025-12-24", "v3": "2026-11-11"}
SELECTORS: dict[str, Callable[[str], Ask]] = {
    "path": lambda version: Ask(prefix=f"/{version}"),
    "header": lambda version: Ask(fields={"api-version": version[1:]}),
    "media type": lambda version: Ask(
        fields={"accept": f"application/vnd.acme+json; version={version[1:]}"}
    ),
    "query": lambda version: Ask(parameters={"api-version": version}),
    "date": lambda version: Ask(fields={"api-version": RELEASED[version]}),
}
COLLECTION = {"v1": "/plans", "v2": "/projects", "v3": "/roadmaps"}

SHOWN: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "v3": lambda record: record,
    "v2": lambda record: {
        **_without(record, "owner", "status"),
        "owner_id": record["owner"]["id"],
        "state": "running",
    },
    "v1": lambda record: {
        **_without(record, "owner", "status", "title"),
        "owner_id": record["owner"]["id"],
        "state": "running",
        "name": record["title"],
        "summary": {"text": record["summary"]},
    },
}
NEW: dict[str, dict[str, Any]] = {
    "v3": {"title": "A", "summary": "Why", "status": "active"},
    "v2": {"title": "A", "summary": "Why", "state": "running"},
    "v1": {"name": "A", "summary": {"text": "Why"}, "state": "running"},
}


def _without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


@pytest.fixture
def api(runtime: LocalRuntime) -> Iterator[Consumer]:
    with Consumer(runtime.url(VERSIONED), bearer(mint(unique("versions")))) as consumer:
        yield consumer


def ask(api: Consumer, method: str, way: Ask, path: str, **options: Any) -> httpx.Response:
    return api.request(
        method, way.prefix + path, params=way.parameters, headers=way.fields, **options
    )


@pytest.mark.parametrize("selector", SELECTORS)
@pytest.mark.parametrize("version", COLLECTION)
def test_a_record_is_made_and_read_in_the_words_of_its_version(
    api: Consumer, version: str, selector: str
) -> None:
    way, collection = SELECTORS[selector](version), COLLECTION[version]
    created = ask(api, "POST", way, collection, json=NEW[version])
    assert created.status_code == 201, created.text
    place = created.headers["location"]
    assert place == f"{way.prefix}{collection}/{created.json()['id']}"

    record = api.get(f"/v3/roadmaps/{created.json()['id']}").json()
    assert (record["title"], record["summary"], record["status"]) == ("A", "Why", "active")
    expected = SHOWN[version](record)
    assert created.json() == expected
    read = ask(api, "GET", way, f"{collection}/{record['id']}")
    assert read.json() == expected
    assert read.headers.get("vary") == (None if way.prefix else "api-version, accept")
    listed = ask(api, "GET", way, collection).json()["plans" if version == "v1" else "items"]
    assert _without(expected, "milestones") in listed

    changed = ask(api, "PATCH", way, f"{collection}/{record['id']}", json={"state": "closed"}
                  if version != "v3" else {"status": "archived"})  # fmt: skip
    assert changed.status_code == 200, changed.text
    assert api.get(f"/v3/roadmaps/{record['id']}").json()["status"] == "archived"


@pytest.mark.parametrize("selector", SELECTORS)
def test_an_old_version_says_so_and_leads_to_the_next(api: Consumer, selector: str) -> None:
    made = ask(api, "POST", SELECTORS[selector]("v1"), "/plans", json=NEW["v1"])
    assert made.headers["deprecation"] == "@1768435200"
    assert made.headers["sunset"] == "Tue, 01 Jun 2027 00:00:00 GMT"
    assert made.headers["link"] == '</v2/projects>; rel="successor-version"'
    for version in ("v2", "v3"):
        later = ask(api, "GET", SELECTORS[selector](version), COLLECTION[version])
        assert "deprecation" not in later.headers


@pytest.mark.parametrize("version", COLLECTION)
def test_an_error_of_the_service_is_carried_down(api: Consumer, version: str) -> None:
    missing = api.get(f"/{version}{COLLECTION[version]}/rm_nothing")
    document = problem(missing, 404, "not-found")
    assert ("message" in document) == (version == "v1")
    if version == "v1":
        assert document["message"] == document["detail"]


CONFLICTS = [
    ("/v1/plans", {"api-version": "2"}, {}),
    ("/v3/roadmaps", {"api-version": "2025-09-01"}, {}),
    ("/v2/projects", {"accept": "application/vnd.acme+json; version=1"}, {}),
    ("/v2/projects", {}, {"api-version": "3"}),
    ("/plans", {"api-version": "1"}, {"api-version": "2"}),
]


@pytest.mark.parametrize(("path", "fields", "parameters"), CONFLICTS)
def test_ways_that_disagree_are_refused(
    api: Consumer, path: str, fields: dict[str, str], parameters: dict[str, str]
) -> None:
    problem(api.get(path, headers=fields, params=parameters), 400, "version-conflict")


@pytest.mark.parametrize("date", ["2025-01-14", "2026-13-01", "yesterday"])
def test_a_date_before_every_version_is_refused(api: Consumer, date: str) -> None:
    refused = problem(
        api.get("/roadmaps", headers={"api-version": date}), 400, "unsupported-version"
    )
    assert refused["supported"] == ["v1", "v2", "v3"]


@pytest.mark.parametrize("version", COLLECTION)
def test_options_are_answered_from_the_table(api: Consumer, version: str) -> None:
    answer = api.options(f"/{version}{COLLECTION[version]}")
    assert answer.status_code == 204
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
