"""The cache policy beyond plain hits: variants, validation, stale answers, ranges, invalidation."""

from collections.abc import Coroutine
from typing import Any

import pytest

from caching.entries import Mislabelled
from caching.settings import CacheRules
from caching.tags import Tags
from contract.problems import NOT_STORED, UPSTREAM_UNREACHABLE, Problem
from memory import Memory
from messages import BodyBroken, BodyTooLarge, Exchange, Headers, Response
from pipeline import compose
from policies.cache import Cache
from policies.invalidate import Invalidate
from tests.unit.fakes import NOW, FakeStore, FakeStream, exchange, json_response, run

RULES = CacheRules(default_ttl=30.0)


class Service:
    """Answers with its number, 304 to what names its tag; remembers the last request."""

    def __init__(self, **fields: str) -> None:
        self.fields = fields
        self.asked = 0
        self.failure: Exception | None = None
        self.status = 200
        self.headers = Headers()

    async def __call__(self, exchange: Exchange) -> Response:
        self.asked += 1
        self.headers = exchange.request.headers.copy()
        exchange.request.path = "/at/the/service"
        exchange.request.headers.set("accept-language", "changed on the way")
        if self.failure is not None:
            raise self.failure
        etag = self.fields.get("etag")
        if etag is not None and self.headers.get("if-none-match") == etag:
            return json_response(b"", 304, **self.fields)
        return json_response(b"answer %d" % self.asked, self.status, **self.fields)


