"""OWASP API5:2023 Broken Function Level Authorization: functions are for whom the table says."""

import pytest

from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from tests.consumer import Consumer, bearer, mint, problem
from tests.raw_http import send

READER = mint(scopes=("roadmaps:read",))
SPELLINGS = [
    *("/keys", "//keys", "/keys/", "/./keys", "/x/../keys", "/%6beys", "/KEYS", "/keys%2f"),
    *("/keys;x", "/keys?x", "/v2/keys", "/keys%00", "/keys%20", "/\\keys", "/keys/.", "/%2e/keys"),
]


@pytest.mark.parametrize("path", SPELLINGS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_spelling_of_a_path_gets_past(runtime: LocalRuntime, method: str, path: str) -> None:
    token = f"Authorization: Bearer {READER}"
    response = send(runtime.url(GATEWAY), f"{method} {path} HTTP/1.1", token, "Content-Length: 0")
    assert response.status in (400, 403, 404, 405)


@pytest.mark.parametrize("field", ["x-http-method-override", "x-http-method", "x-method-override"])
def test_no_field_makes_another_method(anonymous: Consumer, field: str) -> None:
    headers = bearer(READER) | {field: "POST"}
    response = anonymous.get("/v2/roadmaps?_method=POST", headers=headers)
    assert (response.status_code, "items" in response.json()) == (200, True)


@pytest.mark.parametrize("field", ["x-original-url", "x-rewrite-url", "x-forwarded-prefix"])
def test_no_field_makes_another_path(anonymous: Consumer, field: str) -> None:
    response = anonymous.get("/v2/statistics", headers={field: "/keys"})
    assert response.status_code == 200
    assert "keys" not in response.json()


def test_writing_takes_the_scope_to_write(anonymous: Consumer) -> None:
    for method, path in (("POST", "/v2/roadmaps"), ("DELETE", "/v2/roadmaps/rm_1")):
        response = anonymous.request(method, path, headers=bearer(READER), json={"title": "x"})
        problem(response, 403, "insufficient-scope")
