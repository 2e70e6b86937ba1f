"""OWASP API7:2023 Server Side Request Forgery: a request never decides where the gateway goes."""

import json

import pytest

from runtime.local import LocalRuntime
from tests.plan import LABS
from tests.raw_http import send

INSIDE = "169.254.169.254"
TARGETS = [
    f"GET http://{INSIDE}/echo/x HTTP/1.1",
    f"GET /echo/http:%2f%2f{INSIDE} HTTP/1.1",
    f"GET /echo/@{INSIDE} HTTP/1.1",
    f"GET //{INSIDE}/echo/x HTTP/1.1",
    f"GET /remote/@{INSIDE} HTTP/1.1",
    f"GET /remote/x?url=http://{INSIDE}/ HTTP/1.1",
    f"GET /remote/..%2f..%2f@{INSIDE} HTTP/1.1",
    f"GET /remote/%5c%5c{INSIDE} HTTP/1.1",
]


@pytest.mark.parametrize("target", TARGETS)
def test_no_target_leads_elsewhere(runtime: LocalRuntime, target: str) -> None:
    response = send(runtime.url(LABS[0]), target)
    if response.status == 200:  # by the service of the route, which tells its request back
        told = json.loads(response.body)
        assert (told["method"], told["path"][:1]) == ("GET", "/")
        assert INSIDE not in told["host"]
    else:
        assert response.status in (400, 404)


@pytest.mark.parametrize("field", ["Host", "X-Forwarded-Host", "Forwarded"])
def test_no_field_leads_elsewhere(runtime: LocalRuntime, field: str) -> None:
    value = f"host={INSIDE}" if field == "Forwarded" else INSIDE
    for path in ("/echo/x", "/remote/x"):
        line = f"GET {path} HTTP/1.1"
        response = send(runtime.url(LABS[0]), line, f"{field}: {value}", host=field != "Host")
        assert (response.status, b'"path":"/' in response.body) == (200, True)


def test_a_redirect_into_the_inside_is_the_clients_to_follow(runtime: LocalRuntime) -> None:
    to = f"http://{INSIDE}/latest/meta-data"
    for path in ("/echo/x", "/remote/x"):
        line = f"GET {path}?status=307&header=Location:%20{to} HTTP/1.1"
        response = send(runtime.url(LABS[0]), line)
        assert (response.status, response.headers["location"]) == (307, to)
