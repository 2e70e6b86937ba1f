"""What is known of a request with an idempotency key, and that no key is ever sent twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.idempotency import (
    BeginAnswer,
    BeginRequest,
    End,
    EndRequest,
    KeptAnswer,
    Standing,
)
from contract.keyed_request import KeyedRequest

NOW = 1_800_000_000.0
LEASE, TTL = 30.0, 3600.0
ANSWER = KeptAnswer(201, (("location", "/things/1"),), b"made")


def asked(attempt: str, fingerprint: str = "same") -> BeginRequest:
    return BeginRequest(attempt=attempt, fingerprint=fingerprint, lease=LEASE, ttl=TTL)


def ended(attempt: str, end: End, answer: KeptAnswer | None = None) -> EndRequest:
    return EndRequest(attempt=attempt, end=end, status=201, answer=answer)


KEPT, LOST = ended("a", End.ANSWERED, ANSWER), ended("a", End.ANSWERED)
UNSENT, DOUBT = ended("a", End.UNSENT), ended("a", End.IN_DOUBT)
OF_ANOTHER = ended("x", End.UNSENT)

CASES = [
    # what is told of attempt a, seconds after it began, the fingerprint: how the key stands then
    ([], 0, "same", BeginAnswer(standing=Standing.RUNNING, wait=LEASE)),
    ([], 20, "same", BeginAnswer(standing=Standing.RUNNING, wait=10)),
    ([], LEASE, "same", BeginAnswer(standing=Standing.IN_DOUBT)),
    ([], TTL - 1, "same", BeginAnswer(standing=Standing.IN_DOUBT)),
    ([], TTL, "same", BeginAnswer(standing=Standing.BEGUN)),
    ([], 0, "other", BeginAnswer(standing=Standing.OTHER)),
    ([], TTL, "other", BeginAnswer(standing=Standing.BEGUN)),
    ([KEPT], 1, "same", BeginAnswer(standing=Standing.DONE, answer=ANSWER)),
    ([KEPT], LEASE, "same", BeginAnswer(standing=Standing.DONE, answer=ANSWER)),
    ([KEPT], TTL, "same", BeginAnswer(standing=Standing.BEGUN)),
    ([KEPT], 1, "other", BeginAnswer(standing=Standing.OTHER)),
    ([LOST], 1, "same", BeginAnswer(standing=Standing.NOT_KEPT, status=201)),
    ([UNSENT], 1, "same", BeginAnswer(standing=Standing.BEGUN)),
    ([UNSENT], 1, "other", BeginAnswer(standing=Standing.BEGUN)),
    ([DOUBT], 1, "same", BeginAnswer(standing=Standing.IN_DOUBT)),
    ([DOUBT], TTL, "same", BeginAnswer(standing=Standing.BEGUN)),
    # The first end counts, but for a doubt, which can be cleared up.
    ([KEPT, UNSENT], 1, "same", BeginAnswer(standing=Standing.DONE, answer=ANSWER)),
    ([KEPT, DOUBT], 1, "same", BeginAnswer(standing=Standing.DONE, answer=ANSWER)),
    ([DOUBT, KEPT], 1, "same", BeginAnswer(standing=Standing.DONE, answer=ANSWER)),
    # Nobody ends what somebody else began.
    ([OF_ANOTHER], 0, "same", BeginAnswer(standing=Standing.RUNNING, wait=LEASE)),
]


@pytest.mark.parametrize(("told", "later", "fingerprint", "expected"), CASES)
def test_a_key_stands(
    told: list[EndRequest], later: float, fingerprint: str, expected: BeginAnswer
) -> None:
    record = KeyedRequest()
    assert record.begin(asked("a"), NOW).standing is Standing.BEGUN
    for one in told:
        record.end(one)
    assert record.begin(asked("b", fingerprint), NOW + later) == expected


def test_an_end_after_the_lease_still_counts() -> None:
    record = KeyedRequest()
    record.begin(asked("a"), NOW)
    assert record.begin(asked("b"), NOW + LEASE).standing is Standing.IN_DOUBT
    assert record.end(KEPT)
    assert record.begin(asked("b"), NOW + LEASE).answer == ANSWER


def test_an_end_from_before_the_key_expired_says_nothing_of_who_has_it_now() -> None:
    record = KeyedRequest()
    record.begin(asked("a"), NOW)
    record.begin(asked("b"), NOW + TTL)
    assert not record.end(UNSENT)
    assert record.begin(asked("c"), NOW + TTL).standing is Standing.RUNNING


def test_a_key_is_not_forgotten_while_its_request_may_be_under_way() -> None:
    record = KeyedRequest()
    short = BeginRequest(attempt="a", fingerprint="same", lease=LEASE, ttl=1.0)
    record.begin(short, NOW)
    assert record.begin(asked("b"), NOW + LEASE - 1).standing is Standing.RUNNING


KINDS = ["ask", "ask", "send", "send", "answered", "gave up", "vanished", "told again", "wait"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 3),  # which of the attempts, or of what was told
        st.sampled_from([1.0, LEASE]),
    ),
    min_size=10,
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_no_key_is_sent_twice(steps: list[tuple[str, int, float]]) -> None:
    """Attempts that begin send, are answered, give up or vanish, in any order; what they tell of
    their end may arrive again, much later."""
    record, now, sent = KeyedRequest(), NOW, set[str]()
    running: list[str] = []
    told: list[EndRequest] = []
    for number, (step, which, seconds) in enumerate(steps):
        if step == "wait":
            now = min(now + seconds, NOW + TTL - 1)  # while the key is remembered
        elif step == "ask":
            attempt = f"attempt-{number}"
            if record.begin(asked(attempt), now).standing is Standing.BEGUN:
                running.append(attempt)
        elif step == "told again":
            if told:
                record.end(told[which % len(told)])
        elif running:
            attempt = running[which % len(running)]
            if step == "send":
                sent.add(attempt)
                assert len(sent) == 1
                continue
            running.remove(attempt)
            if step != "vanished":
                end = End.ANSWERED if step == "answered" else End.IN_DOUBT
                told.append(ended(attempt, end if attempt in sent else End.UNSENT))
                record.end(told[-1])
