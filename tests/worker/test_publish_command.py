"""`gateway publish`, `status`, `history`, `rollback` and `promote` against a running gateway."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from runtime.local import LocalRuntime
from tests.consumer import Consumer, admin_url, bearer, mint, operators, unique
from tests.eventually import eventually
from tests.publishing import EDGES, MAX_AGE, Publisher, compiled, marks, write_table


class Command:
    """The command against one isolate, with a token that allows to publish."""

    def __init__(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._url = url
        self._capsys = capsys
        self.out = ""
        self.err = ""

    def __call__(self, name: str, *words: object) -> int:
        status = main([name, *map(str, words), "--url", self._url])
        self.out, self.err = self._capsys.readouterr()
        return status

    def json(self, name: str, *words: object) -> Any:
        assert self(name, *words, "--json") in (0, 1), self.err
        return json.loads(self.out)


@pytest.fixture
def gateway(
    edges: LocalRuntime, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    monkeypatch.setenv("GATEWAY_TOKEN", mint("ada", ("gateway:publish",)))
    return Command(admin_url(edges.url(EDGES[0])), capsys)


def mark(edges: LocalRuntime, edge: str) -> str:
    with Consumer(edges.url(edge)) as client:
        (found,) = marks(client.get("/marked"))
    return found


def test_publish_status_history_rollback(
    edges: LocalRuntime, gateway: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = unique("first"), unique("second")
    assert gateway("publish", write_table(tmp_path, first), "--note", "one") == 0
    table = write_table(tmp_path, second)
    began = time.monotonic()
    assert gateway("publish", table, "--note", "two", "--author", "brook") == 0
    for edge in EDGES:
        eventually(lambda edge=edge: mark(edges, edge) == second, MAX_AGE + 1)  # type: ignore[misc]
    took = time.monotonic() - began
    assert f"route {second}" in gateway.out  # the diff
    id, before = compiled(tmp_path, second)[0], compiled(tmp_path, first)[0]
    assert f"published {id[:12]} as " in gateway.out

    assert gateway("publish", table) == 0
    assert "answers" in gateway.out
    assert "already" in gateway.out

    assert gateway("status") == 0
    assert f"{id[:12]} answers" in gateway.out
    assert "by brook: two" in gateway.out
    status = gateway.json("status")
    assert (status["live"], status["followed"]) == (id, True)
    pointers = gateway.json("history", "--limit", 2)["pointers"]
    assert [one["current"] for one in pointers] == [id, before]
    assert [one["note"] for one in pointers] == ["two", "one"]
    assert pointers[0]["subject"] == "ada"

    assert gateway("rollback") == 0
    assert before[:12] in gateway.out
    assert mark(edges, EDGES[0]) == first
    assert gateway("rollback", id[:8], "--json") == 0
    assert mark(edges, EDGES[0]) == second
    assert gateway("rollback", "-999") == 2
    assert gateway("rollback", "abcdef") == 2
    with capsys.disabled():
        print(f"\npublished by the command and live at {len(EDGES)} isolates after {took:.2f} s")


def test_a_candidate_is_promoted_or_taken_back(
    edges: LocalRuntime, gateway: Command, tmp_path: Path
) -> None:
    steady, tried = unique("steady"), unique("tried")
    assert gateway("publish", write_table(tmp_path, steady)) == 0
    assert gateway("promote") == 1
    assert "no candidate" in gateway.err
    table = write_table(tmp_path, tried)
    old, new = compiled(tmp_path, steady)[0], compiled(tmp_path, tried)[0]
    assert gateway("publish", table, "--percent", 10) == 0
    assert gateway.json("status")["pointer"]["candidate"] == new
    assert gateway("promote", "--percent", 50) == 0
    pointer = gateway.json("status")["pointer"]
    assert (pointer["current"], pointer["candidate"], pointer["percent"]) == (old, new, 50)
    assert gateway("rollback") == 0
    pointer = gateway.json("status")["pointer"]
    assert (pointer["current"], pointer.get("candidate")) == (old, None)
    assert gateway("publish", table, "--percent", 10) == 0
    assert gateway("promote") == 0
    pointer = gateway.json("status")["pointer"]
    assert (pointer["current"], pointer.get("candidate")) == (new, None)


def test_what_is_wrong_is_not_published(gateway: Command, tmp_path: Path) -> None:
    before = gateway.json("status")["pointer"]
    wrong = write_table(tmp_path, unique("wrong"))
    wrong.write_text(wrong.read_text().replace("service: origin", "service: nobody"))
    assert gateway("publish", wrong) == 1
    assert "there is no service `nobody`" in gateway.err
    assert gateway.json("status")["pointer"] == before


FAILING = """\
- name: it answers
  request: { url: /v1/marked }
  expected: { response: { status: 418 } }
"""


def test_failing_tests_are_published_only_with_a_reason(gateway: Command, tmp_path: Path) -> None:
    table = write_table(tmp_path, unique("untested"))
    table.with_name(f"{table.stem}.tests.yaml").write_text(FAILING)
    assert gateway("publish", table) == 1
    assert "the test `it answers` fails" in gateway.err
    assert gateway("publish", table, "--override", "the test is wrong") == 0
    (pointer,) = gateway.json("history", "--limit", 1)["pointers"]
    assert pointer["override"] == "the test is wrong"


def test_a_heavy_finding_is_published_only_with_a_reason(gateway: Command, tmp_path: Path) -> None:
    table = write_table(tmp_path, unique("heavy"))
    table.write_text(table.read_text().replace("methods: [GET]", "methods: [GET, POST]"))
    assert gateway("publish", table) == 1
    assert "the audit:" in gateway.err
    assert gateway("publish", table, "--override", "known") == 0


def test_who_lacks_the_scope_is_told(
    edges: LocalRuntime, gateway: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_TOKEN", mint())
    assert gateway("publish", write_table(tmp_path, unique("refused"))) == 2
    assert "insufficient-scope" in gateway.err
    monkeypatch.delenv("GATEWAY_TOKEN")
    assert gateway("status") == 2
    assert "GATEWAY_TOKEN" in gateway.err


def test_every_way_in_is_closed_without_the_scope(edges: LocalRuntime) -> None:
    ways = [
        ("GET", "/-/tables"),
        ("GET", "/-/tables/history"),
        ("POST", "/-/tables/pointer"),
        ("PUT", f"/-/tables/{'0' * 64}"),
        ("GET", f"/-/tables/{'0' * 64}"),
        ("GET", "/-/anything"),
    ]
    url = edges.url(EDGES[0])
    with Consumer(url, operators(url)) as client:
        for method, path in ways:
            assert client.request(method, path).status_code == 401
            fields = bearer(mint())
            assert client.request(method, path, headers=fields).status_code == 403


def test_bodies_are_bounded_and_checked(edges: LocalRuntime) -> None:
    publisher = Publisher(edges)
    client = publisher.client
    wrong: list[tuple[bytes, int]] = [
        (b"{}", 422),
        (b"{", 400),
        (b"[" * 5000, 422),
        (b'{"expected":0,"current":"../x","author":"a"}', 422),
        (b'{"expected":0,"current":"' + b"0" * 64 + b'","author":"a","more":1}', 422),
        (b"x" * 20_000, 413),
    ]
    for body, status in wrong:
        assert client.post("/-/tables/pointer", content=body).status_code == status
    assert client.get("/-/tables/history", params={"limit": "many"}).status_code == 400
    assert client.delete("/-/tables").status_code == 405
    publisher.close()
