"""What a service gets to see, and what a client sees of a service that fails."""

import json
import re
import time
from typing import Any

import httpx
import pytest

from tests.consumer import Consumer, bearer, mint, problem, unique
from tests.identified import caller_in

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def told(response: httpx.Response) -> Any:
    """The request as the origin got it."""
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("route", ["echo", "remote"])
def test_a_request_arrives_as_it_was_sent(lab: Consumer, route: str) -> None:
    path = f"/{route}/a%20b%C3%A4"
    sent = {"content-type": "text/plain", "x-own": "1", "accept": "text/*;q=0.5"}
    got = told(lab.post(f"{path}?b=2&a=1&a=%26", content="Grüße", headers=sent))
    assert (got["method"], got["path"], got["body"]) == ("POST", path, "Grüße")
    assert got["query"] == "b=2&a=1&a=%26"
    assert got["headers"].items() >= sent.items()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_every_method_arrives(lab: Consumer, method: str) -> None:
    assert told(lab.request(method, "/echo/x"))["method"] == method


def test_status_fields_and_body_come_back_as_they_were_given(lab: Consumer) -> None:
    fields = ["X-Own: 1", "Content-Type: text/plain; charset=utf-8", "Set-Cookie: a=1",
              "Set-Cookie: b=2; Path=/", "Cache-Control: max-age=5"]  # fmt: skip
    query = {"status": "418", "body": "Grüße", "header": fields}
    response = lab.get("/echo/x", params=query)
    assert (response.status_code, response.text) == (418, "Grüße")
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2; Path=/"]
    for field in fields[:2] + fields[4:]:
        name, _, value = field.partition(": ")
        assert response.headers[name] == value


@pytest.mark.parametrize("status", [201, 204, 301, 304, 400, 404, 500, 503])
def test_every_status_comes_back(lab: Consumer, status: int) -> None:
    query = {"status": str(status), "header": "Location: https://example.com/x"}
    response = lab.get("/echo/x", params=query)
    assert response.status_code == status
    assert response.headers["location"] == "https://example.com/x"


def test_what_belongs_to_one_connection_or_to_the_gateway_does_not_come_back(
    lab: Consumer,
) -> None:
    fields = ["Keep-Alive: timeout=5", "Gateway-Identity: x", "Gateway-Tier: x", "X-Own: 1"]
    response = lab.get("/echo/x", params={"header": fields})
    assert response.headers["x-own"] == "1"
    assert not {"keep-alive", "gateway-identity", "gateway-tier"} & set(response.headers)


def test_a_trace_is_continued_by_a_span_of_the_gateway(lab: Consumer) -> None:
    fields = {"traceparent": TRACE, "tracestate": "vendor=1"}
    got = told(lab.get("/echo/x", headers=fields))["headers"]
    assert re.fullmatch(r"00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01", got["traceparent"])
    assert got["traceparent"] != TRACE
    assert got["tracestate"] == "vendor=1"


@pytest.mark.parametrize("sent", [None, "garbage", f"ff{TRACE[2:]}", TRACE.replace("0af", "0AF")])
def test_a_trace_begins_where_none_can_be_continued(lab: Consumer, sent: str | None) -> None:
    fields = {"traceparent": sent, "tracestate": "vendor=1"} if sent else {}
    got = told(lab.get("/echo/x", headers=fields))["headers"]
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", got["traceparent"])
    assert "0af7651916cd43dd8448eb211c80319c" not in got["traceparent"]
    assert "tracestate" not in got


def test_service_and_client_are_told_the_same_request_id(lab: Consumer) -> None:
    response = lab.get("/echo/x", headers={"x-request-id": "chosen-outside"})
    assert told(response)["headers"]["x-request-id"] == response.headers["x-request-id"]


def test_a_service_learns_who_calls_and_not_by_which_credential(lab: Consumer) -> None:
    subject = unique("subject")
    got = told(lab.get("/protected/x", headers=bearer(mint(subject))))["headers"]
    assert caller_in(got["gateway-identity"], "ORIGIN")["sub"] == subject
    assert "authorization" not in got


@pytest.mark.parametrize("route", ["hasty", "hasty-remote"])
def test_a_service_that_hangs_is_given_up_in_time(lab: Consumer, route: str) -> None:
    started = time.monotonic()
    response = lab.get(f"/{route}/x?fault=hang")
    assert time.monotonic() - started < 5  # it hangs for 20 s, and is allowed 0.25 s
    document = problem(response, 504, "upstream-timeout")
    assert "0.25 s" in document["detail"]


@pytest.mark.parametrize("path", ["/unreachable/x", "/echo/x?fault=throw"])
def test_a_service_that_cannot_be_reached(lab: Consumer, path: str) -> None:
    document = problem(lab.get(path), 502, "upstream-unreachable")
    assert "origin threw" not in document["detail"]


def test_an_answer_that_cannot_be_transformed_is_the_services_fault(lab: Consumer) -> None:
    response = lab.get("/transformed/x", params={"body": '{"new":'})
    problem(response, 502, "upstream-invalid")


COMPRESSED = ["/echo/{}", "/remote/{}", "/cached/{}", "/transformed/{}"]


@pytest.mark.parametrize("route", COMPRESSED)
@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_a_compressed_answer_arrives_whole(lab: Consumer, route: str, accepted: str) -> None:
    path = route.format(unique("x"))
    text = json.dumps({"new": "ä" * 5000})
    expected = text.replace("new", "old") if "transformed" in path else text
    for _ in range(3):  # on the cached route also from the cache
        response = lab.get(
            path, params={"gzip": "", "body": text}, headers={"accept-encoding": accepted}
        )
        assert response.status_code == 200
        assert response.json() == json.loads(expected)


def test_an_empty_json_answer_is_left_alone(lab: Consumer) -> None:
    assert lab.get("/transformed/x?status=204").status_code == 204


def test_numbers_pass_a_transform_unchanged(lab: Consumer) -> None:
    text = '{"old":1.10,"large":12345678901234567890,"small":1E-7,"text":"\\u00e4"}'
    fields = {"content-type": "application/json"}
    got = told(lab.post("/transformed/x", content=text, headers=fields))
    assert got["body"] == '{"large":12345678901234567890,"small":1E-7,"text":"ä","new":1.10}'
