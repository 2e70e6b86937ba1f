"""The HTTP vocabulary of the services: media types, callers, bodies, answers."""

from typing import Any

import msgspec
import pytest

from contract import problems
from contract.problems import Problem
from contract.service import (
    JSON,
    MERGE_PATCH,
    ServiceRequest,
    ServiceResponse,
    answer,
    decode_json,
    json_response,
)

MEDIA_TYPES = {
    "": "",
    "application/json": "application/json",
    "Application/JSON; charset=utf-8": "application/json",
    " text/plain ;x=y": "text/plain",
}


@pytest.mark.parametrize(("field", "media_type"), MEDIA_TYPES.items())
def test_the_media_type_is_the_field_without_parameters(field: str, media_type: str) -> None:
    assert ServiceRequest("POST", "/", headers={"content-type": field}).media_type == media_type


def test_a_field_makes_nobody_a_caller() -> None:
    field = '{"subject":"root","kind":"token"}'
    request = ServiceRequest("POST", "/", headers={"gateway-identity": field})
    with pytest.raises(Problem) as raised:
        request.principal()
    assert raised.value.type is problems.UNAUTHENTICATED
    assert raised.value.headers == {"www-authenticate": "Bearer"}


BODIES: dict[str, tuple[str, bytes, str]] = {
    "fits": (JSON, b"[1, 2]", ""),
    "another media type": ("text/plain", b"[1]", "unsupported-media-type"),
    "no media type": ("", b"[1]", "unsupported-media-type"),
    "not JSON": (JSON, b"[1", "invalid-json"),
    "broken behind what does not fit": (JSON, b'["a", ', "invalid-json"),
    "empty": (JSON, b"", "invalid-json"),
    "two documents": (JSON, b"[1] [2]", "invalid-json"),
    "not UTF-8": (JSON, b"\xff", "invalid-json"),
    "another kind": (JSON, b'{"a": 1}', "invalid-content"),
    "another kind inside": (JSON, b'[1, "a"]', "invalid-content"),
}


@pytest.mark.parametrize(("media_type", "body", "code"), BODIES.values(), ids=BODIES)
def test_a_body_is_decoded_or_refused(media_type: str, body: bytes, code: str) -> None:
    request = ServiceRequest("POST", "/", headers={"content-type": media_type}, body=body)
    found = ""
    try:
        assert decode_json(request, msgspec.json.Decoder(list[int]), JSON) == [1, 2]
    except Problem as raised:
        found = raised.type.code
    assert found == code


@pytest.mark.parametrize(("method", "field"), [("POST", "accept-post"), ("PATCH", "accept-patch")])
def test_a_415_says_what_to_send(method: str, field: str) -> None:
    with pytest.raises(Problem) as raised:
        decode_json(ServiceRequest(method, "/"), msgspec.json.Decoder(Any), MERGE_PATCH, JSON)
    assert raised.value.headers == {field: f"{MERGE_PATCH}, {JSON}"}


def test_an_answer_passes_what_the_handler_gives() -> None:
    given = json_response({"a": 1}, 201, {"etag": '"1"'})
    assert given == ServiceResponse(201, {"content-type": JSON, "etag": '"1"'}, b'{"a":1}')
    assert answer(lambda _: given, ServiceRequest("GET", "/"), print) is given


def test_a_problem_carries_its_fields_and_the_request_id() -> None:
    def refuse(_: ServiceRequest) -> ServiceResponse:
        raise Problem(problems.METHOD_NOT_ALLOWED, headers={"allow": "GET"})

    request = ServiceRequest("PUT", "/", headers={"x-request-id": "r-1"})
    response = answer(refuse, request, print)
    assert response.status == 405
    assert response.headers == {
        "content-type": "application/problem+json",
        "cache-control": "no-store",
        "allow": "GET",
    }
    assert msgspec.json.decode(response.body or b"")["request_id"] == "r-1"
