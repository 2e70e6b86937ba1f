"""The transform policy: which bodies are read, and what a stream or a broken one leads to.

What comes out of which settings is in tests/cases/transforms.py.
"""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.problems import Problem
from messages import Body, Exchange, Headers, Response
from policies.transform import Transform
from tests.cases.transforms import ALL, EXCHANGES
from tests.unit.fakes import FakeStream, exchange, json_response, run
from transforms.settings import TransformSettings
from transforms.templates import TemplateError

LIMIT = 100
JSON = "application/json"
RENAME = {"json": [{"op": "rename", "path": "/a", "to": "A"}]}
BOTH = {"request": RENAME, "response": RENAME}
FIELDS = {"headers": [{"op": "set", "name": "x-a", "value": "1"}]}
READS = {"headers": [{"op": "set", "name": "x-a", "template": "${body./a}"}]}


def transform(*chain: dict[str, Any], limit: int = LIMIT) -> Transform:
    return Transform(msgspec.convert(chain, list[TransformSettings]), limit)


def send(
    body: Body,
    media_type: str | None,
    response: Response | None = None,
    settings: dict[str, Any] = BOTH,
    method: str = "POST",
) -> tuple[Exchange, Response]:
    fields = {} if media_type is None else {"content-type": media_type, "content-length": "7"}
    asked = exchange(method, headers=fields, body=body)

    async def last(_exchange: Exchange) -> Response:
        return response or json_response(b"{}")

    return asked, run(transform(settings)(asked, last))


@pytest.mark.parametrize(
    "media_type",
    [JSON, "Application/JSON; charset=utf-8", "application/merge-patch+json"],
)
def test_json_is_edited_on_the_way_up(media_type: str) -> None:
    asked, _ = send(FakeStream(b'{"a":1}', length=7), media_type)
    assert asked.request.body == b'{"A":1}'
    assert list(asked.request.headers) == [("content-type", media_type)]


@pytest.mark.parametrize("media_type", ["text/plain", "application/jsonl", "text/json", None])
def test_anything_else_streams_on_unread(media_type: str | None) -> None:
    up, down = FakeStream(b'{"a":1}', length=7), FakeStream(b'{"a":1}')
    fields = Headers([] if media_type is None else [("content-type", media_type)])
    asked, response = send(up, media_type, Response(200, fields, down))
    assert (asked.request.body, response.body) == (up, down)
    assert not up.was_read
    assert not down.was_read


@pytest.mark.parametrize(
    ("settings", "read"),
    [
        ({}, (False, False)),
        ({"request": FIELDS, "response": FIELDS, "errors": FIELDS}, (False, False)),
        ({"request": RENAME}, (True, False)),
        ({"response": RENAME}, (False, True)),
        ({"errors": RENAME}, (False, False)),
        ({"request": READS}, (True, False)),
        ({"response": READS}, (False, True)),
    ],
)
def test_only_bodies_that_something_looks_into_are_read(
    settings: dict[str, Any], read: tuple[bool, bool]
) -> None:
    up, down = FakeStream(b'{"a":1}', length=7), FakeStream(b'{"a":1}')
    send(up, JSON, Response(200, Headers([("content-type", JSON)]), down), settings)
    assert (up.was_read, down.was_read) == read


@pytest.mark.parametrize("status", [101, 204, 206, 301, 304])
def test_answers_without_all_of_a_document_are_not_read(status: int) -> None:
    body = FakeStream(b'{"a":1}')
    answered = Response(status, Headers([("content-type", JSON)]), body)
    _, response = send(None, None, answered, {"response": RENAME, "errors": RENAME}, "GET")
    assert response.body is body
    assert not body.was_read


def test_the_platforms_response_is_forgotten_once_its_body_was_read() -> None:
    answered = json_response(b'{"a":1}')
    answered.origin = object()
    assert send(None, None, answered)[1].origin is None


def test_an_answer_that_was_decoded_on_the_way_does_not_claim_to_be_coded() -> None:
    answered = json_response(b'{"a":1}', content_encoding="gzip", content_length="3")
    _, response = send(None, None, answered, {"response": READS})
    assert list(response.headers) == [("content-type", JSON), ("x-a", "1")]


BAD_REQUESTS = [
    # body, code
    (b"{", "invalid-json"),
    (b"", "invalid-json"),
    (b'{"a": NaN}', "invalid-json"),
    (b'"\xff"', "invalid-json"),
    (b"[" * 100, "invalid-json"),
    (b"1e99999999999999999999", "invalid-json"),
    (b'{"a":"%s"}' % (b"x" * LIMIT), "content-too-large"),
    (FakeStream(b"x" * (LIMIT + 1)), "content-too-large"),
    (FakeStream(b"", length=LIMIT + 1), "content-too-large"),
]


@pytest.mark.parametrize(("body", "code"), BAD_REQUESTS)
def test_a_request_body_that_cannot_be_edited(body: Body, code: str) -> None:
    with pytest.raises(Problem) as refused:
        send(body, JSON)
    assert refused.value.type.code == code


@pytest.mark.parametrize("way", [RENAME, READS])
def test_a_body_that_is_only_looked_into_has_the_same_limit(way: dict[str, Any]) -> None:
    with pytest.raises(Problem) as refused:
        send(b'"%s"' % (b"x" * LIMIT), JSON, settings={"request": way})
    assert refused.value.type.code == "content-too-large"


def test_deep_nesting_is_the_clients_mistake_and_no_defect_of_ours() -> None:
    asked = exchange("POST", headers={"content-type": JSON}, body=b"[" * 100_000)

    async def last(_exchange: Exchange) -> Response:
        raise AssertionError

    with pytest.raises(Problem) as refused:
        run(transform({"request": RENAME}, limit=1_000_000)(asked, last))
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


def test_a_template_that_cannot_be_is_found_when_the_table_is_compiled() -> None:
    with pytest.raises(TemplateError):
        transform({"response": {"json": [{"op": "set", "path": "/a", "template": "${x.y}"}]}})


CHAINS = [case.chain for _, case in ALL if not hasattr(case, "operations")]
assert len(CHAINS) == sum(map(len, EXCHANGES.values()))

texts = st.text(st.characters(codec="utf-8"), max_size=20)
bodies = (
    st.none() | st.binary(max_size=20) | st.sampled_from([b'{"a":1}', b'{"a":{"a":[1]}}', b"[]"])
)
statuses = st.sampled_from([200, 201, 204, 206, 304, 404, 500])


@given(st.sampled_from(CHAINS), texts, texts, bodies, bodies, statuses)
def test_whatever_comes_the_outcome_is_an_answer_or_a_problem(
    chain: list[Any],
    query: str,
    value: str,
    up: bytes | None,
    down: bytes | None,
    status_of_service: int,
) -> None:
    asked = exchange(
        "POST",
        query=f"a={query}",
        headers={"content-type": JSON, "x-a": value, "x-odd": value, "if-match": value},
        body=up,
    )

    async def last(exchange: Exchange) -> Response:
        sent = exchange.request
        assert all(text.isprintable() or text == value for _, text in sent.headers)
        fields = Headers([("content-type", JSON), ("etag", value)])
        assert "/../" not in f"{exchange.upstream_path}/"
        return Response(status_of_service, fields, down)

    try:
        status = run(transform(*chain)(asked, last)).status
    except Problem as problem:
        status = problem.type.status
    assert 200 <= status < 600
    assert status != 500 or status_of_service == 500
