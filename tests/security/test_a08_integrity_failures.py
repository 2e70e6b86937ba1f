"""OWASP A08:2021 Software and Data Integrity Failures: what was changed on the way is not taken.

In the list of 2025 it is A08. Tables that were damaged in KV are given to every isolate by
tests/worker/test_publish.py; the hashes of packages are test_a06's, tokens with other claims
test_tokens', tags in YAML that would make Python run test_hostile_yaml's.
"""

import hashlib
import json
from typing import Any

import pytest

from cli.compile_table import compile_table
from runtime.project import ROUTES
from tests.consumer import Consumer, bearer, mint, unique

TABLE = compile_table(ROUTES)
OPEN = TABLE.replace(b'"access":{"scopes":["roadmaps:read"]}', b'"access":"public"')
PUBLISHER = ("tables:admin",)


def named(document: bytes) -> str:
    return hashlib.sha256(document).hexdigest()


TAMPERED: dict[str, tuple[str, bytes]] = {
    "another content under the name of a good table": (named(TABLE), OPEN),
    "a line end more": (named(TABLE), TABLE + b"\n"),
    "half of it": (named(TABLE), TABLE[: len(TABLE) // 2]),
    "the name of nothing": (named(b""), TABLE),
    "its own name, and a member that nobody knows": (
        named(TABLE[:-1] + b',"hook":"x"}'),
        TABLE[:-1] + b',"hook":"x"}',
    ),
    "its own name, and no table": (named(b'{"routes":[]}'), b'{"routes":[]}'),
    "its own name, and no JSON": (named(b"\x80\x04K\x01."), b"\x80\x04K\x01."),
}


def test_the_table_that_opens_routes_is_another_one() -> None:
    assert OPEN != TABLE


@pytest.mark.parametrize(("id", "document"), TAMPERED.values(), ids=TAMPERED)
def test_a_table_is_the_content_that_it_is_called_by(
    anonymous: Consumer, id: str, document: bytes
) -> None:
    """A table's name is the SHA-256 of its content, and it is read with all checks, or not at all;
    where the admin plane has a host of its own, the public one has nothing here."""
    publisher = bearer(mint(unique("publisher"), PUBLISHER))
    put = anonymous.put(f"/-/tables/{id}", content=document, headers=publisher)
    assert put.status_code in (404, 422), put.text
    kept = anonymous.get(f"/-/tables/{id}", headers=publisher)
    assert kept.status_code == 404 or named(kept.content) == id
    assert anonymous.get("/v2/roadmaps").status_code == 401


TWICE = [
    (b'{"title":"good","title":7}', 422),
    (b'{"title":"good","title":""}', 422),
    (b'{"title":"","title":"last"}', 422),
    (b'{"title":"good","\\u0074itle":"last"}', 201),
]


@pytest.mark.parametrize(("body", "status"), TWICE)
def test_what_is_checked_is_what_is_stored(api: Consumer, body: bytes, status: int) -> None:
    """Of a member that is there twice everybody on the way reads the last one, and all are held
    against the service's types."""
    fields = {"content-type": "application/json"}
    response = api.post("/v2/roadmaps", content=body, headers=fields)
    assert response.status_code == status, response.text
    if status == 201:
        assert response.json()["title"] == "last"


def test_a_service_gets_the_very_bytes(lab: Consumer) -> None:
    """A body that no policy of the route edits is not written anew."""
    body = '{"b":1,"a":1.0,"a":2,"é":"\\u00e9"} \n'
    fields = {"content-type": "application/json"}
    told = lab.post("/echo/x", content=body.encode(), headers=fields)
    assert told.json()["body"] == body


def changed(cookie: str) -> dict[str, Any]:
    """A cookie with one letter of its secret exchanged."""
    name, _, value = cookie.partition("=")
    return {"cookie": f"{name}={value[:-1]}{'A' if value[-1] != 'A' else 'B'}"}


@pytest.mark.parametrize(
    "cookie",
    [
        f"__Host-session=gs_aaaaaaaaaaaaaaaa_{'A' * 43}",
        "__Host-session=" + json.dumps({"account": "root"}).replace('"', "'"),
        "__Host-session=gASVBAAAAAAAAABLAS4=",
    ],
)
def test_no_state_comes_back_in_a_cookie(anonymous: Consumer, cookie: str) -> None:
    """A session is a row of the database; its cookie names it and holds nothing to be read."""
    for fields in ({"cookie": cookie}, changed(cookie)):
        assert anonymous.get("/session", headers=fields).status_code == 401
