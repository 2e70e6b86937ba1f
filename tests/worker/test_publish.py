"""A table goes live without a deploy, and back: over several isolates, under load, with faults."""

import hashlib
import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import jwt
import pytest

from contract.feed import PointerRequest
from runtime.local import LocalRuntime
from tests.consumer import Consumer, Operator, address, bearer, mint, problem, unique
from tests.eventually import eventually
from tests.plan import ORIGIN
from tests.publishing import (
    BUILT_IN,
    DEADLINE,
    EDGES,
    FAULT,
    FAULT_AUTH,
    MAX_AGE,
    NEWER,
    UNBOUND,
    UNREACHED,
    Publisher,
    compiled,
    marks,
)
from tests.worker.conftest import Caller, RpcError

PATIENCE = 10.0
"""Seconds until every isolate has obeyed, where other things keep the machine busy; how soon
it has to is what the first test is about."""


@pytest.fixture
def publisher(edges: LocalRuntime) -> Iterator[Publisher]:
    one = Publisher(edges)
    yield one
    one.close()


@pytest.fixture
def calling(edges: LocalRuntime) -> Iterator[Caller]:
    one = Caller(edges)
    yield one
    one.close()


@pytest.fixture
def fail(edges: LocalRuntime) -> Iterator[Callable[[str], None]]:
    """Lets the feed behind the fault fail until the test is over."""

    def tell(fault: str) -> None:
        httpx.post(f"{edges.url(FAULT)}/-/fault", content=fault).raise_for_status()

    yield tell
    tell("none")


def mark_at(edges: LocalRuntime, edge: str, headers: dict[str, str] | None = None) -> str:
    with Consumer(edges.url(edge), headers) as client:
        response = client.get("/marked")
    assert response.status_code == 200, response.text
    (mark,) = marks(response)
    return mark


def obeyed(edges: LocalRuntime, mark: str, names: tuple[str, ...] = EDGES) -> float:
    """Wait until all isolates answer with `mark`, and for how many seconds."""
    began = time.monotonic()
    for edge in names:
        eventually(lambda edge=edge: mark_at(edges, edge) == mark, PATIENCE)  # type: ignore[misc]
    return time.monotonic() - began


class Answered(NamedTuple):
    edge: str
    asked_at: float
    status: int
    marks: set[str]
    table: str


class Load:
    """Clients that ask all isolates in turn until they are told to stop."""

    CLIENTS = 8

    def __init__(self, edges: LocalRuntime) -> None:
        self._urls = {edge: edges.url(edge) for edge in EDGES}
        self._done = threading.Event()
        self.answers: list[Answered] = []

    def run(self) -> None:
        with httpx.Client(timeout=30, trust_env=False) as client:
            for edge in itertools.cycle(EDGES):
                if self._done.is_set():
                    return
                asked_at = time.time()
                response = client.get(f"{self._urls[edge]}/marked")
                good = response.status_code == 200
                seen = marks(response) if good else set()
                table = response.headers.get("x-table", "")
                self.answers.append(Answered(edge, asked_at, response.status_code, seen, table))

    def more(self, number: int) -> None:
        """Wait for so many answers more."""
        enough = len(self.answers) + number
        eventually(lambda: len(self.answers) >= enough, 60)

    def stop(self) -> None:
        self._done.set()


