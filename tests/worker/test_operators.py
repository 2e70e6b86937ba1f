"""Operators in workerd: their host alone, their scopes, and an audit log that outlives a crash."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.main import main
from runtime.local import LocalRuntime
from runtime.project import GATEWAY
from tests.consumer import (
    SECRETS,
    Consumer,
    Operator,
    admin_url,
    bearer,
    mint,
    operators,
    problem,
    unique,
)
from tests.publishing import EDGES, FAULT, UNREACHED, Publisher, compiled

WAYS = [
    # method, path, a scope that is not enough
    ("GET", "/-/tables", "gateway:keys"),
    ("GET", "/-/tables/history", "gateway:keys"),
    ("GET", f"/-/tables/{'0' * 64}", "gateway:audit"),
    ("PUT", f"/-/tables/{'0' * 64}", "gateway:audit"),
    ("POST", "/-/tables/pointer", "gateway:keys"),
    ("GET", "/-/keys", "gateway:publish"),
    ("POST", "/-/keys", "keys:admin"),
    ("POST", "/-/keys/x/rotate", "gateway:publish"),
    ("DELETE", "/-/keys/x", "gateway:publish"),
    ("GET", "/-/audit", "gateway:publish"),
    ("GET", "/-/health", "gateway:publish"),
]


@pytest.fixture
def operator(edges: LocalRuntime) -> Iterator[Operator]:
    """Somebody who may everything, under a name of his own."""
    with Operator(edges.url(GATEWAY), subject=unique("operator")) as one:
        yield one


def log(operator: Operator, **parameters: str | int) -> list[Any]:
    answered = operator.get("/-/audit", params={"limit": 200, **parameters})
    assert answered.status_code == 200, answered.text
    return list(answered.json()["entries"])


def newest(operator: Operator) -> int:
    return int(operator.get("/-/audit").json()["newest"])


def since(operator: Operator, start: int) -> list[tuple[Any, ...]]:
    """Phase, action, subject and status of what followed."""
    records = [one["record"] for one in log(operator, after=start)]
    return [(one["phase"], one["action"], one.get("subject"), one.get("status")) for one in records]


@pytest.mark.parametrize(("method", "path", "other"), WAYS)
def test_there_is_one_way_in(edges: LocalRuntime, method: str, path: str, other: str) -> None:
    url, body = edges.url(GATEWAY), b"{}" if method in ("POST", "PUT") else None
    everything = bearer(mint(scopes=("gateway:admin", "keys:admin")))
    with Consumer(url, everything) as public:
        unknown = public.request(method, path.replace("/-/", "/+/"), content=body)
        for host in ({}, {"host": "admin.localhost.example"}, {"host": "localhost"}):
            answered = public.request(method, path, content=body, headers=host)
            document = problem(answered, 404, "not-found")
            del document["request_id"]
            expected = unknown.json()
            del expected["request_id"]
            assert document == {**expected, "detail": expected["detail"].replace("/+/", "/-/")}
            differing = set(answered.headers) ^ set(unknown.headers)
            assert differing <= {"connection"}, "which depends on whether the body has come by then"
    with Consumer(url, operators(url)) as nobody:
        problem(nobody.request(method, path, content=body), 401, "unauthenticated")
        fields = bearer(mint(scopes=(other,)))
        refused = nobody.request(method, path, content=body, headers=fields)
        problem(refused, 403, "insufficient-scope")


def test_nothing_else_answers_there(operator: Operator) -> None:
    for path in ("/", "/v2/statistics", "/keys", "/login", "/-", "/-/"):
        problem(operator.get(path), 404, "not-found")
    assert operator.get("/problems/not-found").status_code == 200


def test_a_publication_and_its_way_back_are_written_down(
    edges: LocalRuntime, operator: Operator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start, ada = newest(operator), unique("ada")
    publisher = Publisher(edges, author=ada)
    tables = [compiled(tmp_path, unique("written")) for _ in range(2)]
    for table in tables:
        publisher.publish(*table, note="the note")
    before = publisher.sequence
    assert publisher.move(tables[0][0]).status_code == 201
    assert publisher.move(tables[1][0], 1).status_code == 409
    publisher.close()
    done = ("tables.put", "tables.point", "tables.put", "tables.point", "tables.point")
    expected = [
        entry
        for action in done
        for entry in (("intent", action, ada, None), ("outcome", action, ada, 201))
    ]
    lost = [("intent", "tables.point", ada, None), ("outcome", "tables.point", ada, 409)]
    assert since(operator, start) == expected + lost
    entries = log(operator, after=start)
    point, told = entries[2]["record"], entries[3]["record"]
    assert point["target"] == "/-/tables/pointer"
    assert point["parameters"]["current"] == tables[0][0]
    assert point["parameters"]["note"] == "the note"
    assert told["intent"] == entries[2]["sequence"]
    assert told["request_id"] == point["request_id"]
    assert point["credential_id"]
    assert entries[9]["record"]["result"] == {"sequence": str(before + 1)}

    url = admin_url(edges.url(GATEWAY))
    words = ["audit-log", "--url", url, "--token", operator.token, "--after", str(start)]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(entries) / 2
    assert "201  tables.point  POST /-/tables/pointer" in lines[1]
    assert f"{ada} (" in lines[1]
    assert 'note="the note"' in lines[1]
    assert "409" in lines[-1]


def test_keys_are_everybodys_and_no_log_has_one(edges: LocalRuntime, operator: Operator) -> None:
    start, owner = newest(operator), unique("owner")
    new = {"name": "ci", "scopes": ["roadmaps:read"], "owner": owner}
    made = operator.post("/-/keys", json=new)
    assert made.status_code == 201, made.text
    first = made.json()
    SECRETS.add(first["key"])
    assert (first["owner"], made.headers["location"]) == (owner, f"/-/keys/{first['id']}")
    with Consumer(edges.url(GATEWAY), bearer(first["key"])) as api:
        assert api.get("/v2/roadmaps").status_code == 200
    second = operator.post(f"/-/keys/{first['id']}/rotate", json={"overlap": 60}).json()
    SECRETS.add(second["key"])
    assert operator.delete(f"/-/keys/{second['id']}").status_code == 204
    problem(operator.delete("/-/keys/unknown"), 404, "not-found")
    listed = operator.get("/-/keys", params={"owner": owner}).json()["items"]
    assert {one["id"] for one in listed} == {first["id"], second["id"]}
    assert {one["owner"] for one in listed} == {owner}
    assert {first["id"], second["id"]} <= {
        one["id"] for one in operator.get("/-/keys").json()["items"]
    }
    entries = [one["record"] for one in log(operator, after=start)]
    shown = [(one["phase"], one["action"], one.get("status")) for one in entries]
    assert shown == [
        (phase, action, status if phase == "outcome" else None)
        for action, status in (
            *(("keys.create", 201), ("keys.rotate", 201)),
            *(("keys.revoke", 204), ("keys.revoke", 404)),
        )
        for phase in ("intent", "outcome")
    ]
    noted = {"name": "ci", "owner": owner, "scopes": '["roadmaps:read"]'}
    assert entries[0]["parameters"] == noted
    assert entries[1]["result"] == {"id": first["id"], "owner": owner}
    text = str(entries)
    assert first["key"] not in text
    assert second["key"] not in text


LIMITED = [
    # what the operator has, what the key is to have, whether it may
    (("gateway:keys",), ["roadmaps:read"], 403),
    (("gateway:keys", "roadmaps:read"), ["roadmaps:read"], 201),
    (("gateway:keys",), ["gateway:admin"], 403),
    (("gateway:keys",), ["gateway:keys"], 201),
    (("gateway:admin",), ["gateway:publish", "roadmaps:write"], 201),
]


@pytest.mark.parametrize(("held", "wanted", "status"), LIMITED)
def test_nobody_makes_a_key_that_may_more_than_he(
    edges: LocalRuntime, operator: Operator, held: tuple[str, ...], wanted: list[str], status: int
) -> None:
    with Operator(edges.url(GATEWAY), *held) as one:
        made = one.post("/-/keys", json={"name": "x", "scopes": wanted})
        assert made.status_code == status, made.text
        strong = operator.post("/-/keys", json={"name": "strong", "scopes": wanted}).json()
        SECRETS.add(strong["key"])
        rotated = one.post(f"/-/keys/{strong['id']}/rotate")
        assert rotated.status_code == status
    SECRETS.update(one.json()["key"] for one in (made, rotated) if one.status_code == 201)


def test_operators_scopes_are_not_given_on_the_public_host(edges: LocalRuntime) -> None:
    held = ("keys:admin", "gateway:admin")
    with Consumer(edges.url(GATEWAY), bearer(mint(scopes=held))) as public:
        new = {"name": "x", "scopes": ["gateway:admin"]}
        problem(public.post("/keys", json=new), 403, "insufficient-scope")


def test_the_log_survives_a_crash(edges: LocalRuntime, operator: Operator) -> None:
    with Operator(edges.url(EDGES[0]), "gateway:publish", subject=unique("late")) as one:
        problem(one.post("/-/tables/pointer", json={}), 422, "invalid-content")
        problem(one.delete("/-/keys/x"), 403, "insufficient-scope")
    before = log(operator)
    assert [entry["record"]["phase"] for entry in before[-3:]] == ["intent", "outcome", "refused"]
    edges.kill_workerd()
    edges.wait_ready()
    with Operator(edges.url(GATEWAY)) as again:
        assert log(again) == before
        start = before[-1]["sequence"]
        problem(again.delete("/-/keys/x"), 404, "not-found")
        assert [one["sequence"] for one in log(again, after=start)] == [start + 1, start + 2]


@pytest.mark.parametrize("fault", ["throw", "hang", "rubbish"])
def test_without_the_log_nothing_is_done(edges: LocalRuntime, tmp_path: Path, fault: str) -> None:
    id, document = compiled(tmp_path, unique("never"))
    with Operator(edges.url(UNREACHED)) as one, Operator(edges.url(UNREACHED), "x") as other:
        httpx.post(f"{edges.url(FAULT)}/-/fault", content=fault).raise_for_status()
        try:
            refused = one.put(f"/-/tables/{id}", content=document)
            problem(refused, 503, "audit-unavailable")
            assert refused.headers["retry-after"] == "5"
            problem(one.get(f"/-/tables/{id}"), 404, "not-found")
            problem(other.put(f"/-/tables/{id}", content=document), 403, "insufficient-scope")
        finally:
            httpx.post(f"{edges.url(FAULT)}/-/fault", content="none").raise_for_status()
        assert one.put(f"/-/tables/{id}", content=document).status_code == 201
