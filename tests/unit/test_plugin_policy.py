"""Plug-ins: the function that a route names is called like any policy; the example adds tax."""

import sys
from types import ModuleType
from typing import Any

import pytest

from contract.problems import Problem
from messages import BodyBroken, Exchange, Headers, Response
from pipeline import Next
from plugins.pricing import add_tax
from policies.plugin import Plugin
from tests.unit.fakes import FakeStream, answer_empty, exchange, json_response, run


def test_the_function_that_is_named_is_called() -> None:
    async def last(_exchange: Exchange) -> Response:
        return json_response(b'{"net":100}')

    response = run(Plugin("pricing.add_tax")(exchange(), last))
    assert response.body == b'{"net":100,"gross":119.00}'


@pytest.mark.parametrize("name", ["pricng.add_tax", "pricing.add_taxes", "pricing.Decimal"])
def test_a_function_that_is_not_there_is_found_when_the_route_is_built(name: str) -> None:
    with pytest.raises(LookupError):
        Plugin(name)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A plug-in module of the test's own."""
    module = ModuleType("plugins.own")
    monkeypatch.setitem(sys.modules, "plugins.own", module)
    return module


@pytest.mark.parametrize("answer", [None, b"{}", {"a": 1}])
def test_what_is_no_response_is_a_defect_that_names_the_plug_in(
    module: ModuleType, answer: Any
) -> None:
    async def broken(_exchange: Exchange, _next: Next) -> Any:
        return answer

    module.broken = broken  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match=r"own\.broken"):
        run(Plugin("own.broken")(exchange(), answer_empty))


# The example.

PRICES = [
    # what the service answers, what the client receives
    (b'{"net":100}', b'{"net":100,"gross":119.00}'),
    (b'{"net":0.05}', b'{"net":0.05,"gross":0.06}'),
    (b'{"net":19.99}', b'{"net":19.99,"gross":23.79}'),
    (b'{"net":"19.99"}', b'{"net":"19.99"}'),
    (b'{"net":true}', b'{"net":true}'),
    (b'{"net":null}', b'{"net":null}'),
    (b'{"net":1e999999}', b'{"net":1E+999999}'),
    (b"{}", b"{}"),
    (b"[1]", b"[1]"),
]


def answered(response: Response) -> Response:
    async def last(_exchange: Exchange) -> Response:
        return response

    return run(add_tax(exchange(headers={"range": "bytes=0-1"}), last))


@pytest.mark.parametrize(("before", "after"), PRICES)
def test_prices_with_tax(before: bytes, after: bytes) -> None:
    response = answered(json_response(before, etag='"1"', content_length="9"))
    assert response.body == after
    assert list(response.headers)[1:] == [("etag", 'W/"1"')]


@pytest.mark.parametrize(
    "response",
    [
        json_response(b'{"net":1}', 404),
        Response(200, Headers([("content-type", "text/plain")]), b'{"net":1}'),
    ],
)
def test_all_else_is_left_alone(response: Response) -> None:
    assert answered(response).body == b'{"net":1}'


@pytest.mark.parametrize("body", [b"{", FakeStream(b" " * 70_000)])
def test_what_is_no_price_list_is_the_services_fault(body: Any) -> None:
    fields = Headers([("content-type", "application/json")])
    with pytest.raises(Problem) as failed:
        answered(Response(200, fields, body))
    assert failed.value.type.code == "upstream-invalid"


def test_a_price_that_breaks_off_is_no_defect_of_the_gateway(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(_stream: FakeStream, _limit: int) -> bytes:
        raise BodyBroken("it has ended")

    monkeypatch.setattr(FakeStream, "read", broken)
    fields = Headers([("content-type", "application/json")])
    with pytest.raises(Problem) as failed:
        answered(Response(200, fields, FakeStream(b"")))
    assert failed.value.type.code == "upstream-unreachable"
