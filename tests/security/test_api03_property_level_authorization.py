"""OWASP API3:2023 Broken Object Property Level Authorization: nobody sets what is not theirs."""

import pytest

from tests.consumer import Consumer, problem, unique

NOT_THEIRS = [
    {"owner": {"id": "victim"}},
    {"id": "rm_chosen"},
    {"revision": 99},
    {"__proto__": {"admin": True}},
    {"scopes": ["keys:admin"]},
]


@pytest.mark.parametrize("members", NOT_THEIRS)
def test_members_that_clients_do_not_set_are_refused(api: Consumer, members: object) -> None:
    assert isinstance(members, dict)
    response = api.post("/v2/roadmaps", json={"title": unique("x"), **members})
    problem(response, 422, "invalid-content")


def test_an_owner_stays_who_it_is(api: Consumer) -> None:
    made = api.post("/v2/roadmaps", json={"title": unique("x")})
    response = api.patch(made.headers["location"], json={"owner": {"id": "victim"}})
    problem(response, 422, "invalid-content")
    assert api.get(made.headers["location"]).json()["owner"] == made.json()["owner"]
