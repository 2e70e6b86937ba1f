"""How `gateway audit-log` shows entries: an action is one line, with what came of it."""

from typing import Any

from cli.audit_log import lines_of

WHO = {"request_id": "r", "address": "192.0.2.1", "subject": "ada", "credential_id": "jti-1"}


def entry(sequence: int, phase: str, action: str, **more: Any) -> dict[str, Any]:
    record = {"phase": phase, "action": action, "method": "POST", "target": "/-/x", **WHO, **more}
    return {"sequence": sequence, "at": 1_800_000_000.0, "record": record}


def test_an_intent_and_its_outcome_are_one_line() -> None:
    (line,) = lines_of(
        [
            entry(7, "intent", "keys.create", parameters={"name": "c i", "owner": ""}),
            entry(
                9,
                "outcome",
                "keys.create",
                intent=7,
                status=201,
                result={"id": "k1", "of": "0" * 64},
            ),
        ]
    )
    assert line.startswith("    7  2027-01-15")
    assert line.endswith(
        '201  keys.create  POST /-/x  ada (jti-1) at 192.0.2.1  name="c i" id=k1 of=000000000000…'
    )


def test_two_at_once_are_told_apart() -> None:
    lines = lines_of(
        [
            entry(1, "intent", "a"),
            entry(2, "intent", "b"),
            entry(3, "outcome", "b", intent=2, status=204),
            entry(4, "outcome", "a", intent=1, status=409),
        ]
    )
    assert [line.split("Z  ")[1].split("  POST")[0] for line in lines] == ["409  a", "204  b"]


def test_what_stands_alone_is_a_line_alone() -> None:
    nobody = {"subject": "", "credential_id": ""}
    result = {"problem": "unauthenticated"}
    lines = lines_of(
        [
            entry(5, "outcome", "a", intent=4, status=201),
            entry(6, "intent", "b"),
            entry(7, "refused", "", status=401, result=result, **nobody),
        ]
    )
    assert [line.split("Z  ")[1] for line in lines] == [
        "201  a  POST /-/x  ada (jti-1) at 192.0.2.1",
        "not known  b  POST /-/x  ada (jti-1) at 192.0.2.1",
        "refused 401  -  POST /-/x  nobody at 192.0.2.1  problem=unauthenticated",
    ]
