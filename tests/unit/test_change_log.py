"""The change feed as plain data: one sequence, a pointer that is compared before it is moved."""

import msgspec
import pytest

from contract import change_log
from contract.change_log import ChangeLog
from contract.feed import AppendRequest, Changes, Entry, Kind, PointerRequest, TablePointer
from tests.unit.fakes import NOW

A, B, C = "a" * 64, "b" * 64, "c" * 64


def request(current: str, expected: int, **more: object) -> PointerRequest:
    usual = {"parent": A, "built_in": A, "author": "ada", "subject": "ada"}
    return msgspec.convert(
        {**usual, "current": current, "expected": expected, **more}, PointerRequest
    )


def move(log: ChangeLog, current: str, expected: int, **more: object) -> TablePointer | None:
    pointer = log.moved(request(current, expected, **more), NOW)
    if pointer is not None:
        log.take_pointer(pointer)
    return pointer


def append(log: ChangeLog, credential: str) -> Entry:
    change = msgspec.json.encode({"credential_id": credential})
    entry = log.appended(AppendRequest(kind=Kind.REVOCATION, change=msgspec.Raw(change)), NOW)
    log.take_entry(entry)
    return entry


def test_the_pointer_is_moved_by_who_knows_which_one_stands() -> None:
    log = ChangeLog()
    assert move(log, B, 7) is None
    first = move(log, B, 0)
    assert first is not None
    assert (first.sequence, first.current, first.at) == (1, B, NOW)
    assert move(log, C, 0) is None
    assert log.pointer == first
    second = move(log, C, 1)
    assert second is not None
    assert second.sequence == 2


def test_nothing_changes_before_it_is_taken_in() -> None:
    log = ChangeLog()
    assert log.moved(request(B, 0), NOW) is not None
    assert (log.pointer, log.sequence) == (None, 0)


def test_one_sequence_counts_pointers_and_changes() -> None:
    log = ChangeLog()
    move(log, B, 0)
    assert append(log, "x").sequence == 2
    assert move(log, C, 2) is None, "what is compared is the pointer's own sequence"
    pointer = move(log, C, 1)
    assert pointer is not None
    assert pointer.sequence == log.sequence == 3


SHARES = [(B, 10, B, 10), (B, 0, None, 0), (None, 10, None, 0)]


@pytest.mark.parametrize(("candidate", "percent", "kept", "share"), SHARES)
def test_a_candidate_has_a_share_or_is_none(
    candidate: str | None, percent: int, kept: str | None, share: int
) -> None:
    pointer = move(ChangeLog(), A, 0, candidate=candidate, percent=percent)
    assert pointer is not None
    assert (pointer.candidate, pointer.percent) == (kept, share)


def test_who_remembers_nothing_is_told_only_where_the_log_stands() -> None:
    log = ChangeLog()
    append(log, "x")
    pointer = move(log, B, 0)
    changes = log.since(None)
    assert (changes.sequence, changes.pointer, changes.entries) == (2, pointer, ())


def test_who_asks_again_is_told_what_is_newer() -> None:
    log = ChangeLog()
    pointer = move(log, B, 0)
    entries = tuple(append(log, name) for name in "xyz")
    assert log.since(0).pointer == pointer
    assert log.since(1).pointer is None
    assert log.since(1).entries == entries
    assert log.since(3).entries == entries[2:]
    assert log.since(4) == log.since(99) == Changes(sequence=4)


def test_who_was_away_for_too_long_is_told_to_forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_log, "MAX_ENTRIES", 3)
    log = ChangeLog()
    for number in range(5):
        append(log, str(number))
    assert log.since(1).missed
    assert not log.since(2).missed
    assert [entry.sequence for entry in log.since(2).entries] == [3, 4, 5]


def test_no_answer_is_longer_than_it_may_be() -> None:
    log = ChangeLog()
    for number in range(change_log.MAX_ANSWERED + 1):
        append(log, str(number))
    assert log.since(0).missed
    assert log.since(0).entries == ()
    assert len(log.since(1).entries) == change_log.MAX_ANSWERED


def test_the_history_is_bounded_and_begins_with_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(change_log, "MAX_POINTERS", 3)
    log, dropped = ChangeLog(), []
    for number in range(5):
        pointer = log.moved(request(B, number), NOW)
        assert pointer is not None
        dropped.append(log.take_pointer(pointer))
    assert dropped == [None, None, None, 1, 2]
    assert [one.sequence for one in log.history(2)] == [5, 4]
    assert [one.sequence for one in log.history(200)] == [5, 4, 3]


def test_a_log_goes_on_where_it_was_left() -> None:
    log = ChangeLog()
    pointer, entry = move(log, B, 0), append(log, "x")
    assert pointer is not None
    again = ChangeLog([pointer], [entry])
    assert again.since(0) == log.since(0)
    assert ChangeLog(dropped=9).sequence == 9


def test_a_change_has_to_be_one_of_its_kind() -> None:
    wrong = AppendRequest(kind=Kind.PURGE, change=msgspec.Raw(b'{"credential_id":"x"}'))
    with pytest.raises(msgspec.ValidationError):
        ChangeLog().appended(wrong, NOW)
