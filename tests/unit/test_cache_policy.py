"""The cache policy: hits, misses, conditional requests, and what Cache-Status says (RFC 9211)."""

from collections.abc import Coroutine
from typing import Any

import pytest

from caching.dates import format_date
from caching.decision import Serve
from caching.entries import as_read
from caching.keys import key_of
from caching.serving import head_of
from caching.settings import CacheRules
from caching.stored import Facts, StoredResponse
from contract.cache import FACTS, ORIGIN, TTL
from messages import Exchange, Headers, Response
from policies.cache import Cache
from routing.compile import CompiledRoutes
from routing.versions import Versions
from tests.unit.fakes import (
    NOW,
    FakePlatform,
    FakeStore,
    answer_empty,
    exchange,
    json_response,
    run,
)
from tests.unit.tables import route, table

RULES = CacheRules(default_ttl=30.0)
KEY = f"{ORIGIN}api.example.com/-/-/things"


class Origin:
    """The rest of the pipeline, which counts how often it is asked."""

    def __init__(self, **fields: str) -> None:
        self.asked = 0
        self.fields = fields
        self.status = 200

    async def __call__(self, _exchange: Exchange) -> Response:
        self.asked += 1
        return json_response(b"%d" % self.asked, self.status, **self.fields)


def get(store: FakeStore, origin: Origin, later: float = 0, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    asked = exchange("GET", "/things", headers=named, now=NOW + later)
    return run(Cache(RULES, store)(asked, origin))


def status(response: Response) -> str | None:
    return response.headers.get("cache-status")


def test_the_second_get_is_a_hit_until_the_lifetime_is_over() -> None:
    store, origin = FakeStore(), Origin()
    miss = get(store, origin)
    assert (miss.body, status(miss)) == (b"1", "edge-gateway; fwd=uri-miss; fwd-status=200; stored")
    hit = get(store, origin, later=29)
    assert (hit.body, status(hit)) == (b"1", "edge-gateway; hit; ttl=1")
    assert hit.headers.get("age") == "29"
    stale = get(store, origin, later=30)
    assert (stale.body, status(stale)) == (b"2", "edge-gateway; fwd=stale; fwd-status=200; stored")


def test_the_service_decides_how_long() -> None:
    store, origin = FakeStore(), Origin(cache_control="max-age=5")
    get(store, origin)
    assert status(get(store, origin, later=4)) == "edge-gateway; hit; ttl=1"
    assert "stale" in (status(get(store, origin, later=5)) or "")


@pytest.mark.parametrize("own", [None, "max-age=5", "public, s-maxage=60"])
def test_a_hit_says_what_the_service_said_about_caching(own: str | None) -> None:
    store, origin = FakeStore(), Origin(**({} if own is None else {"cache_control": own}))
    miss, hit = get(store, origin), get(store, origin, later=1)
    assert miss.headers.get_all("cache-control") == hit.headers.get_all("cache-control")
    assert hit.headers.get("cache-control") == own
    assert not any(name.startswith("gateway-") for name, _ in hit.headers)


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"cache_control": "no-store"}, 200), ({"set_cookie": "a=b"}, 200), ({}, 404), ({}, 500)],
)
def test_what_may_not_be_stored_is_not(fields: dict[str, str], code: int) -> None:
    store, origin = FakeStore(), Origin(**fields)
    origin.status = code
    response = get(store, origin)
    assert status(response) == f"edge-gateway; fwd=uri-miss; fwd-status={code}"
    assert store.entries == {}


@pytest.mark.parametrize(
    ("method", "headers", "why"),
    [
        ("POST", {}, "method"),
        ("GET", {"cache-control": "no-store"}, "request"),
        ("GET", {"if-match": '"1"'}, "request"),
    ],
)
def test_some_requests_go_past_the_cache(method: str, headers: dict[str, str], why: str) -> None:
    store, origin = FakeStore(), Origin()
    get(store, origin)
    asked = exchange(method, "/things", headers=headers)
    assert status(run(Cache(RULES, store)(asked, origin))) == f"edge-gateway; fwd={why}"
    assert asked.log["cache"] == "bypass"
    assert origin.asked == 2


