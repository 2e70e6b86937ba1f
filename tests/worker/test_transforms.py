"""Transforms over HTTP: what they do to requests and answers that are real."""

import json
import re
from typing import Any

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, bearer, mint, problem, unique
from tests.eventually import eventually
from tests.plan import ORIGIN


@pytest.fixture
def subject() -> str:
    return unique("ada")


@pytest.fixture
def caller(subject: str) -> dict[str, str]:
    return bearer(mint(subject))


def test_path_query_and_fields_of_a_request(
    lab: Consumer, caller: dict[str, str], subject: str
) -> None:
    fields = {**caller, "x-search": "a b", "x-listed": "one", "cookie": "secret=1"}
    response = lab.get("/reshaped/x%20y?page=2&%61=+", headers=fields)
    told = response.json()
    assert told["path"] == f"/for/{subject}/x%20y-2"
    assert told["query"] == "p=2&%61=+&q=a%20b%26more"
    assert told["headers"]["x-caller"] == subject
    assert told["headers"]["x-copy"] == "a b"
    assert told["headers"]["x-listed"] == "one, two"
    assert not {"x-search", "cookie", "authorization"} & set(told["headers"])
    assert response.headers["x-page"] == "2"
    assert response.headers["vary"] == "authorization, x-search"


def test_other_scripts_in_a_field_do_no_harm(lab: Consumer, caller: dict[str, str]) -> None:
    fields = {name.encode(): value.encode() for name, value in caller.items()}
    fields[b"x-search"] = "é".encode()
    told = lab.get("/reshaped/x?page=2", headers=fields).json()
    assert told["headers"]["x-copy"] in {"%C3%A9", "%C3%83%C2%A9"}


@pytest.mark.parametrize("page", ["", "%2e%2e%2fx", "a%5cb", "%00", "%ff"])
def test_a_value_that_cannot_be_in_the_path(
    lab: Consumer, caller: dict[str, str], page: str
) -> None:
    refused = lab.get(f"/reshaped/x?page={page}", headers=caller)
    problem(refused, 400, "malformed-request")


def test_status_codes_and_errors(lab: Consumer, caller: dict[str, str]) -> None:
    created = lab.get("/reshaped/x?page=2&status=201", headers=caller)
    assert created.status_code == 200
    query = {"page": "2", "status": "422", "body": "{}", "header": "Content-Type: application/json"}
    refused = httpx.get(f"{lab.base_url}/reshaped/x", params=query, headers=caller)
    assert (refused.status_code, refused.json()) == (400, {"page": "2"})


def test_what_depends_on_a_field_is_kept_for_each_value_by_itself(lab: Consumer) -> None:
    path = f"/varying/{unique('x')}?header=Cache-Control:%20max-age=60"

    def ask(tenant: str) -> str:
        response = lab.get(path, headers={"x-tenant": tenant})
        assert response.headers["x-tenant"] == tenant
        assert response.headers["vary"] == "x-tenant"
        return response.headers["cache-status"]

    for tenant in ("one", "two"):
        assert "hit" not in ask(tenant)
    for tenant in ("one", "two"):
        eventually(lambda tenant=tenant: "; hit" in ask(tenant))  # type: ignore[misc]


def test_an_answer_that_stops_half_way_is_given_up(runtime: LocalRuntime, lab: Consumer) -> None:
    """What reads it waits for each piece as long as for the header fields."""
    gate = unique("gate")
    query = {"body": '{"a": 1}', "header": "Content-Type: application/json", "gate": gate}
    try:
        problem(lab.get("/edited-hasty/x", params=query), 504, "upstream-timeout")
    finally:
        httpx.post(f"{runtime.url(ORIGIN)}/-/open", params={"gate": gate}).raise_for_status()


def test_a_plug_in(lab: Consumer) -> None:
    query = {"body": json.dumps({"net": 19.99}), "header": "Content-Type: application/json"}
    assert lab.get("/priced/x", params=query).json() == {"net": 19.99, "gross": 23.79}


def test_a_change_on_condition_of_what_was_read_in_another_version(api: Consumer) -> None:
    created: Any = api.post("/v1/plans", json={"name": unique("Plan"), "state": "active"})
    place = f"/v1/plans/{created.json()['id']}"
    read = api.get(place)
    assert re.fullmatch(r'"1~gw-v1-[0-9a-f]{8}"', read.headers["etag"])
    known = {"if-none-match": read.headers["etag"]}
    unchanged = api.get(place, headers=known)
    assert (unchanged.status_code, unchanged.headers["etag"]) == (304, read.headers["etag"])
    # The tag of the same record in the other version is no tag of this one.
    assert api.get(place, headers={"if-none-match": '"1"'}).status_code == 200
    assert api.get(place.replace("v1/plans", "v2/roadmaps"), headers=known).status_code == 200
    condition = {"if-match": read.headers["etag"]}
    foreign = api.patch(place.replace("v1/plans", "v2/roadmaps"), json={}, headers=condition)
    problem(foreign, 412, "precondition-failed")
    assert api.patch(place, json={"name": "x"}, headers=condition).status_code == 200
    late = api.patch(place, json={"name": "y"}, headers=condition)
    problem(late, 412, "precondition-failed")
