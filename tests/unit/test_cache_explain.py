"""`/-/cache/explain`: why a request is answered from the store, or not, and until when."""

import json
from collections.abc import Coroutine
from typing import Any

import pytest

from admin.cache import CacheEndpoints
from admin.plane import AdminPlane
from application import Application, Control
from caching.settings import CacheRules
from cli.main import main
from cli.remote import Remote
from memory import Memory
from messages import Exchange, Response
from policies.cache import Cache
from tests.unit.fakes import NOW, FakePlatform, FakeStore, exchange, json_response, principal, run
from tests.unit.isolate import ADMIN_HOST, FakeAudit
from tests.unit.tables import route, table

RULES = CacheRules(default_ttl=60.0, stale_while_revalidate=30.0, stale_if_error=600.0)

CASES = [
    # what the service answered, the request, seconds later, outcome, why
    ({}, {}, 10, "hit", "fresh for 50 s more"),
    ({}, {}, 70, "stale", "stale for 10 s, which stale-while-revalidate allows; the service"),
    ({}, {}, 100, "validate", "stale for 40 s; the service is asked and it has no validator; what"),
    ({"etag": '"1"', "cache_control": "no-cache"}, {}, 1, "validate", "no-cache: the service has"),
    ({}, {"cache-control": "max-age=0"}, 1, "validate", "the client wants more"),
    ({}, {"cache-control": "no-store"}, 1, "bypass", "no-store, If-Match or"),
    ({}, {"cache-control": "only-if-cached, max-age=0"}, 1, "refused", "only-if-cached"),
    ({"cache_control": "no-store"}, {}, 1, "miss", "nothing is stored for this URL"),
    ({"vary": "accept"}, {"accept": "text/html"}, 1, "miss", "nothing is stored for these fields"),
]


@pytest.mark.parametrize(("fields", "headers", "later", "outcome", "because"), CASES)
def test_it_says_what_the_policy_would_do_and_does_nothing(
    fields: dict[str, str], headers: dict[str, str], later: int, outcome: str, because: str
) -> None:
    store = FakeStore()
    cache = Cache(RULES, store)

    async def service(_exchange: Exchange) -> Response:
        return json_response(b"{}", 200, **fields)

    run(cache(exchange(), service))
    before = dict(store.entries)
    deferred: list[Coroutine[Any, Any, None]] = []
    said = run(cache.explain(exchange(headers=headers, now=NOW + later, deferred=deferred)))
    assert said["outcome"] == outcome
    assert said["because"].startswith(because)
    assert (store.entries, deferred) == (before, [])


def test_it_shows_what_is_stored() -> None:
    cache = Cache(RULES, FakeStore())

    async def service(_exchange: Exchange) -> Response:
        return json_response(b"{}", etag='"1"', age="5")

    run(cache(exchange(), service))
    stored = run(cache.explain(exchange(now=NOW + 10)))["stored"]
    assert (stored["age"], stored["lifetime"], stored["fresh_until"]) == (15, 60, NOW + 55)
    assert stored["stale_if_error_until"] == NOW + 655
    assert (stored["etag"], stored["bytes"], stored["tier"]) == ('"1"', 2, "kv")


class Tables:
    """Where one application answers everybody."""

    def __init__(self, current: Application) -> None:
        self.current = current


def asked(query: str) -> Any:
    """The answer of the endpoint, of a gateway with a cached and another route."""
    platform, memory = FakePlatform(), Memory()
    platform.authority.principals["ops"] = principal("ops", ("gateway:status",))
    routes = (
        route(name="things", path="/things/{id}", access="public", cache={"ttl": "1m"}),
        route(name="others", path="/others", access="public"),
    )
    tables = Tables(Application(table(*routes), "0" * 64, platform, memory))
    endpoints = CacheEndpoints(platform.cache_counts, tables).endpoints()  # type: ignore[arg-type]
    plane = AdminPlane(endpoints, platform, memory, FakeAudit())
    control = Control(lambda _: {}, ADMIN_HOST, plane)
    gateway = Application(table(*routes), "0" * 64, platform, memory, control)
    one = exchange("GET", "/-/cache/explain", query, headers={"authorization": "Bearer ops"})
    one.request.host = ADMIN_HOST
    response = run(gateway.handle(one))
    assert isinstance(response.body, bytes)
    return json.loads(response.body)


ASKED = [
    # query, what is said
    ("url=https://api.test/things/1", {"route": "things", "outcome": "miss"}),
    ("url=https://api.test/things/1&method=post", {"code": "method-not-allowed"}),
    ("url=https://api.test/others", {"route": "others", "outcome": "uncached"}),
    ("url=https://api.test/nowhere", {"code": "not-found"}),
    ("url=/things/1", {"code": "invalid-content"}),
    ("", {"code": "invalid-content"}),
    (
        "url=https://api.test/things/1&headers=Cache-Control:no-store%0AAccept:a",
        {"outcome": "bypass"},
    ),
]


@pytest.mark.parametrize(("query", "said"), ASKED)
def test_operators_ask_by_url(query: str, said: dict[str, str]) -> None:
    found = asked(query)
    assert {name: found.get(name) for name in said} == said


def test_the_command_says_it_in_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths: list[str] = []

    def answer(_self: Remote, _method: str, path: str) -> Any:
        paths.append(path)
        return asked("url=https://api.test/things/1")

    monkeypatch.setattr(Remote, "json", answer)
    monkeypatch.setenv("GATEWAY_TOKEN", "x")
    url = "https://api.test/things/1"
    assert main(["cache", "explain", url, "-H", "Accept: a"]) == 0
    assert paths == [
        "cache/explain?url=https%3A%2F%2Fapi.test%2Fthings%2F1&method=GET&headers=Accept%3A+a"
    ]
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "miss: nothing is stored for this URL"
    assert second == "route: things in v2"
    assert third.startswith("key: https://cache.internal/api.test/v2/things~")
