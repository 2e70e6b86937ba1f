"""The registry of problem types, and the documents that clients get (RFC 9457)."""

import re

import msgspec
import pytest

from contract.problems import (
    CONFLICT,
    IDEMPOTENCY_IN_PROGRESS,
    RATE_LIMITED,
    Category,
    Problem,
    ProblemType,
    registry,
)

ENTRIES = list(registry().values())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_every_entry_is_fit_to_be_shown(entry: ProblemType) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", entry.code)
    assert entry.uri == f"/problems/{entry.code}"
    assert 400 <= entry.status <= 599
    assert not entry.title.endswith(".")
    assert entry.explanation.endswith(".")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_only_what_may_pass_by_itself_is_worth_a_retry(entry: ProblemType) -> None:
    passing = entry.status in (408, 429, 502, 503, 504) or entry is IDEMPOTENCY_IN_PROGRESS
    assert entry.retryable is passing


def test_every_category_is_used() -> None:
    assert {entry.category for entry in ENTRIES} == set(Category)


DOCUMENTS = [
    (
        Problem(RATE_LIMITED, "Wait a little.", headers={"retry-after": "9"}, policy="few"),
        "id-1",
        {
            "type": "/problems/rate-limited",
            "title": "Too many requests",
            "status": 429,
            "detail": "Wait a little.",
            "code": "rate-limited",
            "category": "LIMIT",
            "retryable": True,
            "request_id": "id-1",
            "policy": "few",
        },
    ),
    (
        Problem(CONFLICT),
        None,
        {
            "type": "/problems/conflict",
            "title": CONFLICT.title,
            "status": 409,
            "detail": CONFLICT.explanation,
            "code": "conflict",
            "category": "REQUEST",
            "retryable": False,
        },
    ),
]


@pytest.mark.parametrize(("problem", "request_id", "members"), DOCUMENTS)
def test_a_problem_document(
    problem: Problem, request_id: str | None, members: dict[str, object]
) -> None:
    assert msgspec.json.decode(problem.document(request_id)) == members


def test_as_an_exception_it_says_what_happened() -> None:
    assert str(Problem(CONFLICT, "Somebody was faster.")) == "Somebody was faster."
    assert str(Problem(CONFLICT)) == CONFLICT.title
