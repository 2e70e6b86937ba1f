"""Which table answers, and when an isolate looks for another; feed and archive are in memory."""

import hashlib
from typing import Any

import msgspec
import pytest

from contract.auth import CredentialKind, Principal
from contract.change_log import ChangeLog
from contract.feed import AppendRequest, Changes, Kind
from messages import Headers
from tables.live import Tables
from tables.pace import Pace, pace_of
from tables.sharing import identity_of, is_in_share
from tests.unit.fakes import NOW
from tests.unit.isolate import PACE, Isolate, stored


def test_the_first_request_looks_before_it_is_answered() -> None:
    isolate = Isolate()
    id = isolate.publish("one")
    assert isolate.request() == id
    assert isolate.feed.asked == [PACE.first_deadline]


def test_a_young_look_is_good_enough() -> None:
    isolate = Isolate()
    isolate.request()
    isolate.publish("one")
    for _ in range(10):
        assert isolate.after(0.2).request() == isolate.built_in.id
    assert len(isolate.feed.asked) == 1
    assert isolate.deferred == []


def test_a_middle_aged_one_is_renewed_behind_the_answer_once() -> None:
    isolate = Isolate()
    isolate.request()
    id = isolate.publish("one")
    isolate.after(3)
    assert [isolate.request() for _ in range(3)] == [isolate.built_in.id] * 3
    assert len(isolate.deferred) == 1
    isolate.settle()
    assert isolate.request() == id
    assert isolate.feed.asked == [PACE.first_deadline, PACE.background_deadline]


def test_an_old_one_is_renewed_before_the_answer() -> None:
    isolate = Isolate()
    isolate.request()
    id = isolate.publish("one")
    assert isolate.after(5).request() == id
    assert isolate.feed.asked == [PACE.first_deadline, PACE.deadline]


def test_what_is_known_is_as_old_as_the_question_however_late_the_answer() -> None:
    isolate = Isolate()
    isolate.request()
    answer = isolate.feed.since

    async def late(sequence: int | None, *, timeout: float) -> Changes:
        changes = await answer(sequence, timeout=timeout)
        isolate.clock.now += 2
        return changes

    isolate.feed.since = late  # type: ignore[method-assign]
    isolate.after(3).request()
    isolate.settle()  # asked at 3, answered at 5
    isolate.feed.since = answer  # type: ignore[method-assign]
    id = isolate.publish("one")
    assert isolate.after(3).request() == id, "five seconds after the question, at 8"


def test_a_look_that_was_aborted_holds_nobody_up_for_long() -> None:
    """The platform may cancel the request that looks: what it has begun is never finished."""
    isolate = Isolate()
    isolate.request()
    id = isolate.publish("one")
    isolate.after(5)
    cancelled = isolate.tables.catch_up(isolate.clock.now, isolate.deferred.append)

    async def never(sequence: int | None, *, timeout: float) -> Changes:
        await Never()
        raise AssertionError

    answer, isolate.feed.since = isolate.feed.since, never  # type: ignore[method-assign]
    cancelled.send(None)
    began = isolate.clock.now
    assert isolate.request() == isolate.built_in.id
    assert PACE.deadline <= isolate.clock.now - began < PACE.deadline + 0.1
    isolate.feed.since = answer  # type: ignore[method-assign]
    assert isolate.request() == id
    cancelled.close()
    assert isolate.tables.current.table_id == id


def test_an_aborted_background_look_is_made_up_for() -> None:
    isolate = Isolate()
    isolate.request()
    id = isolate.publish("one")
    isolate.after(3).request()
    isolate.deferred.pop().close()
    assert isolate.after(1).request() == isolate.built_in.id
    assert isolate.after(1.5).request() == id


class Never:
    def __await__(self) -> Any:
        yield None


@pytest.mark.parametrize("age", [5.0, 500.0])
def test_without_the_feed_the_last_good_table_goes_on(age: float) -> None:
    isolate = Isolate()
    id = isolate.publish("one")
    isolate.request()
    isolate.publish("two")
    isolate.feed.down = True
    assert isolate.after(age).request() == id
    assert [isolate.request() for _ in range(5)] == [id] * 5
    assert len(isolate.feed.asked) == 2, "one attempt, and then not for a while"
    errors = [line for line in isolate.lines if line["what"] == "feed"]
    assert len(errors) == 1
    assert isolate.tables.describe(isolate.tables.current)["feed"] != "ok"
    isolate.feed.down = False
    isolate.after(3).request()
    isolate.settle()
    assert isolate.request() == stored("two")[0]
    assert isolate.tables.describe(isolate.tables.current)["feed"] == "ok"