def test_a_condition_that_holds_is_answered_from_the_store() -> None:
    store, origin = FakeStore(), Origin(etag='"1"', x_other="1")
    get(store, origin)
    response = get(store, origin, later=1, if_none_match='"1"')
    assert (response.status, response.body) == (304, None)
    assert dict(response.headers) == {
        "etag": '"1"',
        "date": format_date(NOW),
        "age": "1",
        "cache-status": "edge-gateway; hit; ttl=29",
    }
    assert get(store, origin, if_none_match='"2"').status == 200


def test_head_is_answered_from_what_get_has_stored() -> None:
    store, origin = FakeStore(), Origin()
    get(store, origin)
    response = run(Cache(RULES, store)(exchange("HEAD", "/things"), origin))
    assert status(response) == "edge-gateway; hit; ttl=30"
    assert origin.asked == 1


def test_without_its_store_the_cache_steps_aside() -> None:
    store, origin = FakeStore(), Origin()
    store.down = True
    deferred: list[Coroutine[Any, Any, None]] = []
    asked = exchange("GET", "/things", deferred=deferred)
    response = run(Cache(RULES, store)(asked, origin))
    assert response.status == 200
    assert asked.log["cache_store"] == "cache: unreachable"
    for work in deferred:
        work.close()


def test_storing_waits_until_the_answer_is_out() -> None:
    store, origin = FakeStore(), Origin()
    deferred: list[Coroutine[Any, Any, None]] = []
    run(Cache(RULES, store)(exchange("GET", "/things", deferred=deferred), origin))
    assert store.entries == {}
    for work in deferred:
        run(work)
    assert list(store.entries) == [KEY]
    assert store.entries[KEY].headers.get(TTL) == "30"
    assert "cache-status" not in store.entries[KEY].headers


@pytest.mark.parametrize("damaged", ["", "soon", "{}", "[]", '{"date":1}'])
def test_an_entry_that_is_damaged_is_none(damaged: str) -> None:
    store, origin = FakeStore(), Origin()
    get(store, origin)
    store.entries[KEY].headers.set(FACTS, damaged)
    assert "fwd=uri-miss" in (status(get(store, origin)) or "")


@pytest.mark.parametrize(
    ("query", "version", "key"),
    [
        ("", None, "api.example.com/-/-/things"),
        ("a=1&b", None, "api.example.com/-/-/things?a=1&b"),
        ("", "v1", "api.example.com/v1/-/things"),
    ],
)
def test_the_key_is_host_version_route_path_and_query(
    query: str, version: str | None, key: str
) -> None:
    asked = exchange("GET", "/things", query)
    if version is not None:
        asked.version = Versions(table().versions).by_name[version]
    assert key_of(asked).url == ORIGIN + key


@pytest.mark.parametrize(("chance", "ttl"), [(0.0, 100), (0.5, 95), (0.99, 90)])
def test_lifetimes_are_shortened_by_chance_and_never_longer(chance: float, ttl: int) -> None:
    cache = Cache(CacheRules(default_ttl=100.0, jitter=0.1), FakeStore())
    run(cache(exchange(chance=chance), answer_empty))
    hit = run(cache(exchange(), answer_empty))
    assert hit.headers.get("cache-status") == f"edge-gateway; hit; ttl={ttl}"


def test_a_validated_answer_has_a_chance_of_its_own() -> None:
    cache = Cache(CacheRules(default_ttl=100.0, jitter=0.1), FakeStore())

    async def service(asked: Exchange) -> Response:
        if "if-none-match" in asked.request.headers:
            return Response(304, Headers([("etag", '"1"')]), None)
        return json_response(b"{}", etag='"1"')

    run(cache(exchange(), service))
    run(cache(exchange(now=NOW + 100, chance=0.5), service))
    hit = run(cache(exchange(now=NOW + 100), service))
    assert hit.headers.get("cache-status") == "edge-gateway; hit; ttl=95"


