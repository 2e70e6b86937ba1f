"""How long clients wait while something is down, and what they get. `pytest -s` shows all of it as
one table; what the auth Worker does to them, tests/faults/test_auth_down.py shows.

Whatever hangs does so for longer than a client would wait (`HANG` in tests/workers/fault.mjs), so
that an answer at all shows that a time limit holds.
"""

import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from tests.conftest import Fail
from tests.consumer import Consumer, address, unique
from tests.plan import FAULTS, FAULTY_OBJECTS

REQUESTS: Final = 8
HANG: Final = 20.0
"""Seconds."""

Answers = Mapping[str, int]
"""How many of each kind: a status, and what marks it."""

LIMITED: Final = "/limited/by-address/x"
CACHED: Final = ("/v2/cached", "/hurried")
"""Where each request is for something else, of which nothing is stored."""

# what is down, fault, Worker that fails, path, answers
CASES: Final[list[tuple[str, str, str, str, Answers]]] = [
    ("nothing", "none", FAULTY_OBJECTS, "/forgives", {"200": 8}),
    ("nothing", "none", FAULTY_OBJECTS, "/limited/kept", {"204": 8}),
    ("limiter object", "throw", FAULTY_OBJECTS, LIMITED, {"200 local": 5, "429 local": 3}),
    ("limiter object", "hang", FAULTY_OBJECTS, LIMITED, {"200 local": 5, "429 local": 3}),
    ("limiter object", "throw", FAULTY_OBJECTS, "/limited/closed", {"503": 8}),
    ("limiter object", "hang", FAULTY_OBJECTS, "/limited/closed", {"503": 8}),
    ("breaker object", "throw", FAULTY_OBJECTS, "/forgives", {"200": 8}),
    ("breaker object", "hang", FAULTY_OBJECTS, "/forgives", {"200": 8}),
    ("cache lease objects", "throw", FAULTY_OBJECTS, "/hurried", {"200": 8}),
    ("cache lease objects", "hang", FAULTY_OBJECTS, "/hurried", {"200": 8}),
    ("Cache API", "throw", FAULTS["CACHE_API"], "/v2/cached", {"200": 8}),
    ("Cache API", "hang", FAULTS["CACHE_API"], "/v2/cached", {"200": 8}),
    ("cache Worker", "throw", FAULTS["CACHE"], "/v2/cached", {"200": 8}),
    ("cache Worker", "status", FAULTS["CACHE"], "/v2/cached", {"200": 8}),
    ("cache Worker", "hang", FAULTS["CACHE"], "/v2/cached", {"200": 8}),
]


@pytest.fixture(scope="module")
def table() -> Iterator[list[str]]:
    """Lines that are shown when all are there."""
    lines = [
        "| down | fault | path | answers | median ms | longest ms |",
        "|---|---|---|---|---|---|",
    ]
    yield lines
    print("\n" + "\n".join(lines))


@pytest.mark.parametrize(("down", "fault", "worker", "path", "answers"), CASES)
def test_nobody_waits_for_what_is_down(
    faulty: Consumer,
    fail: Fail,
    table: list[str],
    down: str,
    fault: str,
    worker: str,
    path: str,
    answers: Answers,
) -> None:
    fail(worker, fault)
    note = Noted(faulty)
    for _ in range(REQUESTS):
        note.ask(f"{path}/{unique('waiting')}" if path in CACHED else path)
    table.append(f"| {down} | {fault} | `{path}` | {note} |")
    assert note.answers == answers
    assert max(note.took) < HANG / 4


def test_a_service_that_hangs_is_waited_for_until_its_breaker_opens(
    faulty: Consumer, table: list[str]
) -> None:
    note = Noted(faulty)
    while note.answers["503"] < REQUESTS and sum(note.answers.values()) < 10 * REQUESTS:
        note.ask("/breaks-and-is-timed", fault="hang")
    table.append(f"| service | hang | `/breaks-and-is-timed` | {note} |")
    assert set(note.answers) == {"504", "503"}
    assert note.answers["503"] == REQUESTS
    assert note.answers["504"] < 5 * REQUESTS


class Noted:
    """Requests of one client, one after the other: what came, and after how many seconds."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._client = address()
        self.answers: Counter[str] = Counter()
        self.took: list[float] = []

    def ask(self, path: str, **query: str) -> None:
        began = time.monotonic()
        response = self._consumer.get(path, params=query, headers=self._client)
        self.took.append(time.monotonic() - began)
        local = response.headers.get("ratelimit", "").endswith(";local")
        self.answers[f"{response.status_code}{' local' * local}"] += 1

    def __str__(self) -> str:
        answers = ", ".join(f"{number} of {kind}" for kind, number in self.answers.items())
        median, longest = statistics.median(self.took) * 1000, max(self.took) * 1000
        return f"{answers} | {median:.0f} | {longest:.0f}"
