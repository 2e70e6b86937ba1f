"""Dispatch: what reaches the service, what reaches the client, and the names of failures."""

import pytest

from contract.names import IDENTITY
from contract.problems import Problem
from identities import Identities
from messages import HOP_BY_HOP, Exchange
from policies.dispatch import Dispatch, take_in, without_inside_fields
from ports import Unavailable
from routing.paths import PathTemplate
from tests.unit.fakes import FakeService, FakeSigner, exchange, json_response, run


def dispatch(service: FakeService, upstream_path: str = "/roadmaps/{id}") -> Dispatch:
    return Dispatch(
        "data",
        service,
        PathTemplate(upstream_path),
        timeout=2.5,
        public_location=lambda _, service, location: f"/{service}/public{location}",
        audience="DATA",
        identities=Identities(FakeSigner()),
    )


def asked(path: str = "/plans/7", **parameters: str) -> Exchange:
    started = exchange("GET", path)
    started.parameters = parameters or {"id": "7"}
    return started


def test_the_request_goes_to_the_services_own_path() -> None:
    service = FakeService()
    run(dispatch(service)(asked(id="a%20b")))
    assert [request.path for request in service.requests] == ["/roadmaps/a%20b"]


def test_fields_of_one_connection_and_of_the_gateway_do_not_come_back() -> None:
    names = (*HOP_BY_HOP, IDENTITY, "gateway-anything", "x-kept", "set-cookie", "content-type")
    left = without_inside_fields([(name, "x") for name in names])
    assert [name for name, _ in left] == ["x-kept", "set-cookie", "content-type"]


def test_what_a_service_says_of_its_connection_alone_does_not_come_back() -> None:
    fields = [("connection", "close, X-Hop"), ("x-hop", "1"), ("x-kept", "1")]
    assert without_inside_fields(fields) == [("x-kept", "1")]


def test_a_location_is_put_in_the_clients_words() -> None:
    service = FakeService(lambda _: json_response(b"", 201, location="/roadmaps/8"))
    assert run(dispatch(service)(asked())).headers.get("location") == "/data/public/roadmaps/8"


@pytest.mark.parametrize(
    ("failure", "code", "detail"),
    [
        (Unavailable("DATA", timed_out=True), "upstream-timeout", "did not answer in 2.5 s"),
        (Unavailable("DATA", reason="secret reason"), "upstream-unreachable", "be reached"),
    ],
)
def test_a_failure_has_a_name_and_keeps_its_inner_reason(
    failure: Unavailable, code: str, detail: str
) -> None:
    service = FakeService()
    service.failure = failure
    started = asked()
    with pytest.raises(Problem) as failed:
        run(dispatch(service)(started))
    assert failed.value.type.code == code
    assert detail in str(failed.value.detail)
    assert "secret" not in str(failed.value.detail)
    assert started.log == {"service": "data", "upstream_error": str(failure)}


DROPPED = [
    {"connection": "close", "keep-alive": "timeout=5"},
    {"connection": "x-private, X-Other", "x-private": "1", "x-other": "2"},
    {"transfer-encoding": "chunked", "te": "trailers", "trailer": "x", "upgrade": "h2c"},
    {"proxy-authorization": "Basic eA==", "proxy-connection": "close"},
    {IDENTITY: '{"subject":"root"}', "gateway-ttl": "9"},
    {"forwarded": "for=1.2.3.4", "x-forwarded-for": "1.2.3.4", "x-real-ip": "1.2.3.4"},
    # To servers that make variables of names these are the same ones.
    {"gateway_identity": "x", "x_forwarded_for": "1.2.3.4", "x-forwarded_proto": "https"},
    {"connection": "x-private", "x_private": "1"},
]


def test_another_field_may_have_an_underscore() -> None:
    asked = exchange(headers={"x_own": "1"})
    take_in(asked)
    assert asked.request.headers.get("x_own") == "1"


@pytest.mark.parametrize("fields", DROPPED)
def test_what_a_client_may_not_tell_a_service(fields: dict[str, str]) -> None:
    asked = exchange(headers={"accept": "*/*", **fields, "authorization": "Bearer x"})
    take_in(asked)
    told = ("x-request-id", "request-1")
    assert list(asked.request.headers) == [("accept", "*/*"), ("authorization", "Bearer x"), told]
