"""WebSockets through the gateway, to a service binding and to a URL."""

import json

import httpx
import pytest

from runtime.local import LocalRuntime
from tests.consumer import Consumer, problem, unique
from tests.eventually import eventually
from tests.plan import LABS, ORIGIN
from tests.websocket import Refused, WebSocket

ROUTES = ["socket", "socket-remote"]


@pytest.fixture
def base(runtime: LocalRuntime) -> str:
    return runtime.url(LABS[0])


@pytest.mark.parametrize("route", ROUTES)
def test_messages_come_back(base: str, route: str) -> None:
    with WebSocket(f"{base}/{route}/7") as talk:
        for text in ("hello", "ä" * 20_000, ""):
            talk.send(text)
            assert talk.receive() == text
        assert talk.headers["x-own"] == "1"
        assert "x-request-id" in talk.headers


@pytest.mark.parametrize("route", ROUTES)
def test_a_service_sees_the_fields_of_the_upgrade(base: str, route: str) -> None:
    with WebSocket(f"{base}/{route}/7", "X-Own: 1", "Gateway-Identity: {}") as talk:
        talk.send("fields")
        fields = json.loads(str(talk.receive()))
    assert fields["x-own"] == "1"
    assert fields["upgrade"] == "websocket"
    assert fields["via"] == "1.1 edge-gateway"
    assert "gateway-identity" not in fields


@pytest.mark.parametrize("route", ROUTES)
def test_both_sides_can_close(base: str, route: str) -> None:
    with WebSocket(f"{base}/{route}/7") as talk:
        talk.send("close")
        assert talk.receive() == 4000
    with WebSocket(f"{base}/{route}/7") as talk:
        talk.close(1000)
        assert talk.receive() in (1000, 1005)


@pytest.mark.parametrize("route", ROUTES)
def test_a_service_learns_that_the_client_has_gone(
    runtime: LocalRuntime, base: str, route: str
) -> None:
    path = f"/{route}/{unique('gone')}"
    for _ in range(5):
        talk = WebSocket(base + path)
        talk.send("x")
        assert talk.receive() == "x"
        talk.close(1000)
        talk.abort()
    asked = {"path": path}
    url = f"{runtime.url(ORIGIN)}/-/cancelled"
    eventually(lambda: httpx.get(url, params=asked).text == "5")


def test_a_plain_request_is_told_what_the_address_is_for(lab: Consumer) -> None:
    # workerd keeps the field Upgrade, which the answer has to have, to itself.
    problem(lab.get("/socket/7"), 426, "websocket-expected")


def test_other_routes_have_no_websocket(base: str, lab: Consumer) -> None:
    with pytest.raises(Refused) as refused:
        WebSocket(f"{base}/echo/7")
    assert refused.value.status == 400
    assert lab.get("/echo/7", headers={"upgrade": "h2c"}).status_code == 200
