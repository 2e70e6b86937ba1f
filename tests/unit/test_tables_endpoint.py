"""`/-/tables`, on a feed and an archive in memory: who may, what is taken, who was first."""

import hashlib
import json
from typing import Any

import msgspec
import pytest

from messages import Response
from tables.document import MAX_DOCUMENT
from tests.unit.fakes import FakeStream, exchange, principal, run
from tests.unit.isolate import ADMIN_HOST, Isolate, stored
from tests.unit.tables import route, table

PUBLISHER = "publisher"


class Admin:
    """An isolate, and somebody who may publish there."""

    def __init__(self, *, bound: bool = True) -> None:
        self.isolate = Isolate(bound=bound)
        known = self.isolate.platform.authority.principals
        known[PUBLISHER] = principal("ada", ("gateway:publish",))

    def send(
        self, method: str, path: str, body: bytes | None = None, credential: str | None = PUBLISHER
    ) -> Response:
        headers = {"authorization": f"Bearer {credential}"} if credential else {}
        asked = exchange(method, path, headers=headers)
        asked.request.host = ADMIN_HOST
        asked.request.path, _, asked.request.query = path.partition("?")
        if body is not None:
            asked.request.body = FakeStream(body)
        return run(self.isolate.tables.current.handle(asked))

    def json(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        response = self.send(method, path, body)
        assert isinstance(response.body, bytes)
        return response.status, json.loads(response.body)

    def move(self, current: str, expected: int = 0, **more: Any) -> tuple[int, Any]:
        body = {"expected": expected, "current": current, "author": "ada", **more}
        return self.json("POST", "/-/tables/pointer", json.dumps(body).encode())


def test_a_table_is_put_and_pointed_at() -> None:
    admin = Admin()
    id, document = stored("one")
    status, told = admin.json("PUT", f"/-/tables/{id}?author=ada&note=first", document)
    assert (status, told) == (201, {"id": id, "bytes": len(document), "routes": 1})
    assert admin.isolate.archive.asked == [], "a key is not read before it is written"
    status, told = admin.move(id, note="first")
    assert status == 201
    pointer = told["pointer"]
    built_in = admin.isolate.built_in.id
    assert (pointer["sequence"], pointer["current"], pointer["parent"]) == (1, id, built_in)
    assert (pointer["author"], pointer["subject"], pointer["note"]) == ("ada", "ada", "first")
    assert admin.isolate.tables.current.table_id == id, "whoever answered obeys at once"
    assert admin.isolate.archive.documents[built_in] == admin.isolate.built_in.document


def test_the_second_is_told_who_was_first() -> None:
    admin = Admin()
    id = admin.isolate.store("one")
    assert admin.move(id, note="mine")[0] == 201
    status, told = admin.move(id)
    assert (status, told["code"]) == (409, "conflict")
    assert told["detail"].startswith(f"ada was first: published {id[:12]} as 1 at 2027-")
    assert "('mine')" in told["detail"]
    assert told["pointer"]["sequence"] == 1
    assert "nothing is published yet" in Admin().move(Admin().isolate.built_in.id, 3)[1]["detail"]


def test_status_and_history() -> None:
    admin = Admin()
    built_in = admin.isolate.built_in.id
    status, told = admin.json("GET", "/-/tables")
    assert (status, told["live"], told["pointer"], told["followed"]) == (200, built_in, None, False)
    id = admin.isolate.store("one")
    admin.move(id)
    admin.move(built_in, 1)
    status, told = admin.json("GET", "/-/tables")
    assert (told["live"], told["followed"], told["isolate"]["id"]) == (built_in, True, built_in)
    status, told = admin.json("GET", "/-/tables/history?limit=1")
    assert [one["current"] for one in told["pointers"]] == [built_in]
    status, told = admin.json("GET", "/-/tables/history")
    assert [one["sequence"] for one in told["pointers"]] == [2, 1]


def test_documents_are_handed_out() -> None:
    admin = Admin()
    id, document = stored("one")
    admin.isolate.archive.documents[id] = document
    assert admin.send("GET", f"/-/tables/{id}").body == document
    built_in = admin.isolate.built_in
    assert admin.send("GET", f"/-/tables/{built_in.id}").body == built_in.document
    assert admin.json("GET", f"/-/tables/{'0' * 64}")[0] == 404


def other(**members: Any) -> tuple[str, bytes]:
    document = msgspec.json.encode(table(route(**members)))
    return hashlib.sha256(document).hexdigest(), document


REFUSED = [
    other(service="nobody"),
    other(plugin="nothing.here"),
    ("0" * 64, stored("one")[1]),
]


@pytest.mark.parametrize(("id", "document"), REFUSED)
def test_a_table_that_cannot_be_taken_is_refused(id: str, document: bytes) -> None:
    admin = Admin()
    status, told = admin.json("PUT", f"/-/tables/{id}", document)
    assert (status, told["code"]) == (422, "invalid-content")
    assert admin.isolate.archive.documents == {}


def test_a_document_is_bounded() -> None:
    status, told = Admin().json("PUT", f"/-/tables/{'0' * 64}", b"x" * (MAX_DOCUMENT + 1))
    assert (status, told["code"]) == (413, "content-too-large")


def test_a_binding_that_the_gateway_lacks_is_refused() -> None:
    services = {"data": {"binding": "ELSEWHERE"}}
    document = msgspec.json.encode(table(services=services))
    id = hashlib.sha256(document).hexdigest()
    status, told = Admin().json("PUT", f"/-/tables/{id}", document)
    assert status == 422
    assert told["errors"][0]["path"] == "services.data.binding"


def test_the_pointer_is_not_moved_to_what_was_damaged() -> None:
    admin = Admin()
    id, document = stored("one")
    admin.isolate.archive.documents[id] = document + b" "
    assert admin.move(id)[0] == 422
    assert admin.isolate.feed.log.pointer is None


BODIES = [
    (b"{}", 422),
    (b"{", 400),
    (b"\xff", 400),
    (b"[" * 1000 + b"]" * 1000, 422),
    (b'{"expected":-1,"current":"' + b"0" * 64 + b'","author":"ada"}', 422),
    (b'{"expected":0,"current":"' + b"0" * 64 + b'","author":"ada","percent":101}', 422),
    (b" " * 20_000, 413),
]


@pytest.mark.parametrize(("body", "status"), BODIES)
def test_a_body_that_is_none_is_refused(body: bytes, status: int) -> None:
    assert Admin().json("POST", "/-/tables/pointer", body)[0] == status


WAYS = [
    ("GET", "/-/tables", 401, 403),
    ("GET", "/-/tables/history", 401, 403),
    ("POST", "/-/tables/pointer", 401, 403),
    ("PUT", f"/-/tables/{'0' * 64}", 401, 403),
    ("GET", "/-/", 401, 403),
]


@pytest.mark.parametrize(("method", "path", "nobody", "somebody"), WAYS)
def test_every_way_is_closed(method: str, path: str, nobody: int, somebody: int) -> None:
    admin = Admin()
    assert admin.send(method, path, credential=None).status == nobody
    assert admin.send(method, path, credential="good").status == somebody
    admin.isolate.platform.authority.down = True
    assert admin.send(method, path, credential="unseen").status == 503


NOWHERE = [
    ("GET", "/-/", 404),
    ("GET", "/-/tablesandchairs", 404),
    ("GET", "/-/tables/", 404),
    ("GET", f"/-/tables/{'0' * 63}", 404),
    ("GET", f"/-/tables/{'A' * 64}", 404),
    ("DELETE", "/-/tables", 405),
    ("GET", "/-/tables/pointer", 405),
    ("GET", "/-/tables/history?limit=0", 400),
    ("GET", "/-/tables/history?limit=many", 400),
    ("GET", "/-/tables/history?limit=2000000", 400),
    ("GET", "/-/tables/history?limit=00019999", 400),
]


@pytest.mark.parametrize(("method", "path", "status"), NOWHERE)
def test_what_is_not_there(method: str, path: str, status: int) -> None:
    assert Admin().json(method, path)[0] == status


def test_without_feed_or_bindings_nothing_is_published() -> None:
    admin = Admin()
    admin.isolate.feed.down = True
    status, told = admin.json("GET", "/-/tables/history")
    assert (status, told["code"]) == (503, "admin-unavailable")
    status, told = Admin(bound=False).json("GET", "/-/tables")
    assert (status, told["code"]) == (503, "admin-unavailable")