def test_an_answer_that_cannot_be_read_is_as_none() -> None:
    isolate = Isolate()
    id = isolate.publish("one")
    isolate.request()

    async def unreadable(sequence: int | None, *, timeout: float) -> Changes:
        return msgspec.json.decode(b'{"sequence":"seven"}', type=Changes)

    isolate.feed.since = unreadable  # type: ignore[method-assign]
    assert isolate.after(5).request() == id
    assert "ValidationError" in isolate.tables.describe(isolate.tables.current)["feed"]


def test_a_missing_table_is_tried_again_less_and_less_often() -> None:
    isolate = Isolate()
    id, document = stored("late")
    isolate.feed.point(id, isolate.built_in.id)
    for _ in range(40):
        assert isolate.after(5).request() == isolate.built_in.id
    assert 5 < len(isolate.archive.asked) < 15
    isolate.archive.documents[id] = document
    for _ in range(8):
        isolate.after(5).request()
    assert isolate.tables.current.table_id == id
    assert "not_taken" not in isolate.tables.describe(isolate.tables.current)


BROKEN = [
    ("damaged", lambda document: document + b" "),
    ("damaged", lambda document: b""),
]


@pytest.mark.parametrize(("reason", "damage"), BROKEN)
def test_a_damaged_table_is_not_taken(reason: str, damage: Any) -> None:
    isolate = Isolate()
    good = isolate.publish("good")
    isolate.request()
    id, document = stored("bad")
    isolate.archive.documents[id] = damage(document)
    isolate.feed.point(id, isolate.built_in.id)
    assert isolate.after(5).request() == good
    line = isolate.lines[-1]
    assert (line["what"], line["reason"], line["refused"]) == ("kept", reason, id[:12])


UNFIT = [
    ("unreadable", b'{"novelty":true,'),
    ("invalid", None),
]


@pytest.mark.parametrize(("reason", "start"), UNFIT)
def test_a_table_that_is_whole_and_yet_no_good_is_not_taken(
    reason: str, start: bytes | None
) -> None:
    isolate = Isolate()
    _, document = stored("bad")
    if start is not None:
        document = start + document[1:]
    else:
        document = document.replace(b'"service":"data"', b'"service":"nobody"')
    id = hashlib.sha256(document).hexdigest()
    isolate.archive.documents[id] = document
    isolate.feed.point(id, isolate.built_in.id)
    assert isolate.request() == isolate.built_in.id
    assert isolate.lines[-1]["reason"] == reason


def test_an_archive_that_is_too_slow_is_asked_again_behind_the_answer() -> None:
    isolate = Isolate()
    id = isolate.publish("one")
    isolate.archive.down = True
    assert isolate.request() == isolate.built_in.id
    assert len(isolate.deferred) == 1
    isolate.archive.down = False
    isolate.settle()
    assert isolate.request() == id


def test_a_pointer_for_another_deploy_is_passed_over() -> None:
    isolate = Isolate()
    id = isolate.store("one")
    isolate.feed.point(id, "f" * 64)
    assert isolate.request() == isolate.built_in.id
    assert isolate.archive.asked == []
    assert isolate.tables.describe(isolate.tables.current)["passed_over"] == 1


def test_a_feed_that_has_begun_anew_leaves_the_last_good_table() -> None:
    isolate = Isolate()
    isolate.publish("one")
    id = isolate.publish("two")
    assert isolate.request() == id
    isolate.feed.log = ChangeLog()
    assert isolate.after(5).request() == id
    third = isolate.publish("three")
    assert isolate.after(5).request() == third


def test_an_older_answer_changes_nothing() -> None:
    isolate = Isolate()
    isolate.publish("one")
    early = isolate.feed.log.since(None)
    id = isolate.publish("two")
    isolate.request()
    isolate.tables._take(early)
    assert isolate.tables.current.table_id == id


def test_only_some_tables_are_kept_compiled() -> None:
    isolate = Isolate()
    ids = [isolate.publish(f"table-{number}") for number in range(3)]
    for number in range(3, 12):
        ids.append(isolate.publish(f"table-{number}"))
        assert isolate.after(5).request() == ids[-1]
    assert len(isolate.tables._loaded) == Tables.KEPT
    asked = len(isolate.archive.asked)
    isolate.publish("table-10")
    assert isolate.after(5).request() == ids[10]
    assert len(isolate.archive.asked) == asked, "the way back needs no archive"


