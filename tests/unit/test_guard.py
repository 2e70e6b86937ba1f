"""The guard: bodies up to the limit, and no further."""

import pytest

from contract.problems import Problem
from messages import Body
from policies.guard import Guard
from tests.unit.fakes import FakeStream, answer_empty, exchange, run

LIMIT = 5


@pytest.mark.parametrize(
    ("body", "is_read"),
    [
        (None, False),
        (b"12345", False),
        (FakeStream(b"12345", length=5), False),
        (FakeStream(b"", length=0), False),
        # Nothing else would stop a body whose length nobody has declared.
        (FakeStream(b"12345"), True),
    ],
)
def test_a_body_up_to_the_limit_passes(body: Body, is_read: bool) -> None:
    asked = exchange("POST", body=body)
    assert run(Guard(LIMIT)(asked, answer_empty)).status == 200
    assert getattr(body, "was_read", False) is is_read
    assert asked.request.body == (b"12345" if is_read else body)


@pytest.mark.parametrize("body", [FakeStream(b"123456", length=6), FakeStream(b"123456")])
def test_a_larger_one_is_refused(body: FakeStream) -> None:
    with pytest.raises(Problem) as refused:
        run(Guard(LIMIT)(exchange("POST", body=body), answer_empty))
    assert refused.value.type.code == "content-too-large"
    assert refused.value.extensions == {"limit": LIMIT}
    assert body.was_read is (body.length is None)
