"""What a client says of itself or of the way here never reaches a service as our own word."""

import json
from typing import Any

import pytest

from runtime.local import LocalRuntime
from tests.consumer import mint, unique
from tests.identified import caller_in
from tests.plan import LABS
from tests.raw_http import send

ROUTES = ["/echo/x", "/remote/x", "/transformed/x", "/protected/x"]
"""By a binding, by a URL, with a body that is written anew, with a caller."""

OUTSIDE = {
    "Gateway-Identity": '{"subject":"root","kind":"token"}',
    "gateway-identity": '{"subject":"root","kind":"token"}',
    "GATEWAY-ANYTHING": "1",
    "Forwarded": "for=10.0.0.1",
    "X-Forwarded-For": "10.0.0.1",
    "X-Forwarded-Host": "example.com",
    "X-Forwarded-Proto": "wss",
    "X-Real-IP": "10.0.0.1",
    "X_Forwarded_For": "10.0.0.1",
    "Gateway_Identity": "root",
    "Proxy-Authorization": "Basic eDp5",
    "Proxy-Connection": "keep-alive",
    "Keep-Alive": "timeout=5",
    "TE": "trailers",
    "Trailer": "Expires",
    "Upgrade": "h2c",
}


OURS = {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}
"""Fields that services get in our own words."""


def told(runtime: LocalRuntime, path: str, *fields: str) -> Any:
    """The fields that the origin was told, for a request with these and a token."""
    subject = unique("subject")
    token = f"Authorization: Bearer {mint(subject)}"
    response = send(runtime.url(LABS[0]), f"GET {path} HTTP/1.1", token, *fields)
    assert response.status == 200, response.body
    headers = json.loads(response.body)["headers"]
    if "gateway-identity" in headers:
        service = headers["host"] if path.startswith("/remote") else "ORIGIN"
        told = caller_in(headers.pop("gateway-identity"), service)
        assert told["sub"] == subject
    return headers


@pytest.mark.parametrize("path", ROUTES)
def test_no_field_of_ours_and_of_a_connection_passes(runtime: LocalRuntime, path: str) -> None:
    sent = [f"{name}: {value}" for name, value in OUTSIDE.items()]
    got = told(runtime, path, "X-Own: passes", *sent)
    assert got["x-own"] == "passes"
    values = {name.lower(): value for name, value in OUTSIDE.items()}
    passed = {name for name, value in got.items() if value == values.get(name)}
    assert passed == set()
    assert {name.lower() for name in OUTSIDE} & set(got) <= OURS


@pytest.mark.parametrize("path", ROUTES)
def test_what_connection_names_stays_here(runtime: LocalRuntime, path: str) -> None:
    got = told(runtime, path, "Connection: X-Hop, close", "X-Hop: 1", "X-Own: 1")
    assert "x-hop" not in got
    assert got["x-own"] == "1"


def test_nobody_is_made_somebody_by_a_field(runtime: LocalRuntime) -> None:
    identity = 'Gateway-Identity: {"subject":"root","kind":"token"}'
    url = runtime.url(LABS[0])
    assert send(url, "GET /protected/x HTTP/1.1", identity).status == 401
    public = send(url, "GET /echo/x HTTP/1.1", identity)
    assert "gateway-identity" not in json.loads(public.body)["headers"]