def test_a_strong_tag_of_coded_bytes_is_a_weak_one_of_the_others() -> None:
    fields = [("content-encoding", "gzip"), ("etag", '"1"')]
    kept = StoredResponse(status=200, fields=fields, facts=Facts(response_time=0.0, date=0.0))
    read = as_read(kept, b"body")
    assert (read.fields, read.facts.length) == ([("etag", '"1"')], None)
    assert head_of(Serve(read, 200, 0.0, 0.0)).get("etag") == 'W/"1"'
    # Written again, as after a validation, it is still what it was.
    again = as_read(read, b"body")
    assert (again.facts.was_coded, again.facts.length) == (True, None)


MODIFIED = {"last-modified": format_date(NOW - 1000)}
LIFETIMES: list[tuple[dict[str, str], dict[str, str], int | None]] = [
    # the route's `cache`, fields of the answer, seconds for which it is fresh; None: not stored
    ({}, {}, None),
    ({}, MODIFIED, 0),
    ({}, {"cache-control": "max-age=60"}, 60),
    ({"ttl": "stated"}, MODIFIED, 0),
    ({"ttl": "heuristic"}, {}, None),
    ({"ttl": "heuristic"}, MODIFIED, 100),
    ({"ttl": "heuristic"}, {**MODIFIED, "cache-control": "max-age=60"}, 60),
    ({"ttl": "30s"}, {}, 30),
    ({"ttl": "30s"}, MODIFIED, 30),
    ({"ttl": "0s", "stale_if_error": "1h"}, {}, 0),
    ({"stale_if_error": "1h"}, {}, None),
]


@pytest.mark.parametrize(("cache", "fields", "lifetime"), LIFETIMES)
def test_the_table_says_what_is_assumed_where_the_service_says_nothing(
    cache: dict[str, str], fields: dict[str, str], lifetime: int | None
) -> None:
    platform = FakePlatform()
    platform.binding("DATA").answer = lambda _: json_response(b"{}", 200, **fields)
    routes = CompiledRoutes(table(route(cache=cache)), platform)

    def get() -> str | None:
        asked = exchange("GET", "/things/7")
        found = routes.resolve(asked.request)
        asked.request.path, asked.route, asked.parameters = found.path, found.target, {"id": "7"}

        async def answer() -> Response:
            return await found.target.handle(asked)

        return status(run(answer()))

    stored = "" if lifetime is None else "; stored"
    assert get() == f"edge-gateway; fwd=uri-miss; fwd-status=200{stored}"
    if lifetime is None:
        assert get() == "edge-gateway; fwd=uri-miss; fwd-status=200"
    elif lifetime:
        assert get() == f"edge-gateway; hit; ttl={lifetime}"
    else:
        assert get() == "edge-gateway; fwd=stale; fwd-status=200; stored"


def test_http_and_https_are_two_targets() -> None:
    """A service that sends http on to https must not do so for https, for as long as it is kept."""
    store, origin = FakeStore(), Origin(location="https://api.example.com/things")
    origin.status = 301
    plain = exchange("GET", "/things")
    plain.request.scheme = "http"
    run(Cache(RULES, store)(plain, origin))
    origin.status = 200
    assert get(store, origin).status == 200
    again = exchange("GET", "/things")
    again.request.scheme = "http"
    assert run(Cache(RULES, store)(again, origin)).status == 301
    assert origin.asked == 2


@pytest.mark.parametrize("name", ["Gateway-Identity", "X-Forwarded-For", "Forwarded", "Via"])
def test_what_varies_with_what_the_gateway_tells_a_service_is_not_stored(name: str) -> None:
    """No client has the field, so that all of them would seem to have the same."""
    store, origin = FakeStore(), Origin(cache_control="public, max-age=60", vary=name)
    assert get(store, origin).body == b"1"
    assert get(store, origin).body == b"2"
    assert store.entries == {}
