"""The ends of routes: who gets which backend, copies that are bounded, what services are told."""

from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import pytest

from application import Application
from contract.problems import Problem
from ends.choice import Choice
from ends.forwarding import MAX_PASSES, forwarded_fields, refuse_loop
from ends.mirror import MAX_IN_FLIGHT, InFlight
from messages import Exchange, Headers, Request, Response
from ports import Unavailable
from routing.check import check_table
from tests.unit.fakes import FakePlatform, FakeStream, exchange, json_response, run
from tests.unit.tables import route, table

CLIENTS = [f"client-{number}" for number in range(4000)]
NAMES = ("a", "b", "c")


def shares(weights: tuple[int, ...]) -> list[int]:
    choice = Choice("route", NAMES[: len(weights)], weights)
    return [choice.for_client(client) for client in CLIENTS]


@pytest.mark.parametrize("weights", [(1, 1), (90, 10), (1, 0), (0, 1), (5, 3, 2), (1, 999)])
def test_sticky_clients_are_shared_out_by_weight(weights: tuple[int, ...]) -> None:
    counts = Counter(shares(weights))
    for position, weight in enumerate(weights):
        share = weight / sum(weights)
        deviation = (len(CLIENTS) * share * (1 - share)) ** 0.5
        assert abs(counts[position] - len(CLIENTS) * share) <= 4 * deviation


MOVES = [((90, 10, 0), (80, 20, 0)), ((1, 1, 1), (1, 1, 5)), ((5, 5, 5), (0, 5, 5)),
         ((34, 33, 33), (10, 33, 33)), ((1, 1, 0), (1, 1, 1))]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), MOVES)