class Client:
    """Asks one cache for one path."""

    def __init__(self, service: Service, rules: CacheRules = RULES) -> None:
        self.service = service
        self.store = FakeStore()
        memory = Memory()
        self.cache = Cache(rules, self.store, purges=memory.purges)
        self.change = Invalidate(Tags(()), memory.purger, shares_paths=True)
        self.log: dict[str, Any] = {}

    def ask(
        self,
        later: float = 0,
        method: str = "GET",
        path: str = "/things",
        deferred: list[Coroutine[Any, Any, None]] | None = None,
        **headers: str,
    ) -> tuple[int, bytes | None, str]:
        """Status, body, and what our member of Cache-Status says."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = exchange(method, path, headers=named, now=NOW + later, deferred=deferred)
        self.log = asked.log
        self.answer = run(self._send(asked))
        told = self.answer.headers.get("cache-status") or ""
        assert isinstance(self.answer.body, bytes | None)
        return self.answer.status, self.answer.body, told.removeprefix("edge-gateway; ")

    async def _send(self, asked: Exchange) -> Response:
        return await compose([self.cache, self.change], self.service)(asked)


def test_each_variant_has_its_own_entry() -> None:
    client = Client(Service(vary="Accept-Language"))
    assert client.ask(accept_language="de")[1:] == (
        b"answer 1",
        "fwd=uri-miss; fwd-status=200; stored",
    )
    assert client.ask(accept_language="fr")[1:] == (
        b"answer 2",
        "fwd=vary-miss; fwd-status=200; stored",
    )
    assert client.ask(1, accept_language="DE")[1:] == (b"answer 1", "hit; ttl=29")
    assert client.ask(1, accept_language="fr")[1:] == (b"answer 2", "hit; ttl=29")
    assert client.ask(1)[1:] == (b"answer 3", "fwd=vary-miss; fwd-status=200; stored")


def test_no_variant_outlives_the_purge_of_its_uri() -> None:
    client = Client(Service(vary="Accept-Language"))
    client.ask(accept_language="de")
    assert client.ask(1, "POST")[2] == "fwd=method"
    client.ask(2, accept_language="fr")
    assert client.ask(3, accept_language="de")[2] == "fwd=vary-miss; fwd-status=200; stored"


def test_an_answer_that_stops_to_vary_is_for_all() -> None:
    client = Client(Service(vary="Accept-Language"))
    client.ask(accept_language="de")
    client.service.fields = {}
    client.ask(1, accept_language="fr")
    assert client.ask(2, accept_language="de")[1:] == (b"answer 2", "hit; ttl=29")


def test_what_is_stale_is_validated_and_fresh_again() -> None:
    client = Client(Service(etag='"1"', cache_control="max-age=10", x="1"))
    client.ask()
    client.service.fields["x"] = "2"
    assert client.ask(10) == (200, b"answer 1", "fwd=stale; fwd-status=304; stored")
    assert client.answer.headers.get("x") == "2"
    assert client.log["cache"] == "validated"
    assert client.service.headers.get("if-none-match") == '"1"'
    assert client.ask(15) == (200, b"answer 1", "hit; ttl=5")
    assert client.answer.headers.get("x") == "2"
    assert client.service.asked == 2


def test_another_answer_takes_its_place() -> None:
    client = Client(Service(etag='"1"', cache_control="max-age=10"))
    client.ask()
    client.service.fields["etag"] = '"2"'
    assert client.ask(10) == (200, b"answer 2", "fwd=stale; fwd-status=200; stored")
    assert client.ask(11) == (200, b"answer 2", "hit; ttl=9")


def test_a_client_s_own_condition_is_answered_after_a_validation() -> None:
    client = Client(Service(etag='"1"', cache_control="max-age=10"))
    client.ask()
    assert client.ask(10, if_none_match='"1"')[:2] == (304, None)
    assert client.ask(20, if_none_match='"0"')[:2] == (200, b"answer 1")
    client.service.fields["etag"] = '"2"'
    assert client.ask(30, if_none_match='"2"')[:2] == (304, None)
    assert client.ask(31, if_none_match='"1"')[:2] == (200, b"answer 4")


def test_a_304_about_another_answer_is_asked_again_without_conditions() -> None:
    client = Client(Service(etag='"1"', cache_control="max-age=10"))
    client.ask()
    asked: list[str | None] = []

    async def confused(exchange: Exchange) -> Response:
        asked.append(exchange.request.headers.get("if-none-match"))
        if asked[-1] is not None:
            return json_response(b"", 304, etag='"7"')
        return json_response(b"whole", etag='"7"')

    answer = run(client.cache(exchange("GET", "/things", now=NOW + 10), confused))
    assert (answer.status, answer.body) == (200, b"whole")
    assert asked == ['"1"', None]


def test_a_304_that_forbids_storing_is_the_last_answer() -> None:
    client = Client(Service(etag='"1"', cache_control="max-age=10"))
    client.ask()
    client.service.fields["cache_control"] = "no-store"
    assert client.ask(10) == (200, b"answer 1", "fwd=stale; fwd-status=304")
    assert client.store.entries == {}


def test_a_client_can_have_what_is_fresh_validated() -> None:
    client = Client(Service(etag='"1"'))
    client.ask()
    told = client.ask(1, cache_control="no-cache")[2]
    assert told == "fwd=request; fwd-status=304; stored"
    assert client.ask(2)[2] == "hit; ttl=29"


@pytest.mark.parametrize("failure", [Problem(UPSTREAM_UNREACHABLE), None])
def test_a_failing_service_is_covered_for_a_while(failure: Exception | None) -> None:
    client = Client(Service(cache_control="max-age=10, stale-if-error=20"))
    client.ask()
    client.service.failure, client.service.status = failure, 502
    assert client.ask(12) == (
        *(200, b"answer 1"),
        "fwd=stale; fwd-status=502; ttl=-2; detail=stale-if-error",
    )
    assert client.log["cache"] == "stale"
    assert client.answer.headers.get("age") == "12"
    if failure is None:
        assert client.ask(30)[0] == 502
    else:
        with pytest.raises(Problem):
            client.ask(30)


def test_it_is_refreshed_behind_a_stale_answer_and_by_one_alone() -> None:
    client = Client(Service(etag='"1"', cache_control="max-age=10, stale-while-revalidate=20"))
    client.ask()
    behind: list[Coroutine[Any, Any, None]] = []
    for _ in range(3):
        told = client.ask(12, deferred=behind, if_none_match='"1"')
        assert told == (304, None, "hit; ttl=-2; detail=stale-while-revalidate")
    assert len(behind) == 1
    assert client.service.asked == 1
    while behind:
        run(behind.pop())
    assert client.service.asked == 2
    assert client.service.headers.get("if-none-match") == '"1"'


def test_after_a_refresh_it_is_fresh() -> None:
    client = Client(Service(etag='"1"', cache_control="max-age=10, stale-while-revalidate=20"))
    client.ask()
    assert client.ask(12)[2] == "hit; ttl=-2; detail=stale-while-revalidate"
    assert client.ask(13) == (200, b"answer 1", "hit; ttl=9")


def test_parts_come_from_the_whole() -> None:
    client = Client(Service(etag='"1"'))
    client.ask()
    assert client.ask(1, range="bytes=-1") == (206, b"1", "hit; ttl=29")
    assert client.answer.headers.get("content-range") == "bytes 7-7/8"
    assert client.ask(1, range="bytes=0-5", if_range='"1"')[:2] == (206, b"answer")
    assert client.ask(1, range="bytes=0-5", if_range='"0"')[:2] == (200, b"answer 1")
    assert client.ask(1, range="bytes=8-")[:2] == (416, None)
    assert client.answer.headers.get("content-range") == "bytes */8"


class BrokenStream(FakeStream):
    """A body of an entry that breaks off, is too large, or shorter than it was."""

    def __init__(self, failure: Exception | None) -> None:
        super().__init__(b"answer")
        self._failure = failure

    async def read(self, limit: int) -> bytes:
        if self._failure is not None:
            raise self._failure
        return self.content


@pytest.mark.parametrize("failure", [BodyBroken("it has ended"), BodyTooLarge(), None])
@pytest.mark.parametrize("later", [1, 31])
def test_a_part_of_what_cannot_be_read_comes_from_the_service(
    failure: Exception | None, later: int
) -> None:
    """Fresh, or validated: then the service is asked twice."""
    client = Client(Service(etag='"1"'))
    deferred: list[Coroutine[Any, Any, None]] = []
    client.ask()
    for entry in client.store.entries.values():
        entry.body = BrokenStream(failure)
    number = 2 if later < 30 else 3
    answer = client.ask(later, deferred=deferred, range="bytes=0-3")
    assert answer == (200, b"answer %d" % number, "fwd=uri-miss; fwd-status=200; stored")
    assert client.service.headers.get("range") == "bytes=0-3"
    assert client.log["cache_store"] == "kv: a body broke off"
    for work in deferred:
        work.close()


@pytest.mark.parametrize("length", ["7", "9"])
def test_a_body_that_is_shorter_or_longer_than_announced_is_not_stored(length: str) -> None:
    client = Client(Service(content_length=length))
    deferred: list[Coroutine[Any, Any, None]] = []
    assert client.ask(deferred=deferred)[:2] == (200, b"answer 1")
    with pytest.raises(Mislabelled):
        run(deferred[0])
    assert client.store.entries == {}


def test_a_part_from_the_service_is_never_stored() -> None:
    client = Client(Service(content_range="bytes 0-1/9", cache_control="max-age=60"))
    client.service.status = 206
    assert client.ask(range="bytes=0-1")[2] == "fwd=uri-miss; fwd-status=206"
    assert client.store.entries == {}
    assert client.log["not_stored"] == "partial"


def test_only_if_cached_asks_nobody() -> None:
    client = Client(Service())
    with pytest.raises(Problem) as raised:
        client.ask(cache_control="only-if-cached")
    assert raised.value.type is NOT_STORED
    assert client.service.asked == 0
    client.ask()
    assert client.ask(1, cache_control="only-if-cached")[2] == "hit; ttl=29"


@pytest.mark.parametrize(
    ("status", "fields", "stays"),
    [
        (200, {}, False),
        (303, {}, False),
        (400, {}, True),
        (500, {}, True),
    ],
)
def test_an_unsafe_request_that_went_well_empties_its_uri(
    status: int, fields: dict[str, str], stays: bool
) -> None:
    client = Client(Service(**fields))
    client.ask()
    client.service.status = status
    client.ask(1, "POST")
    client.service.status = 200
    assert (client.ask(2)[2] == "hit; ttl=28") is stays


def test_an_unsafe_request_empties_what_it_points_to() -> None:
    client = Client(Service())
    client.ask(path="/things/7")
    client.service.fields = {"location": "/things/7"}
    client.service.status = 201
    client.ask(1, "POST")
    client.service.status = 200
    assert client.ask(2, path="/things/7")[2] == "fwd=uri-miss; fwd-status=200; stored"


def test_head_brings_news_of_the_stored_answer_or_ends_it() -> None:
    client = Client(Service(etag='"1"', cache_control="max-age=10"))
    client.ask()
    client.service.fields["etag"] = '"2"'
    assert client.ask(10, "HEAD")[2] == "fwd=stale; fwd-status=200"
    assert client.store.entries == {}