def test_without_bindings_nobody_ever_looks() -> None:
    isolate = Isolate(bound=False)
    assert isolate.after(1e9).request() == isolate.built_in.id
    assert isolate.tables.describe(isolate.tables.current)["feed"] == "not bound"


def remember(isolate: Isolate, id: str) -> None:
    principal = Principal(
        subject="ada",
        kind=CredentialKind.TOKEN,
        expires_at=int(NOW) + 3600,
        credential_id=id,
    )
    isolate.memory.remembered.put(id.encode(), principal, isolate.clock.now, 0)


def revoke(isolate: Isolate, id: str) -> None:
    change = msgspec.Raw(msgspec.json.encode({"credential_id": id}))
    entry = isolate.feed.log.appended(AppendRequest(kind=Kind.REVOCATION, change=change), NOW)
    isolate.feed.log.take_entry(entry)


def test_a_revoked_credential_is_forgotten_and_no_other() -> None:
    isolate = Isolate()
    isolate.request()
    remember(isolate, "leaver")
    remember(isolate, "stayer")
    revoke(isolate, "leaver")
    isolate.after(5).request()
    get = isolate.memory.remembered.get
    assert get(b"leaver", isolate.clock.now) is None
    assert get(b"stayer", isolate.clock.now) is not None


def test_whoever_missed_changes_forgets_everybody() -> None:
    isolate = Isolate()
    isolate.request()
    remember(isolate, "stayer")
    for number in range(250):
        revoke(isolate, str(number))
    isolate.after(5).request()
    assert isolate.memory.remembered.get(b"stayer", isolate.clock.now) is None


def test_a_revocation_that_cannot_be_read_is_one_of_everybody() -> None:
    isolate = Isolate()
    isolate.request()
    remember(isolate, "stayer")
    revoke(isolate, "x")
    entry = isolate.feed.log._entries[0]
    isolate.feed.log._entries[0] = msgspec.structs.replace(entry, change=msgspec.Raw(b"{}"))
    isolate.after(5).request()
    assert isolate.memory.remembered.get(b"stayer", isolate.clock.now) is None


def test_a_change_of_a_kind_that_nobody_knows_is_passed_over() -> None:
    isolate = Isolate()
    isolate.request()
    revoke(isolate, "x")
    entry = isolate.feed.log._entries[0]
    isolate.feed.log._entries[0] = msgspec.structs.replace(entry, kind="novelty")
    id = isolate.publish("one")
    assert isolate.after(5).request() == id


def test_a_share_is_sticky_and_grows_only() -> None:
    people = [f"10.0.{number >> 8}.{number & 255}" for number in range(2000)]
    small = {one for one in people if is_in_share(one, "a" * 64, 10)}
    large = {one for one in people if is_in_share(one, "a" * 64, 30)}
    other = {one for one in people if is_in_share(one, "b" * 64, 10)}
    assert abs(len(small) - 200) <= 3 * (2000 * 0.1 * 0.9) ** 0.5
    assert small < large
    assert small != other
    assert not any(is_in_share(one, "a" * 64, 0) for one in people)
    assert all(is_in_share(one, "a" * 64, 100) for one in people)


IDENTITIES = [
    ([("authorization", "Bearer x"), ("cf-connecting-ip", "192.0.2.1")], "Bearer x"),
    ([("cf-connecting-ip", "192.0.2.1")], "192.0.2.1"),
    ([], "-"),
]


@pytest.mark.parametrize(("fields", "identity"), IDENTITIES)
def test_a_client_is_its_credential_or_its_address(
    fields: list[tuple[str, str]], identity: str
) -> None:
    assert identity_of(Headers(fields)) == identity


SETTINGS = [
    (None, None, 5.0, 0.3, 1.0, 0),
    ("1s", "50ms", 1.0, 0.05, 1.0, 0),
    ("1m30s", "2s", 90.0, 2.0, 2.0, 0),
    ("soon", "", 5.0, 0.3, 1.0, 2),
    ("0s", "99h", 0.0, 0.3, 1.0, 1),
]


@pytest.mark.parametrize(("age", "wait", "max_age", "deadline", "first", "said"), SETTINGS)
def test_the_pace_is_set_by_two_variables(
    age: str | None, wait: str | None, max_age: float, deadline: float, first: float, said: int
) -> None:
    complaints: list[str] = []
    assert pace_of(age, wait, complaints.append) == Pace(max_age, deadline, first)
    assert len(complaints) == said
