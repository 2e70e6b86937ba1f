"""The transform policy: which bodies are edited, and which go through as they are."""

from typing import Any

import pytest

from contract.problems import Problem
from messages import Body, Exchange, Headers, Response
from policies.transform import Transform
from tests.unit.fakes import FakeStream, exchange, json_response, run


def upper(document: Any) -> Any:
    """An edit that shows: the members' names in capitals."""
    return {name.upper(): value for name, value in document.items()}


LIMIT = 100
JSON = "application/json"


def send(
    body: Body, media_type: str | None, response: Response | None = None, method: str = "POST"
) -> tuple[Exchange, Response]:
    fields = {} if media_type is None else {"content-type": media_type, "content-length": "7"}
    asked = exchange(method, headers=fields, body=body)

    async def last(_exchange: Exchange) -> Response:
        return response or json_response(b"{}")

    return asked, run(Transform(upper, upper, LIMIT)(asked, last))


@pytest.mark.parametrize(
    "media_type",
    [JSON, "Application/JSON; charset=utf-8", "application/merge-patch+json"],
)
def test_json_is_edited_on_the_way_up(media_type: str) -> None:
    asked, _ = send(b'{"a":1}', media_type)
    assert asked.request.body == b'{"A":1}'
    assert list(asked.request.headers) == [("content-type", media_type)]


@pytest.mark.parametrize("media_type", ["text/plain", "application/jsonl", "text/json", None])
def test_anything_else_goes_through_unread(media_type: str | None) -> None:
    body = FakeStream(b'{"a":1}', length=7)
    asked, _ = send(body, media_type)
    assert asked.request.body is body
    assert not body.was_read


def test_json_is_edited_on_the_way_back() -> None:
    answered = json_response(b'{"a":1}', etag='"1"', content_length="7", content_digest="x")
    answered.origin = object()
    _, response = send(None, None, answered)
    assert response.body == b'{"A":1}'
    assert list(response.headers) == [("content-type", JSON), ("etag", '"1"')]
    assert response.origin is None


@pytest.mark.parametrize(
    ("method", "response"),
    [
        ("GET", json_response(b'{"a":1}', 404)),
        ("GET", json_response(b'{"a":1}', 304)),
        ("GET", Response(200, Headers([("content-type", "text/html")]), b'{"a":1}')),
        ("HEAD", json_response(b'{"a":1}')),
    ],
)
def test_other_answers_are_left_alone(method: str, response: Response) -> None:
    _, answered = send(None, None, response, method)
    assert answered.body == b'{"a":1}'


def test_an_answer_without_a_body_stays_without() -> None:
    _, response = send(None, None, Response(204, Headers([("content-type", JSON)])))
    assert response.body is None


def test_a_transform_of_one_direction_leaves_the_other_alone() -> None:
    asked = exchange("POST", headers={"content-type": JSON}, body=b'{"a":1}')

    async def last(_exchange: Exchange) -> Response:
        return json_response(b'{"b":2}')

    response = run(Transform(None, None, LIMIT)(asked, last))
    assert (asked.request.body, response.body) == (b'{"a":1}', b'{"b":2}')


BAD_REQUESTS = [
    # body, code
    (b"{", "invalid-json"),
    (b"", "invalid-json"),
    (b'{"a": NaN}', "invalid-json"),
    (b'"\xff"', "invalid-json"),
    (b"[" * 100, "invalid-json"),
    (b'{"a":"%s"}' % (b"x" * LIMIT), "content-too-large"),
    (FakeStream(b"x" * (LIMIT + 1)), "content-too-large"),
]


@pytest.mark.parametrize(("body", "code"), BAD_REQUESTS)
def test_a_request_body_that_cannot_be_edited(body: Body, code: str) -> None:
    with pytest.raises(Problem) as refused:
        send(body, JSON)
    assert refused.value.type.code == code


def test_deep_nesting_is_the_clients_mistake_and_no_defect_of_ours() -> None:
    asked = exchange("POST", headers={"content-type": JSON}, body=b"[" * 100_000)

    async def last(_exchange: Exchange) -> Response:
        raise AssertionError

    with pytest.raises(Problem) as refused:
        run(Transform(upper, None, 1_000_000)(asked, last))
    assert refused.value.type.code == "invalid-json"


@pytest.mark.parametrize("body", [b"<html>", b"x" * (LIMIT + 1)])
def test_an_answer_that_cannot_be_edited_is_the_services_fault(body: bytes) -> None:
    with pytest.raises(Problem) as failed:
        send(None, None, json_response(body))
    assert failed.value.type.code == "upstream-invalid"


@pytest.mark.parametrize(
    "number", [b"1.10", b"0.1", b"12345678901234567890123", b"1.0", b"-0.0", b"100000000000.01"]
)
def test_numbers_come_out_as_they_went_in(number: bytes) -> None:
    asked, _ = send(b'{"a":%s}' % number, JSON)
    assert asked.request.body == b'{"A":%s}' % number


def test_the_answer_to_head_says_nothing_of_bytes_that_get_would_not_send() -> None:
    answered = json_response(b"", etag='"1"', content_length="7")
    _, response = send(None, None, answered, method="HEAD")
    assert list(response.headers) == [("content-type", JSON), ("etag", '"1"')]


def test_a_coded_request_body_is_refused_and_not_misread() -> None:
    asked = exchange(
        "POST", headers={"content-type": JSON, "content-encoding": "gzip"}, body=b"\x1f\x8b"
    )

    async def last(_exchange: Exchange) -> Response:
        raise AssertionError

    with pytest.raises(Problem) as refused:
        run(Transform(upper, upper, LIMIT)(asked, last))
    assert refused.value.type.code == "unsupported-media-type"