def test_a_change_goes_live_and_back_under_load(
    edges: LocalRuntime, publisher: Publisher, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = unique("before"), unique("after")
    old, new = compiled(tmp_path, before), compiled(tmp_path, after)
    publisher.publish(*old)
    obeyed(edges, before)
    load = Load(edges)
    with ThreadPoolExecutor(load.CLIENTS) as pool:
        running = [pool.submit(load.run) for _ in range(load.CLIENTS)]
        try:
            load.more(350)
            published = publisher.publish(*new)
            obeyed(edges, after)
            load.more(350)
            assert publisher.move(old[0], note="back").status_code == 201
            rolled_back = time.time()
            obeyed(edges, before)
            load.more(350)
        finally:
            load.stop()
        assert [task.result() for task in running] == [None] * load.CLIENTS
    answers = load.answers
    assert len(answers) >= 1000
    assert {one.status for one in answers} == {200}
    assert {len(one.marks) for one in answers} == {1}
    assert {one.edge for one in answers} == set(EDGES)
    ids = {before: old[0][:12], after: new[0][:12]}
    assert all(one.table == ids[next(iter(one.marks))] for one in answers)
    there = max_age_of(answers, before, published, rolled_back)
    back = max_age_of(answers, after, rolled_back, math.inf)
    with capsys.disabled():
        print(
            f"\n{len(answers)} requests over {len(EDGES)} isolates, none failed; the last isolate "
            f"obeyed {there:.2f} s after it was published, {back:.2f} s after it was rolled back "
            f"(T = {MAX_AGE:g} s)"
        )
    assert there <= MAX_AGE + 1
    assert back <= MAX_AGE + 1


def max_age_of(answers: list[Answered], old: str, start: float, end: float) -> float:
    """Seconds from `start` until the last request was asked that was still answered by `old`."""
    late = [one.asked_at for one in answers if one.marks == {old} and start < one.asked_at < end]
    return max(late) - start if late else 0.0


def test_a_request_finishes_on_the_table_that_it_began_with(
    edges: LocalRuntime, publisher: Publisher, tmp_path: Path
) -> None:
    first, second = unique("first"), unique("second")
    publisher.publish(*compiled(tmp_path, first))
    obeyed(edges, first)
    with ThreadPoolExecutor(1) as pool, Consumer(edges.url(EDGES[0])) as slow:
        asked = f"{edges.url(ORIGIN)}/-/calls?path=/by/{first}"
        before = int(httpx.get(asked).text)
        waiting = pool.submit(slow.get, "/marked", params={"delay": "1500"})
        eventually(lambda: int(httpx.get(asked).text) > before)
        publisher.publish(*compiled(tmp_path, second))
        assert mark_at(edges, EDGES[0]) == second
        assert not waiting.done()
        assert marks(waiting.result()) == {first}


def test_permits_at_hand_and_an_open_breaker_outlive_a_table_that_leaves_them_as_they_are(
    edges: LocalRuntime, publisher: Publisher, calling: Caller, tmp_path: Path
) -> None:
    before, after = unique("before"), unique("after")
    publisher.publish(*compiled(tmp_path, before))
    obeyed(edges, before)
    with Consumer(edges.url(EDGES[0])) as client:

        def left() -> int:
            answer = client.get("/kept")
            assert answer.status_code == 204
            return int(answer.headers["ratelimit"].split(";")[1][2:])

        def calls() -> int:
            name = "kept:sliding_window-1h:route"
            return int(calling.rpc_without("RATE_LIMITER", "status", object=name)["calls"])

        def refused(answer: httpx.Response) -> bool:
            return answer.status_code == 503 and "retry-after" in answer.headers

        eventually(lambda: refused(client.get("/breaks", params={"status": "500"})))
        for _ in range(50):
            left()
        renewed = calls()
        # Just after a renewal the isolate holds permits for more than what follows.
        eventually(lambda: left() and calls() > renewed)
        known, asked = left(), calls()
        publisher.publish(*compiled(tmp_path, after))
        assert mark_at(edges, EDGES[0]) == after
        assert [left() for _ in range(3)] == [known - 1, known - 2, known - 3]
        assert calls() == asked
        problem(client.get("/breaks"), 503, "upstream-unavailable")


def test_of_two_publishers_one_is_told_who_was_first(
    edges: LocalRuntime, publisher: Publisher, tmp_path: Path
) -> None:
    tables = [compiled(tmp_path, unique("race")) for _ in range(2)]
    people = [Publisher(edges, EDGES[1], "brook"), Publisher(edges, EDGES[2], "casey")]
    seen = publisher.sequence
    for person, table in zip(people, tables, strict=True):
        assert person.put(*table).status_code == 201
    with ThreadPoolExecutor(2) as pool:
        moves = [
            pool.submit(person.move, table[0], seen, note="mine")
            for person, table in zip(people, tables, strict=True)
        ]
        answers = [move.result() for move in moves]
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    lost = answers[0] if answers[0].status_code == 409 else answers[1]
    winner = people[answers.index(lost) - 1].author
    document = problem(lost, 409, "conflict")
    assert document["detail"].startswith(f"{winner} was first")
    assert (document["pointer"]["author"], document["pointer"]["note"]) == (winner, "mine")
    assert publisher.status()["pointer"]["sequence"] == seen + 1
    for person in people:
        person.close()


def point_at(calling: Caller, publisher: Publisher, id: str) -> None:
    """Move the pointer past the gateway, which would not let this table pass."""
    status = publisher.status()
    request = PointerRequest(
        expected=publisher.sequence,
        current=id,
        parent=status["live"],
        built_in=status["built_in"],
        author="nobody",
        subject="nobody",
    )
    assert calling.rpc("CHANGE_FEED", "move_pointer", request, object="feed")["accepted"]


def kv(calling: Caller, id: str, document: bytes | None) -> None:
    text = document.decode() if document is not None else None
    calling.ask("kv", binding="TABLES", key=f"table/{id}", value=text)


DAMAGES: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("damaged", lambda document: document.replace(b"x-marker", b"X-MARKER").replace(b"a", b"b", 1)),
    ("damaged", lambda document: document[: len(document) // 2]),
    ("damaged", lambda _: b""),
    ("damaged", lambda _: b"\x00" * 100),
]


@pytest.mark.parametrize(("reason", "damage"), DAMAGES)
def test_a_damaged_document_leaves_the_last_good_table(
    edges: LocalRuntime,
    publisher: Publisher,
    calling: Caller,
    tmp_path: Path,
    reason: str,
    damage: Callable[[bytes], bytes],
) -> None:
    good = unique("good")
    publisher.publish(*compiled(tmp_path, good))
    obeyed(edges, good)
    id, document = compiled(tmp_path, unique("bad"))
    assert_kept(edges, publisher, calling, (id, damage(document)), good, reason)


def assert_kept(
    edges: LocalRuntime,
    publisher: Publisher,
    calling: Caller,
    stored: tuple[str, bytes],
    good: str,
    reason: str,
) -> None:
    start = len(edges.log_lines())
    kv(calling, *stored)
    point_at(calling, publisher, stored[0])
    line = f'"what":"kept","reason":"{reason}","refused":"{stored[0][:12]}"'
    for edge in EDGES:
        shown = eventually(lambda edge=edge: not_taken(edges, edge), PATIENCE)  # type: ignore[misc]
        assert shown == {stored[0]: reason}
        assert mark_at(edges, edge) == good
    edges.wait_for_log(line, start=start)


def health(edges: LocalRuntime, edge: str) -> Any:
    with Operator(edges.url(edge), "gateway:status") as operator:
        return operator.get("/-/health").json()


def not_taken(edges: LocalRuntime, edge: str) -> Any:
    return health(edges, edge)["tables"].get("not_taken")


def test_a_table_of_a_newer_gateway_leaves_the_last_good_one(
    edges: LocalRuntime, publisher: Publisher, calling: Caller, tmp_path: Path
) -> None:
    good = unique("good")
    publisher.publish(*compiled(tmp_path, good))
    obeyed(edges, good)
    _, document = compiled(tmp_path, unique("later"))
    stored = identified(document.replace(b'"services":', b'"novelty":true,"services":', 1))
    problem(publisher.put(*stored), 422, "invalid-content")
    assert_kept(edges, publisher, calling, stored, good, "unreadable")


def test_a_table_that_does_not_fit_together_leaves_the_last_good_one(
    edges: LocalRuntime, publisher: Publisher, calling: Caller, tmp_path: Path
) -> None:
    good = unique("good")
    publisher.publish(*compiled(tmp_path, good))
    obeyed(edges, good)
    _, document = compiled(tmp_path, unique("unfit"))
    stored = identified(document.replace(b'"service":"origin"', b'"service":"nobody"'))
    refused = problem(publisher.put(*stored), 422, "invalid-content")
    assert refused["errors"][0]["path"] == "routes.0.service"
    assert_kept(edges, publisher, calling, stored, good, "invalid")


def identified(document: bytes) -> tuple[str, bytes]:
    return hashlib.sha256(document).hexdigest(), document


def test_a_table_that_is_not_to_be_seen_yet_is_taken_once_it_is(
    edges: LocalRuntime, publisher: Publisher, calling: Caller, tmp_path: Path
) -> None:
    good, late = unique("good"), unique("late")
    publisher.publish(*compiled(tmp_path, good))
    obeyed(edges, good)
    id, document = compiled(tmp_path, late)
    point_at(calling, publisher, id)
    for edge in EDGES:
        shown = eventually(lambda edge=edge: not_taken(edges, edge), PATIENCE)  # type: ignore[misc]
        assert shown == {id: "missing"}
        assert mark_at(edges, edge) == good
    kv(calling, id, document)
    obeyed(edges, late)


@pytest.mark.parametrize("fault", ["throw", "hang"])
def test_without_the_feed_the_last_good_table_goes_on(
    edges: LocalRuntime, publisher: Publisher, tmp_path: Path, fault: str, fail: Callable[..., None]
) -> None:
    good, unseen = unique("good"), unique("unseen")
    publisher.publish(*compiled(tmp_path, good))
    obeyed(edges, good, (UNREACHED,))
    fail(fault)
    publisher.publish(*compiled(tmp_path, unseen))
    obeyed(edges, unseen)
    slowest = 0.0
    end = time.monotonic() + 2 * MAX_AGE
    while time.monotonic() < end:
        began = time.monotonic()
        assert mark_at(edges, UNREACHED) == good
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < DEADLINE + 0.5
    said = health(edges, UNREACHED)["tables"]["feed"]
    assert ("timed out" if fault == "hang" else "injected") in said
    fail("none")
    obeyed(edges, unseen, (UNREACHED,))


def test_an_idle_isolate_looks_before_it_answers(
    edges: LocalRuntime, publisher: Publisher, tmp_path: Path
) -> None:
    """Nobody has asked it for longer than T, so the first answer has to be right."""
    mark = unique("idle")
    looked_at = health(edges, EDGES[3])["tables"]["looked_at"]
    seen = time.monotonic()
    eventually(lambda: time.monotonic() > seen + MAX_AGE + 0.1)
    publisher.publish(*compiled(tmp_path, mark))
    assert mark_at(edges, EDGES[3]) == mark
    assert health(edges, EDGES[3])["tables"]["looked_at"] > looked_at


def test_many_at_once_at_an_idle_isolate_all_get_the_new_table(
    edges: LocalRuntime, publisher: Publisher, tmp_path: Path
) -> None:
    mark = unique("crowd")
    mark_at(edges, EDGES[2])
    seen = time.monotonic()
    eventually(lambda: time.monotonic() > seen + MAX_AGE + 0.1)
    publisher.publish(*compiled(tmp_path, mark))
    with ThreadPoolExecutor(16) as pool:
        seen_marks = list(pool.map(lambda _: mark_at(edges, EDGES[2]), range(32)))
    assert set(seen_marks) == {mark}


def test_a_share_of_the_clients_gets_the_candidate_and_keeps_it(
    edges: LocalRuntime, publisher: Publisher, tmp_path: Path
) -> None:
    clients, percent = 1000, 20
    steady, tried = unique("steady"), unique("tried")
    old, new = compiled(tmp_path, steady), compiled(tmp_path, tried)
    publisher.publish(*old)
    assert publisher.put(*new).status_code == 201
    assert publisher.move(old[0], candidate=new[0], percent=percent).status_code == 201
    for edge in EDGES:
        eventually(lambda edge=edge: candidate_at(edges, edge) == new[0], PATIENCE)  # type: ignore[misc]
    people = [address() for _ in range(clients)]
    at = {edge: Consumer(edges.url(edge)) for edge in EDGES}

    def mark(edge: str, headers: dict[str, str]) -> str:
        (found,) = marks(at[edge].get("/marked", headers=headers))
        return found

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(mark, itertools.cycle(EDGES), people))
    expected = clients * percent / 100
    sigma = math.sqrt(expected * (1 - percent / 100))
    assert set(seen) == {steady, tried}
    assert abs(seen.count(tried) - expected) <= 3 * sigma
    again = [mark(EDGES[3], one) for one in people[:100]]
    assert again == seen[:100]
    tokens = [bearer(mint(f"sticky-{number}")) for number in range(20)]
    by_token = [[mark(edge, one | address()) for edge in EDGES] for one in tokens]
    assert all(len(set(marks)) == 1 for marks in by_token)
    # Who had it keeps it when the share grows.
    assert publisher.move(old[0], candidate=new[0], percent=60).status_code == 201
    for edge in EDGES:
        eventually(lambda edge=edge: share_at(edges, edge) == 60, PATIENCE)  # type: ignore[misc]
    grown = [mark(EDGES[0], one) for one in people[:100]]
    assert all(now == tried for was, now in zip(seen[:100], grown, strict=True) if was == tried)
    assert grown.count(tried) > seen[:100].count(tried)
    for client in at.values():
        client.close()


def candidate_at(edges: LocalRuntime, edge: str) -> Any:
    tables = health(edges, edge)["tables"]
    return tables.get("candidate", {}).get("id")


def share_at(edges: LocalRuntime, edge: str) -> Any:
    tables = health(edges, edge)["tables"]
    return tables.get("candidate", {}).get("percent")


def test_a_gateway_deployed_with_another_table_does_not_follow_an_older_pointer(
    edges: LocalRuntime, publisher: Publisher, tmp_path: Path
) -> None:
    mark = unique("published")
    publisher.publish(*compiled(tmp_path, mark))
    obeyed(edges, mark)
    assert mark_at(edges, NEWER) == "newer"
    told = health(edges, NEWER)["tables"]
    assert (told["source"], told["passed_over"]) == ("built-in", publisher.sequence)
    at_newer = Publisher(edges, NEWER)
    assert at_newer.status()["followed"] is False
    # What is published after the deploy counts there, and no longer at those of before.
    later = unique("later")
    at_newer.publish(*compiled(tmp_path, later))
    assert mark_at(edges, NEWER) == later
    obeyed(edges, BUILT_IN)
    at_newer.close()


def test_without_bindings_the_built_in_table_answers(edges: LocalRuntime) -> None:
    assert mark_at(edges, UNBOUND) == BUILT_IN
    told = health(edges, UNBOUND)
    assert told["tables"]["feed"] == "not bound"
    assert "state/ChangeFeed" not in told["workers"]
    with Operator(edges.url(UNBOUND), "gateway:publish") as client:
        problem(client.get("/-/tables"), 503, "admin-unavailable")


def test_without_keys_to_sign_with_protected_routes_are_closed(edges: LocalRuntime) -> None:
    with Consumer(edges.url(UNBOUND), bearer(mint("ada"))) as client:
        problem(client.get("/private"), 503, "auth-unavailable")
        assert client.get("/marked").status_code == 200
        assert client.get("/healthz").status_code == 503
    assert health(edges, UNBOUND)["workers"]["gateway"] == "IDENTITY_KEYS is missing"


def test_a_revoked_credential_is_verified_again(edges: LocalRuntime, calling: Caller) -> None:
    """The feed names it; the isolate forgets it, and asks the auth Worker at its next request."""
    token = mint("leaver")
    id = jwt.decode(token, options={"verify_signature": False})["jti"]

    def verified() -> int:
        return int(httpx.get(f"{edges.url(FAULT_AUTH)}/-/calls").text)

    with Consumer(edges.url(UNREACHED), bearer(token)) as client:
        before = verified()
        assert [client.get("/private").status_code for _ in range(3)] == [200] * 3
        assert verified() == before + 1
        message = {"kind": "revocation", "change": {"credential_id": id}}
        entry = calling.rpc("CHANGE_FEED", "append", message, object="feed")
        seen = {"sequence": entry["sequence"] - 1}
        assert calling.rpc("CHANGE_FEED", "since", seen, object="feed")["entries"] == [entry]
        eventually(
            lambda: client.get("/private").status_code == 200 and verified() > before + 1, PATIENCE
        )


def test_the_feed_refuses_a_change_that_is_none(calling: Caller) -> None:
    for message in (
        {"kind": "revocation", "change": {"credential": "x"}},
        {"kind": "revocation", "change": {"credential_id": ""}},
        {"kind": "nonsense", "change": {}},
    ):
        with pytest.raises(RpcError):
            calling.rpc("CHANGE_FEED", "append", message, object="feed")


def test_the_pointer_survives_a_crash(
    edges: LocalRuntime, publisher: Publisher, tmp_path: Path
) -> None:
    mark = unique("kept")
    publisher.publish(*compiled(tmp_path, mark))
    before = publisher.status()["pointer"]
    publisher.close()
    edges.kill_workerd()
    edges.wait_ready()
    again = Publisher(edges)
    assert again.status()["pointer"] == before
    obeyed(edges, mark)
    again.close()
