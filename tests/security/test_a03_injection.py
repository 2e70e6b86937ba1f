"""OWASP A03:2021 Injection: what a client sends is a value, wherever it ends up.

In the list of 2025 it is A05. Line ends in paths and fields are sent by test_request_targets and
test_raw_requests, a service's own fields by test_api08, hostile JSON and YAML by their own modules.
"""

import base64
import json
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, address, bearer, mint, unique
from tests.security.conftest import Rows

SQL = [
    "' OR '1'='1",
    "x' OR 1=1 --",
    '" OR ""="',
    "'; DROP TABLE milestones; --",
    "x') UNION SELECT id, title, summary, status, owner_id, 1, 1, 1 FROM roadmaps --",
    "x'||(SELECT group_concat(id) FROM roadmaps)||'",
    "\\' OR randomblob(100000000) --",
    "0 OR 1=1",
]

_STATE = (
    "SELECT (SELECT count(*) FROM roadmaps) AS roadmaps, (SELECT count(*) FROM milestones) AS"
    " milestones, (SELECT group_concat(sql) FROM sqlite_master) AS tables,"
    " (SELECT group_concat(id || title || revision) FROM roadmaps) AS content"
)


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def asked(api: Consumer, roadmap: str, step: str, sql: str) -> dict[str, httpx.Response]:
    """The text in everything by which a client says which record it means."""
    text = quote(sql, safe="")
    path = f"/v2/roadmaps/{roadmap}"
    condition = {"if-match": f'"{sql}"'}

    def many(**query: str) -> httpx.Response:
        return api.get("/v2/roadmaps", params=query)

    return {
        "path": api.get(f"/v2/roadmaps/{text}"),
        "path, to change": api.patch(f"/v2/roadmaps/{text}", json={"title": "hit"}),
        "path, to delete": api.delete(f"/v2/roadmaps/{text}"),
        "path, of the older version": api.get(f"/v1/plans/{text}"),
        "path, of a list": api.get(f"/v2/roadmaps/{text}/milestones"),
        "path, to add": api.post(f"/v2/roadmaps/{text}/milestones", json={"title": "hit"}),
        "second part of a path": api.get(f"{path}/milestones/{text}"),
        "second part, to change": api.patch(f"{path}/milestones/{text}", json={"done": True}),
        "second part, to delete": api.delete(f"{path}/milestones/{text}"),
        "limit": many(limit=sql),
        "limit, after a number": many(limit=f"1 {sql}"),
        "include": many(include=sql),
        "cursor": many(cursor=sql),
        "If-Match": api.patch(path, json={"title": "hit"}, headers=condition),
        "If-Match, to delete": api.delete(path, headers=condition),
        "If-Match, of a step": api.delete(f"{path}/milestones/{step}", headers=condition),
        "status": api.patch(path, json={"status": sql}),
        "due_on": api.patch(f"{path}/milestones/{step}", json={"due_on": sql}),
        "position": api.patch(f"{path}/milestones/{step}", json={"position": sql}),
        "a member's name": api.patch(path, json={sql: 1}),
    }


@pytest.mark.parametrize("sql", SQL)
def test_no_parameter_is_part_of_a_statement(api: Consumer, rows: Rows, sql: str) -> None:
    """Every value is bound, every statement a constant."""
    path = api.post("/v2/roadmaps", json={"title": unique("x")}).headers["location"]
    made = api.post(f"{path}/milestones", json={"title": "x"}).json()
    before = rows("DATA_DB", _STATE)
    answers = asked(api, made["roadmap_id"], made["id"], sql)
    statuses = {place: answer.status_code for place, answer in answers.items()}
    assert {place for place, status in statuses.items() if not 400 <= status < 500} == set()
    assert rows("DATA_DB", _STATE) == before


@pytest.mark.parametrize("sql", SQL)
def test_a_forged_cursor_is_a_place_in_the_list_and_nothing_else(
    api: Consumer, rows: Rows, sql: str
) -> None:
    """Both of its values are bound; what sorts after nothing gives nothing."""
    title = unique("listed")
    api.post("/v2/roadmaps", json={"title": title})
    before = rows("DATA_DB", _STATE)
    for text in (f"0 {sql}", f"{sql.replace(' ', '')} x"):
        page = api.get("/v2/roadmaps", params={"cursor": cursor(text)})
        assert page.status_code in (200, 400), page.text
        if page.status_code == 200:
            items = page.json()["items"]
            assert [item for item in items if item["created_at"] >= text.partition(" ")[0]] == []
    assert rows("DATA_DB", _STATE) == before


@pytest.mark.parametrize("sql", SQL)
def test_a_text_is_stored_as_it_is(anonymous: Consumer, rows: Rows, sql: str) -> None:
    """In bodies, and in the name of a caller, which is the owner's from then on."""
    caller = bearer(mint(sql))
    new = {"title": sql, "summary": sql}
    made = anonymous.post("/v2/roadmaps", json=new, headers=caller)
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    (row,) = rows("DATA_DB", "SELECT * FROM roadmaps WHERE id = ?", id)
    assert (row["title"], row["summary"], row["owner_id"]) == (sql, sql, sql)
    again = anonymous.patch(f"/v2/roadmaps/{id}", json={"summary": f"{sql}."}, headers=caller)
    assert again.json()["summary"] == f"{sql}."
    assert anonymous.delete(f"/v2/roadmaps/{id}", headers=caller).status_code == 204