def test_weights_move_no_more_clients_than_they_have_to(
    before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    old, new = shares(before), shares(after)
    moved = sum(one != other for one, other in zip(old, new, strict=True)) / len(CLIENTS)
    parts = zip(before, after, strict=True)
    least = sum(max(0.0, now / sum(after) - was / sum(before)) for was, now in parts)
    assert abs(moved - least) < 0.03


def test_another_route_shares_its_clients_out_otherwise() -> None:
    one, other = (Choice(name, NAMES, (1, 1, 1)) for name in ("one", "other"))
    same = sum(one.for_client(client) == other.for_client(client) for client in CLIENTS)
    assert abs(same / len(CLIENTS) - 1 / 3) < 0.05


CHANCES = [(0.0, 0), (0.0999, 0), (0.1, 1), (0.9999999, 1)]


@pytest.mark.parametrize(("chance", "position"), CHANCES)
def test_chance_decides_by_weight(chance: float, position: int) -> None:
    assert Choice("route", ("a", "b"), (1, 9)).at_random(chance) == position
    assert Choice("route", ("a", "b"), (0, 9)).at_random(chance) == 1
    assert Choice("route", ("a", "b"), (9, 0)).at_random(chance) == 0


def test_weights_are_needed() -> None:
    with pytest.raises(ValueError, match="weight"):
        Choice("route", ("a", "b"), (0, 0))


def test_copies_have_a_limit_and_what_never_ended_is_forgotten() -> None:
    flight = InFlight(2)
    assert flight.admit("a", 0.0, 5.0)
    assert flight.admit("b", 1.0, 6.0)
    assert not flight.admit("c", 2.0, 7.0)
    flight.leave("b")
    assert flight.admit("c", 2.0, 7.0)
    assert not flight.admit("d", 4.9, 9.0)
    assert flight.admit("d", 5.0, 9.0)  # `a` was aborted, and never said so


def answered(
    platform: FakePlatform, *routes: dict[str, Any], started: Exchange, **members: Any
) -> Response:
    app = Application(table(*routes, **members), "id", platform)
    return run(app.handle(started))


MIRRORED = {"mirror": {"service": "auth", "max_body": "8B"}, "methods": ["GET", "POST"]}


@pytest.mark.parametrize(
    ("body", "copied"),
    [
        (None, True),
        (FakeStream(b"12345678", 8), True),
        (FakeStream(b"123456789", 9), False),
    ],
)
def test_a_copy_leaves_after_the_answer(body: FakeStream | None, copied: bool) -> None:
    platform = FakePlatform()
    deferred: list[Coroutine[Any, Any, None]] = []
    started = exchange("POST", "/v2/things/7", "a=1", body=body, deferred=deferred)
    response = answered(platform, route(**MIRRORED), started=started)
    assert response.status == 200
    assert platform.binding("AUTH").requests == []
    assert len(deferred) == int(copied)
    for work in deferred:
        run(work)
    if copied:
        (copy,), (original,) = platform.binding("AUTH").requests, platform.binding("DATA").requests
        assert (copy.method, copy.path, copy.query) == ("POST", "/things/7", "a=1")
        assert list(copy.headers) == [*original.headers, ("gateway-mirror", "1")]
        assert copy.body == original.body
    else:
        assert started.log["mirror"] == "body"
        assert body is not None
        assert not body.was_read


def test_there_is_a_copy_of_what_failed_and_its_answer_is_thrown_away() -> None:
    platform = FakePlatform()
    platform.binding("DATA").failure = Unavailable("DATA")
    stream = FakeStream(b"endless")
    platform.binding("AUTH").answer = lambda _: Response(200, Headers(), stream)
    response = answered(platform, route(**MIRRORED), started=exchange("GET", "/v2/things/7"))
    assert response.status == 502
    assert stream.was_discarded
    assert not stream.was_read


def test_copies_of_some_requests_are_made() -> None:
    platform = FakePlatform()
    some = route(mirror={"service": "auth", "percent": 25})
    app = Application(table(some), "id", platform)
    for number in range(4000):
        run(app.handle(exchange("GET", "/v2/things/7", chance=(number + 0.5) / 4000)))
    assert 900 < len(platform.binding("AUTH").requests) < 1100


def test_no_more_than_so_many_copies_are_under_way() -> None:
    platform = FakePlatform()
    app = Application(table(route(**MIRRORED)), "id", platform)
    deferred: list[Coroutine[Any, Any, None]] = []
    for number in range(MAX_IN_FLIGHT + 5):
        started = exchange("GET", "/v2/things/7", deferred=deferred)
        started.request_id = f"r{number}"
        assert run(app.handle(started)).status == 200
    assert len(deferred) == MAX_IN_FLIGHT
    for work in deferred:
        work.close()


FORWARDED = [
    # address, host, Forwarded
    ("192.0.2.1", "api.example.com", "for=192.0.2.1;proto=https;host=api.example.com"),
    ("2001:db8::1", "a:8080", 'for="[2001:db8::1]";proto=https;host="a:8080"'),
    ("-", "a", "for=unknown;proto=https;host=a"),
    ('1.2.3.4";host=b', "a", "for=unknown;proto=https;host=a"),
    ("1.2.3.4, 5.6.7.8", "a", "for=unknown;proto=https;host=a"),
    ("192.0.2.1", 'a";for=x', "for=192.0.2.1;proto=https"),
    ("192.0.2.1", "", "for=192.0.2.1;proto=https"),
]


@pytest.mark.parametrize(("address", "host", "expected"), FORWARDED)
def test_forwarded_holds_nothing_but_its_values(address: str, host: str, expected: str) -> None:
    started = exchange(address=address)
    started.request.host = host
    fields = dict(forwarded_fields(started))
    assert fields["forwarded"] == expected
    assert fields["via"] == "1.1 edge-gateway"
    assert fields.get("x-forwarded-for") == (None if "unknown" in expected else address)
    assert fields.get("x-forwarded-host") == (host if "host" in expected else None)


VIA = [
    ("1.1 edge-gateway, " * MAX_PASSES + "1.1 other", True),
    ("1.1 edge-gateway, " * (MAX_PASSES + 1) + "1.1 other", False),
    ("1.1 edge-gateway (a comment),HTTP/2 edge-gateway,1.1 edge-gateway,2 edge-gateway", False),
    ("1.1 edge-gateway-2, " * 9, True),
    (",,,", True),
]


@pytest.mark.parametrize(("via", "passes"), VIA)
def test_a_loop_is_known_by_our_name(via: str, passes: bool) -> None:
    if passes:
        refuse_loop(via)
        return
    with pytest.raises(Problem) as refused:
        refuse_loop(via)
    assert refused.value.type.status == 508


def test_time_that_is_over_is_not_spent_on_a_service() -> None:
    platform = FakePlatform()
    short = route(timeouts={"headers": "3s", "total": "5s"})
    answered(platform, short, started=exchange("GET", "/v2/things/7"))
    assert platform.binding("DATA").timeouts == [(3.0, 5.0)]
    platform.clock.now += 4
    answered(platform, short, started=exchange("GET", "/v2/things/7"))
    assert platform.binding("DATA").timeouts[1:] == [(3.0, 1.0)]
    platform.clock.now += 1
    late = answered(platform, short, started=exchange("GET", "/v2/things/7"))
    assert late.status == 504
    assert len(platform.binding("DATA").requests) == 2


def test_a_path_that_is_said_for_one_service_is_not_the_transforms_to_change() -> None:
    transforms = {"t": {"request": {"path": "/for/${path.id}"}}}
    platform = FakePlatform()
    backends = [{"service": "auth", "upstream_path": "/own/{id}"}]
    routes = (
        route(name="a", path="/a/{id}", transform="t", service=None, backends=backends),
        route(
            name="b",
            path="/b/{id}",
            transform="t",
            fallback={"service": "auth", "upstream_path": "/instead/{id}"},
        ),
        route(name="c", path="/c/{id}", transform="t", fallback={"service": "auth"}),
    )
    platform.binding("DATA").failure = Unavailable("DATA")
    application = Application(table(*routes, transforms=transforms), "id", platform)
    for name in "abc":
        assert run(application.handle(exchange("GET", f"/{name}/7"))).status == 200
    asked = [request.path for request in platform.binding("AUTH").requests]
    assert asked == ["/own/7", "/instead/7", "/for/7"]


def test_a_backend_is_behind_the_breaker_of_its_service() -> None:
    platform = FakePlatform()
    broken = {"minimum_calls": 1}
    services = {
        "data": {"binding": "DATA", "circuit_breaker": broken},
        "auth": {"binding": "AUTH", "circuit_breaker": broken},
    }
    shared = route(service=None, backends=[{"service": "data"}, {"service": "auth"}])
    app = Application(table(shared, services=services), "id", platform)
    platform.binding("AUTH").failure = Unavailable("AUTH")

    def status(chance: float) -> int:
        return run(app.handle(exchange("GET", "/v2/things/7", chance=chance))).status

    assert [status(chance) for chance in (0.9, 0.9, 0.1, 0.1)] == [502, 503, 200, 200]
    assert len(platform.binding("AUTH").requests) == 1


PARTS = {"x": {"service": "data", "path": "/x/${path.id}"},
         "y": {"service": "auth", "path": "/y", "optional": True}}  # fmt: skip
AGGREGATED = route(service=None, aggregate={"parts": PARTS, "max_body": "64B"})


def always(response: Response) -> Callable[[Request], Response]:
    return lambda _: response


FRESH = [
    # Cache-Control of x and of y, of the whole
    (None, None, None),
    ("max-age=60", None, "max-age=60"),
    ("max-age=60", "max-age=5", "max-age=5"),
    ("max-age=60", "no-store", "no-store"),
    ("private", None, "no-store"),
    (None, "max-age=0", "no-store"),
]


@pytest.mark.parametrize(("x", "y", "whole"), FRESH)
def test_a_whole_is_as_fresh_as_its_parts(x: str | None, y: str | None, whole: str | None) -> None:
    platform = FakePlatform()
    for name, control in (("DATA", x), ("AUTH", y)):
        fields = {"cache_control": control} if control else {}
        part = json_response(b'{"n":1.10}', 200, **fields)
        platform.binding(name).answer = always(part)
    response = answered(platform, AGGREGATED, started=exchange("GET", "/v2/things/7"))
    assert response.body == b'{"x":{"n":1.10},"y":{"n":1.10}}'
    assert response.headers.get("cache-control") == whole


BAD_PARTS = [
    json_response(b"{}", 404),
    json_response(b"{"),
    json_response(b'"' + b"x" * 64 + b'"'),
    json_response(b"[" * 600 + b"]" * 600),
    Response(200, Headers([("content-type", "text/html")]), b"{}"),
]


@pytest.mark.parametrize("bad", BAD_PARTS)
def test_an_answer_that_is_no_part(bad: Response) -> None:
    platform = FakePlatform()
    platform.binding("AUTH").answer = lambda _: bad
    response = answered(platform, AGGREGATED, started=exchange("GET", "/v2/things/7"))
    assert isinstance(response.body, bytes)
    document = msgspec.json.decode(response.body)
    assert (document["x"], document["y"]) == ({}, None)
    assert document["errors"][0]["code"] == "upstream-invalid"
    assert response.headers.get("x-partial-result") == "y"
    platform.binding("DATA").answer = lambda _: bad
    response = answered(platform, AGGREGATED, started=exchange("GET", "/v2/things/7"))
    assert response.status == 502


BACKENDS = [{"service": "data"}, {"service": "auth"}]
URLS = {"data": {"url": "https://example.com/a"}, "auth": {"binding": "AUTH"}}

MISTAKES = [
    # members of a route without a service, place, words
    ({}, "", "found none"),
    ({"service": "data", "respond": {}}, "", "found `service` and `respond`"),
    ({"backends": [{"service": "dta"}]}, "backends.0.service", "did you mean `data`?"),
    ({"backends": [{"service": "data", "weight": 0}]}, "backends", "every weight is 0"),
    ({"backends": [{"service": "data", "upstream_path": "/{x}"}]}, "backends.0.upstream_path",
     "known: id"),
    ({"backends": [{"service": "data", "request": {"headers": [
        {"op": "set", "name": "Via", "value": "x"}]}}]}, "backends.0.request.headers.0.name",
     "belongs to HTTP"),
    ({"backends": [{"service": "data", "response": {"headers": [
        {"op": "set", "name": "X", "template": "${body./a}"}]}}]}, "backends.0.response.headers",
     "no body is read"),
    ({"backends": BACKENDS, "sticky": {"by": "cookie"}}, "sticky", "the `name` of the cookie"),
    ({"backends": BACKENDS, "sticky": {"by": "address", "name": "x"}}, "sticky.name", "no name"),
    ({"backends": BACKENDS, "sticky": {"by": "subject"}}, "sticky.by", "not known"),
    ({"service": "data", "sticky": {"by": "address"}}, "sticky", "no `backends`"),
    ({"backends": BACKENDS, "sticky": {"by": "address"}, "cache": {"ttl": "1s"}}, "cache",
     "the same for all"),
    ({"service": "data", "mirror": {"service": "data"}}, "mirror.service", "already"),
    ({"service": "data", "mirror": {"service": "nobody"}}, "mirror.service", "no service"),
    ({"backends": BACKENDS, "mirror": {"service": "auth"}}, "mirror.service", "already"),
    ({"redirect": {}}, "redirect", "where it came from"),
    ({"path": None, "path_prefix": "/p", "redirect": {"path": "/a", "path_prefix": "/b"}},
     "redirect", "at most one"),
    ({"redirect": {"path_prefix": "/b"}}, "redirect.path_prefix", "no `path_prefix`"),
    ({"redirect": {"path": "/{x}"}}, "redirect.path", "known: id"),
    ({"redirect": {"path": "/../a"}}, "redirect.path", "`..`"),
    ({"redirect": {"scheme": "https"}}, "redirect", "needs a host"),
    ({"redirect": {"port": 8080}}, "redirect", "needs a host"),
    ({"redirect": {"path": "/a"}, "mirror": {"service": "auth"}}, "mirror", "sends no request on"),
    ({"redirect": {"path": "/a"}, "timeouts": {"total": "1s"}}, "timeouts", "sends no request on"),
    ({"respond": {"json": 1, "text": "x"}}, "respond", "at most one"),
    ({"respond": {"status": 204, "text": "x"}}, "respond.status", "has no body"),
    ({"respond": {"status": 302}}, "respond.status", "use `redirect`"),
    ({"respond": {"headers": {"Via": "x"}}}, "respond.headers.Via", "belongs to"),
    ({"respond": {"headers": {"X": "a", "x": "b"}}}, "respond.headers.x", "twice"),
    ({"respond": {"headers": {"X": "a\nb"}}}, "respond.headers.X", "printable"),
    ({"respond": {"json": {"a": ["${path.x}"]}}}, "respond.json", "known: id"),
    ({"respond": {"json": "${nothing.x}"}}, "respond.json", "no source"),
    ({"respond": {"json": "${claim.sub}"}}, "respond.json", "not known"),
    ({"respond": {"text": "${path.id}", "headers": {"Content-Type": "text/html"}}},
     "respond.text", "not for text/html"),
    ({"aggregate": {"parts": {"errors": {"service": "data", "path": "/x"}}}},
     "aggregate.parts.errors", "which parts are missing"),
    ({"aggregate": {"parts": {"x": {"service": "dta", "path": "/x"}}}},
     "aggregate.parts.x.service", "did you mean"),
    ({"aggregate": {"parts": {"x": {"service": "data", "path": "/${path.x}"}}}},
     "aggregate.parts.x.path", "known: id"),
    ({"aggregate": {"parts": {"x": {"service": "data", "path": "/a//b"}}}},
     "aggregate.parts.x.path", "no empty segments"),
    ({"aggregate": {"parts": PARTS}, "methods": ["POST"]}, "methods", "[GET]"),
    ({"service": "data", "timeouts": {}}, "timeouts", "`headers`, `total` or `idle`"),
    ({"service": "data", "websocket": True, "methods": ["GET", "POST"]}, "methods", "[GET]"),
    ({"service": "data", "websocket": True, "mirror": {"service": "auth"}}, "mirror", "WebSocket"),
    ({"service": "data", "websocket": True, "timeouts": {"total": "1s"}}, "timeouts.total", "end"),
    ({"respond": {}, "websocket": True}, "websocket", "sends no request on"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "place", "words"), MISTAKES)
def test_what_does_not_fit_is_found(members: dict[str, Any], place: str, words: str) -> None:
    (finding,) = check_table(table(route(**{"service": None, **members})))
    assert ".".join(map(str, finding.path[2:])) == place
    assert words in finding.message


def test_a_url_says_its_host_itself() -> None:
    settings = route(upstream_host="inner.example.com")
    (finding,) = check_table(table(settings, services=URLS))
    assert finding.path == ("routes", 0, "upstream_host")
    assert check_table(table(settings)) == []


@pytest.mark.parametrize("sticky", [{"by": "subject"}, {"by": "header", "name": "X"}])
def test_what_fits_is_left_alone(sticky: dict[str, str]) -> None:
    shared = route(service=None, backends=BACKENDS, sticky=sticky, access="authenticated")
    assert check_table(table(shared, AGGREGATED | {"name": "other", "path": "/other/{id}"})) == []
