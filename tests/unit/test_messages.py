"""Header fields keep their order and their repetitions; a body is read up to a limit."""

import pytest

from messages import Body, BodyTooLarge, Headers, read_body
from tests.unit.fakes import FakeStream, run


def test_fields_keep_order_and_repetition() -> None:
    headers = Headers([("a", "1"), ("b", "2"), ("a", "3")])
    assert headers.get("a") == "1"
    assert headers.get_all("a") == ["1", "3"]
    assert headers.get("c") is None
    assert "b" in headers
    assert "c" not in headers
    assert len(headers) == 3
    headers.set("b", "9")
    headers.add("b", "10")
    assert list(headers) == [("a", "1"), ("a", "3"), ("b", "9"), ("b", "10")]
    headers.remove("a", "nothing")
    assert repr(headers) == "Headers([('b', '9'), ('b', '10')])"


def test_a_copy_lives_by_itself() -> None:
    headers = Headers([("a", "1")])
    copy = headers.copy()
    copy.set("a", "2")
    assert headers.get("a") == "1"


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (None, b""),
        (b"12345", b"12345"),
        (FakeStream(b"12345"), b"12345"),
        (FakeStream(b"12345", length=5), b"12345"),
    ],
)
def test_a_body_up_to_the_limit_is_read(body: Body, content: bytes) -> None:
    assert run(read_body(body, 5)) == content


@pytest.mark.parametrize("body", [b"123456", FakeStream(b"123456"), FakeStream(b"", length=6)])
def test_a_body_past_the_limit_is_not(body: Body) -> None:
    with pytest.raises(BodyTooLarge):
        run(read_body(body, 5))


def test_a_declared_length_is_enough_to_refuse() -> None:
    body = FakeStream(b"", length=6)
    with pytest.raises(BodyTooLarge):
        run(read_body(body, 5))
    assert not body.was_read
