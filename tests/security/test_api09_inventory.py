"""OWASP API9:2023 Improper Inventory Management: what is not in the table is not there."""

import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, problem
from tests.plan import VERSIONED

FORGOTTEN = [
    *("/v0/roadmaps", "/v3/roadmaps", "/v99/roadmaps", "/beta/roadmaps", "/internal/roadmaps"),
    *("/admin", "/debug", "/metrics", "/.env", "/.git/config", "/openapi.json", "/server-status"),
    *("/verify", "/ping", "/v2/v1/roadmaps", "/__proto__"),
]


@pytest.mark.parametrize("path", FORGOTTEN)
def test_nothing_answers_that_nobody_has_listed(api: Consumer, path: str) -> None:
    assert api.get(path).status_code in (400, 404)


def test_an_old_version_says_that_it_is_one(api: Consumer) -> None:
    fields = api.get("/v1/plans").headers
    assert {"deprecation", "sunset", "link"} <= set(fields)


def test_versions_that_do_not_exist_are_refused(api: Consumer) -> None:
    for name in ("0", "99", "v2.0", "latest", "../v1"):
        response = api.get("/roadmaps", headers={"api-version": name})
        problem(response, 400, "unsupported-version")


def test_an_isolate_serves_its_own_table_alone(runtime: LocalRuntime) -> None:
    with Consumer(runtime.url(VERSIONED)) as consumer:
        problem(consumer.get("/echo/x"), 404, "not-found")