@pytest.mark.parametrize("sql", SQL)
def test_no_credential_is_part_of_a_statement(anonymous: Consumer, rows: Rows, sql: str) -> None:
    """Accounts, clients, keys, sessions and refresh tokens are looked up by bound values."""
    state = "SELECT (SELECT count(*) FROM accounts) AS a, (SELECT count(*) FROM api_keys"
    state += " WHERE revoked_at IS NULL) AS k, (SELECT count(*) FROM sessions) AS s"
    before = rows("AUTH_DB", state)
    admin, text = bearer(mint(unique("admin"))), quote(sql, safe="")
    form = {"grant_type": "client_credentials", "client_id": sql, "client_secret": sql}
    refresh = {"grant_type": "refresh_token", "refresh_token": f"gr_{sql}_{sql}"}
    login = {"account": sql, "password": sql}
    answers = [
        anonymous.post("/login", json=login, headers=address()),
        anonymous.post("/oauth/token", data=form, headers=address()),
        anonymous.post("/oauth/token", data=refresh, headers=address()),
        anonymous.get("/session", headers={"cookie": f"__Host-session=gs_{text}_{text}"}),
        anonymous.get("/v2/roadmaps", headers=bearer(f"gk_{sql}_{sql}".replace(" ", "/**/"))),
        anonymous.delete(f"/keys/{text}", headers=admin),
        anonymous.post(f"/keys/{text}/rotate", headers=admin),
    ]
    assert [answer.status_code for answer in answers if not 400 <= answer.status_code < 500] == []
    assert rows("AUTH_DB", state) == before


LINE_ENDS = ["\r\nSet-Cookie: own=1", "\nSet-Cookie: own=1", "\r\n\r\n<script>", "\u560a\u560dX: 1"]


@pytest.mark.parametrize("text", LINE_ENDS)
def test_what_a_transform_puts_into_a_field_ends_no_line(lab: Consumer, text: str) -> None:
    """A value with a control character is refused; the others go as they are encoded."""
    response = lab.get("/reshaped/7", params={"page": f"1{text}"}, headers=bearer(mint()))
    assert response.status_code in (200, 400), response.text
    assert "set-cookie" not in response.headers
    assert "x" not in response.headers
    redirected = lab.get(f"/redirected/x?next=1{quote(text)}", follow_redirects=False)
    assert "set-cookie" not in redirected.headers
    location = urlsplit(redirected.headers["location"])
    assert (location.hostname, location.query) == ("www.example.org", f"next=1{quote(text)}")


TEMPLATES = [
    *("${claim.sub}", "${header.authorization}", "${{7*7}}", "{{7*7}}", "{7*7}", "#{7*7}"),
    *("<%= 7*7 %>", "%(sub)s", "{0.__class__}", "$${path.id}", "`id`", "$(id)"),
]


@pytest.mark.parametrize("text", TEMPLATES)
def test_a_value_is_never_taken_for_a_template(lab: Consumer, text: str) -> None:
    """Templates are the table's and are taken apart when it is compiled; values only fill them."""
    mocked = lab.get("/mocked/7", params={"page": text}, headers={"x-tenant": text})
    assert mocked.json()["page"] == text
    assert mocked.json()["list"][0] == text
    plain = lab.get("/mocked-text/7", params={"page": text})
    assert plain.text == f"Hello 7, page {text}!"
    headers = bearer(mint("victim")) | {"x-search": text}
    told = lab.get("/reshaped/7?page=1", headers=headers).json()
    assert told["headers"]["x-copy"] == text


def test_markup_is_shown_and_not_run(lab: Consumer) -> None:
    """Answers that repeat a value say what they are, and that nobody is to guess."""
    script = "<script>alert(1)</script>"
    for path in ("/mocked/7", "/mocked-text/7"):
        response = lab.get(path, params={"page": script})
        assert response.headers["content-type"].partition(";")[0] != "text/html"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "script-src" not in response.headers["content-security-policy"]


FORGED = '"}\n{"level":"error","forged":"yes"}'
LOGGED = {
    "subject": FORGED,
    "subject of colours": "\x1b[2J\x1b[31mroot",
    "subject of strange line ends": "a\u2028b\u2029c\x85d\x0b{",
    "subject that nobody can print": "\x00\x07\x7f\ufeff",
}


@pytest.mark.parametrize("subject", LOGGED.values(), ids=LOGGED)
def test_a_caller_writes_no_line_of_the_log(
    runtime: LocalRuntime, lab: Consumer, subject: str
) -> None:
    """A line is one JSON object, encoded as a whole."""
    start = len(runtime.log_lines())
    response = lab.get("/protected/x", headers=bearer(mint(subject)))
    assert response.status_code == 200
    line = runtime.wait_for_log(response.headers["x-request-id"], start=start)
    assert json.loads(line)["subject"] == subject
    assert not [line for line in runtime.log_lines()[start:] if line.startswith('{"level":"error')]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("x-request-id", '"}{"forged":"yes"}'),
        ("traceparent", '00-"}{"forged":"yes"}-b7ad6b7169203331-01'),
        ("user-agent", '"}{"forged":"yes"}'),
        ("cf-connecting-ip", '"}{"forged":"yes"}'),
        ("api-version", '"}{"forged":"yes"}'),
    ],
)
def test_no_field_writes_a_member_of_the_log(
    runtime: LocalRuntime, lab: Consumer, field: str, value: str
) -> None:
    response = lab.get("/echo/x?forged=%22%7D%0A%7B", headers={field: value})
    line: dict[str, Any] = json.loads(runtime.wait_for_log(response.headers["x-request-id"]))
    assert "forged" not in line
